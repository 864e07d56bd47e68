/** Experiment files: what arms come to, and what is no experiment. */
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { armsOf } from "../../../eval/experiment/arms.ts";
import { experimentOf, readExperiment } from "../../../eval/experiment/experiment.ts";
import { expectSound, lintExperiment } from "../../../eval/experiment/lint.ts";
import { prepare } from "../../../eval/experiment/prepare.ts";
import { registry } from "../../../index.ts";
import { RecipeError } from "../../../pipeline/errors.ts";
import { sluice } from "../../engine/harness.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-experiment-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const sound = {
  hypothesis: "Gopher's rules make a better corpus.",
  expect: { arm: "gopher", sign: "better", by: 0.01 },
  factor: "stages",
  base: {
    source: { use: "jsonl", with: { files: ["pages.jsonl"] } },
    stages: [{ use: "language", with: { keep: ["en"] } }],
  },
  variants: [{ name: "gopher", add: [{ use: "gopher-repetition" }, { use: "gopher-quality" }] }],
  model: { layers: 1, width: 16, heads: 1, contextLength: 32 },
  budget: { tokens: 1000 },
  heldOut: { domains: { books: "books.txt" } },
};

const names = (stages: readonly { use: string }[]): string[] => stages.map(({ use }) => use);
const findings = (value: object): string[] => lintExperiment(experimentOf(value)).map(({ message }) => message);

test("variants are the base with their differences", () => {
  const [base, first, second, third] = armsOf(
    experimentOf({
      ...sound,
      variants: [
        { name: "first", set: { "language.min": 0.8 }, add: [{ use: "exact-dedup", before: "language" }] },
        { name: "second", remove: ["language"], add: [{ use: "gopher-quality", with: { minWords: 20 } }] },
        { name: "third", source: { use: "jsonl", with: { files: ["others.jsonl"] } } },
      ],
    }),
  );
  assert.deepEqual(base!.differsIn, []);
  assert.deepEqual(names(first!.stages), ["exact-dedup", "language"]);
  assert.deepEqual(first!.stages[1], { use: "language", with: { keep: ["en"], min: 0.8 } });
  assert.deepEqual(first!.changes, ["language.min: default → 0.8", "+ exact-dedup before language"]);
  assert.deepEqual(first!.differsIn, ["language", "exact-dedup"]);
  assert.deepEqual(names(second!.stages), ["gopher-quality"]);
  assert.deepEqual(second!.changes, ["− language", '+ gopher-quality {"minWords":20}']);
  assert.deepEqual(third!.differsIn, ["source"]);
  assert.deepEqual(base!.stages, sound.base.stages, "the base is left as it was");
});

test("a base may be a recipe file, whose sink is left aside", () => {
  writeFileSync(
    join(folder, "recipe.yaml"),
    "seed: 7\nsource: { use: jsonl, with: { files: [pages.jsonl] } }\nstages: [{ use: language }]\nsink: { use: jsonl, with: { dir: out } }\n",
  );
  const [base] = armsOf(experimentOf({ ...sound, base: { recipe: "recipe.yaml" } }, { folder }));
  assert.deepEqual(base, {
    name: "base",
    source: { use: "jsonl", with: { files: ["pages.jsonl"] } },
    stages: [{ use: "language" }],
    rest: { seed: 7 },
    folder,
    changes: [],
    differsIn: [],
  });
});

test("an ablation leaves out, one at a time, the stages which an arm has beyond the base", () => {
  const arms = armsOf(experimentOf({ ...sound, ablate: "gopher" })).slice(2);
  assert.deepEqual(
    arms.map(({ name, stages, without }) => [name, names(stages), without]),
    [
      [
        "gopher without gopher-repetition",
        ["language", "gopher-quality"],
        { arm: "gopher", stage: "gopher-repetition" },
      ],
      ["gopher without gopher-quality", ["language", "gopher-repetition"], { arm: "gopher", stage: "gopher-quality" }],
    ],
  );
});

