import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { registry } from "../../index.ts";
import { makePlan } from "../../pipeline/plan.ts";
import { readRecipe } from "../../pipeline/recipe.ts";
import { sluice, tempDir } from "./harness.ts";

const GOOD = `source: { use: jsonl, with: { files: ["*.jsonl"] } }
stages:
  - use: gopher-quality
sink: { use: jsonl, with: { dir: out } }
`;

/** A mistake, and what the one line must say of it. */
const MISTAKES: [title: string, recipe: string, says: RegExp][] = [
  [
    "an unknown stage",
    GOOD.replace("gopher-quality", "gopher-qualty"),
    /recipe\.yaml:3: unknown stage "gopher-qualty" \(built in: .*gopher-quality/,
  ],
  [
    "an unknown source",
    GOOD.replace("use: jsonl, with: { files", "use: jsonlines, with: { files"),
    /recipe\.yaml:1: unknown source "jsonlines"/,
  ],
  [
    "an unknown parameter",
    GOOD.replace("gopher-quality", "gopher-quality\n    with: { minWord: 3 }"),
    /recipe\.yaml:4: gopher-quality: unknown parameter "minWord"/,
  ],
  [
    "a number that is none",
    GOOD.replace("gopher-quality", "gopher-quality\n    with: { minWords: .inf }"),
    /recipe\.yaml:4: gopher-quality\.minWords: expected .*found number \(Infinity\)/,
  ],
  [
    "a folder where a stage reads a file",
    GOOD.replace("gopher-quality", 'url-filter\n    with: { domains: ["."] }'),
    /recipe\.yaml:\d: url-filter: found a folder at "\.", expected a file/,
  ],
  [
    "a wrong type",
    GOOD.replace("gopher-quality", "exact-dedup\n    with: { normalize: 7 }"),
    /recipe\.yaml:4: exact-dedup\.normalize: expected .*found number \(7\)/,
  ],
  [
    "an unknown field",
    `${GOOD}colour: red\n`,
    /recipe\.yaml:5: unknown field "colour" \(a recipe has name, seed, source/,
  ],
  [
    "a label that is no folder",
    GOOD.replace("gopher-quality", "gopher-quality\n    as: ../mine"),
    /recipe\.yaml:3: stages\[0\]: a stage is called "\.\.\/mine"; expected lower-case letters/,
  ],
  [
    "one label twice",
    GOOD.replace("gopher-quality", "gopher-quality\n    as: mine\n  - use: c4\n    as: mine"),
    /recipe\.yaml:4: stages\[0\]\.as: "mine" is what stages\[1\] is called/,
  ],
  [
    "a label that is another stage's name",
    GOOD.replace("gopher-quality", "c4\n  - use: length\n    as: c4"),
    /recipe\.yaml:5: stages\[1\]\.as: "c4" is what stages\[0\] is called/,
  ],
  [
    "a label that is null",
    GOOD.replace("gopher-quality", "gopher-quality\n    as: null"),
    /stages\[0\]\.as: expected string, found null/,
  ],
  [
    "a label longer than a folder's name",
    GOOD.replace("gopher-quality", `gopher-quality\n    as: ${"a".repeat(300)}`),
    /stages\[0\]: a stage is called "a+"; expected .* 100 at most/,
  ],
  [
    "a label for a sink",
    GOOD.replace("use: jsonl, with: { dir", "use: jsonl, as: x, with: { dir"),
    /:4: unknown field "as"/,
  ],
  ["no sink", GOOD.replace(/^sink.*$/m, ""), /recipe\.yaml:1: sink: expected .*found nothing/],
  ["a sink among the stages", GOOD.replace("use: gopher-quality", "use: shards"), /unknown stage "shards"/],
  ["an empty glob", GOOD.replace("*.jsonl", "*.nothing"), /no file matches "\*\.nothing"/],
  ["a missing file", GOOD.replace("*.jsonl", "absent.jsonl"), /absent\.jsonl/],
  ["a missing stage file", GOOD.replace("gopher-quality", "./mine.ts"), /no file "\.\/mine\.ts" in /],
  ["not YAML", "source: [", /recipe\.yaml:\d+: not YAML or JSON/],
  ["a list", "- a\n- b\n", /expected a mapping/],
  ["a bad seed", `${GOOD}seed: -1\n`, /recipe\.yaml:5: seed: expected .*found number \(-1\)/],
];

for (const [title, recipe, says] of MISTAKES) {
  test(`${title} stops the run before a byte is read, with one line`, async () => {
    const dir = tempDir();
    writeFileSync(join(dir, "pages.jsonl"), '{"text":"x"}\n');
    const path = join(dir, "recipe.yaml");
    writeFileSync(path, recipe);
    await assert.rejects(
      async () => makePlan(await readRecipe(path, registry)),
      (error: Error) => {
        assert.equal(error.name, "RecipeError");
        assert.match(error.message, says);
        assert.ok(!error.message.includes("\n"), "one line");
        return true;
      },
    );
  });
}

test("the command line reports a bad recipe on one line and ends with 2, leaving nothing behind", async () => {
  const dir = tempDir();
  writeFileSync(join(dir, "recipe.yaml"), GOOD.replace("gopher-quality", "nope"));
  const { code, stderr, stdout } = await sluice(["run", "recipe.yaml"], { cwd: dir });
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /^sluice: recipe\.yaml:3: unknown stage "nope" .*\n$/);
  assert.ok(!existsSync(join(dir, "out")));
});

test("a folder that holds something else is not written to", async () => {
  const dir = tempDir();
  writeFileSync(join(dir, "pages.jsonl"), '{"text":"some text"}\n');
  writeFileSync(join(dir, "recipe.yaml"), GOOD.replace("use: gopher-quality", "use: exact-dedup"));
  mkdirSync(join(dir, "out"));
  writeFileSync(join(dir, "out", "thesis.txt"), "do not lose me");
  const { code, stderr } = await sluice(["run", "recipe.yaml"], { cwd: dir });
  assert.equal(code, 2);
  assert.match(stderr, /found thesis\.txt, which no run left there/);
});