test("an ablation tells two stages of one name apart, and of an arm without own stages there is none", () => {
  const add = [{ use: "gopher-quality" }, { use: "gopher-quality", with: { minWords: 20 } }];
  const arms = armsOf(experimentOf({ ...sound, variants: [{ name: "gopher", add }], ablate: "gopher" })).slice(2);
  assert.deepEqual(
    arms.map(({ name }) => name),
    ["gopher without gopher-quality 1", "gopher without gopher-quality 2"],
  );
  assert.throws(() => armsOf(experimentOf({ ...sound, ablate: "base" })), /arm "base" has no stages beyond the base's/);
});

test("files that are no experiment or no recipe are told with their lines", () => {
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const circle = write("circle.yaml", "variants:\n  - with: &a\n      x: *a\n");
  assert.throws(() => readExperiment(circle), /circle\.yaml:1: not YAML or JSON: TypeError: Converting circular/);
  const proto = write("proto.yaml", "heldOut: { domains: { __proto__: a.jsonl } }\n");
  assert.throws(() => readExperiment(proto), /a field cannot be called "__proto__"/);
  write("numbers.yaml", "source: { use: jsonl }\nstages: 7\n");
  assert.throws(
    () => armsOf(experimentOf({ ...sound, base: { recipe: "numbers.yaml" } }, { folder })),
    /numbers\.yaml:2: recipe\.stages: expected array, found number \(7\)/,
  );
});

test("a seed may not be one of the A/A runs'", () => {
  assert.match(findings({ ...sound, seeds: [1_000_000], noise: { runs: 3 } })[0]!, /seeds from 1000000 on/);
  assert.deepEqual(findings({ ...sound, seeds: [1_000_000] }), []);
});

test("what is sound passes", () => {
  assert.deepEqual(findings(sound), []);
});

test("what is no experiment is refused, everything at once", () => {
  const { hypothesis: _, expect: __, factor: ___, heldOut: ____, ...rest } = sound;
  const found = findings({ ...rest, budget: {}, seeds: [1, 1] });
  for (const [n, expected] of [
    /no hypothesis/,
    /nothing is expected/,
    /no factor/,
    /found 0 budgets/,
    /bits per byte of held-out text, and there is none/,
    /a seed is given twice/,
  ].entries()) {
    assert.match(found[n]!, expected);
  }
  assert.throws(
    () => expectSound(lintExperiment(experimentOf(rest))),
    (error: RecipeError) => error instanceof RecipeError && error.message.split("\n").length === 5,
  );
});

test("a task and a held-out domain of one name are refused: their items would be taken for each other's", () => {
  const [domain] = Object.keys(sound.heldOut.domains);
  assert.match(
    findings({ ...sound, tasks: { [domain!]: "copa.jsonl" } })[0]!,
    new RegExp(`domain is called "${domain}"`),
  );
  assert.deepEqual(findings({ ...sound, tasks: { copa: "copa.jsonl" } }), []);
});

test("arms may differ in the declared factor alone", () => {
  const other = { use: "jsonl", with: { files: ["others.jsonl"] } };
  const both = [{ name: "gopher", source: other, add: [{ use: "gopher-quality" }] }];
  assert.match(findings({ ...sound, variants: both })[0]!, /arm "gopher" differs in source, which is beyond/);
  assert.deepEqual(findings({ ...sound, factor: ["stages", "source"], variants: both }), []);
  const narrow = { ...sound, factor: "gopher-quality" };
  assert.match(
    findings(narrow)[0]!,
    /differs in gopher-repetition, which is beyond the declared factor \(gopher-quality\)/,
  );
});

test("arms that are the same, or nobody's, are refused", () => {
  const same = { ...sound, variants: [{ name: "gopher", set: { "language.keep": ["en"] } }] };
  assert.match(findings(same)[0]!, /arm "gopher" is the same recipe as "base"/);
  assert.match(findings({ ...sound, expect: { ...sound.expect, arm: "nobody" } })[0]!, /no arm "nobody"/);
  assert.match(findings({ ...sound, expect: { ...sound.expect, arm: "base" } })[0]!, /differ from itself/);
  assert.throws(
    () => armsOf(experimentOf({ ...sound, variants: [...sound.variants, ...sound.variants] })),
    /two arms are called "gopher"/,
  );
  assert.throws(
    () => armsOf(experimentOf({ ...sound, variants: [{ name: "x", remove: ["gopher-quality"] }] })),
    /no stages "gopher-quality" in the base \(it has language\)/,
  );
});

test("an expectation about two variants asks for more pairs than those with the base", () => {
  const variants = [...sound.variants, { name: "once", add: [{ use: "exact-dedup" }] }];
  const two = { ...sound, variants, expect: { ...sound.expect, against: "once" } };
  assert.deepEqual(findings(two), []);
  assert.match(findings({ ...two, pairs: "base" })[0]!, /compares variants with the base alone/);
  assert.deepEqual(findings({ ...sound, variants, pairs: "base" }), []);
});

test("training fields that the experiment decides are refused", () => {
  assert.match(findings({ ...sound, train: { seed: 3 } })[0]!, /train.seed: the experiment decides this/);
});

test("a mistake is told with its line", () => {
  const path = join(folder, "wrong.yaml");
  writeFileSync(
    path,
    "hypothesis: x\nbase: { recipe: r.yaml }\nvariants: []\nmodel: depth-4\nbudget: { tokens: -1 }\n",
  );
  assert.throws(() => readExperiment(path), /wrong\.yaml:3: experiment\.variants/);
  writeFileSync(path, "seed: 1\nbase: { recipe: r.yaml }\n");
  assert.throws(() => readExperiment(path), RecipeError);
});

test("held-out text that is trained on is refused: by its place, and by its bytes", async () => {
  writeFileSync(join(folder, "pages.jsonl"), '{"text": "some text"}\n');
  writeFileSync(join(folder, "books.txt"), "other text\n");
  copyFileSync(join(folder, "pages.jsonl"), join(folder, "copy.jsonl"));
  const at = (file: string) =>
    prepare(experimentOf({ ...sound, heldOut: { domains: { books: file } } }, { folder }), {
      registry,
      cache: join(folder, "cache"),
    });
  await assert.doesNotReject(at("books.txt"));
  await assert.rejects(at("pages.jsonl"), /held-out domain books: .*pages\.jsonl is also trained on/);
  await assert.rejects(at("copy.jsonl"), /held-out domain books: .*copy\.jsonl is also trained on/);
  await assert.rejects(at("nowhere.txt"), /books.*nowhere\.txt/);
  await assert.doesNotReject(at("book*.txt"));
  const twice = experimentOf({ ...sound, heldOut: { domains: { books: "books.txt", more: "books.txt" } } }, { folder });
  await assert.rejects(
    prepare(twice, { registry, cache: join(folder, "cache") }),
    /domain more: .*books\.txt is held-out domain books, too: it would count twice/,
  );
  const endless = experimentOf({ ...sound, budget: { flops: 1e300 } }, { folder });
  await assert.rejects(prepare(endless, { registry, cache: join(folder, "cache") }), /comes to .* tokens an arm/);
});

test("a tokenizer that was trained on a variant's input is refused", async () => {
  const dir = join(folder, "words");
  const input = join(folder, "pages.jsonl");
  const made = await sluice(["tokenizer", "train", "--vocab-size", "260", "--out", dir, input], { cwd: folder });
  assert.equal(made.code, 0, made.stderr);
  const options = { registry, cache: join(folder, "cache") };
  const own = experimentOf({ ...sound, tokenizer: "words" }, { folder });
  await assert.rejects(prepare(own, options), /tokenizer words was trained on the input pages\.jsonl/);
  writeFileSync(input, '{"text": "other words"}\n');
  await assert.doesNotReject(prepare(own, options));
});
