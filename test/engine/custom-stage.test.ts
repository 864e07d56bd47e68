import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { RecipeError } from "../../pipeline/errors.ts";
import { loadDefinition } from "../../pipeline/modules.ts";
import { runRecipe, sluice, tempDir, writePages, writeRecipe } from "./harness.ts";

/** A user's filter, in a folder that knows nothing of the engine. */
const FILTER = `import { defineFilter, drop, keep, z } from "sluice";

/** Drops pages that speak of too many nuggets. */
export default defineFilter({
  name: "few-nuggets",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({ max: z.int().default(3) }),
  needs: ["words"],
  score: ({ words }) => ({ nuggets: words.filter((word: string) => word === "nugget").length }),
  keep: ({ nuggets }, { max }) => (nuggets > max ? drop("too-many-nuggets", nuggets) : keep),
});
`;

test("a filter in TypeScript, outside the project, works by its path", async () => {
  const dir = tempDir();
  writePages(dir);
  writeFileSync(join(dir, "few-nuggets.ts"), FILTER);
  const recipe = writeRecipe(dir, { stages: [{ use: "./few-nuggets.ts", with: { max: 4 } }], dropped: "all" });
  const { counts, identity } = await runRecipe(recipe, dir, ["--cache", "off"]);
  assert.ok(counts.dropped > 0 && counts.kept > 0);
  const rows = readFileSync(join(dir, "out", "dropped", "few-nuggets", "00000.jsonl"), "utf8")
    .trim()
    .split("\n");
  assert.equal(rows.length, counts.dropped);
  for (const row of rows) assert.ok((JSON.parse(row).text as string).match(/\bnugget\b/g)!.length > 4);
  assert.match(identity.stages[0]!.code, /^sha256:[0-9a-f]{64}$/);
});

test("editing a user's filter changes the run's identity by itself", async () => {
  const dir = tempDir();
  writePages(dir, { files: 1, pages: 10 });
  const recipe = writeRecipe(dir, { stages: [{ use: "./few-nuggets.ts" }] });
  writeFileSync(join(dir, "few-nuggets.ts"), FILTER);
  const before = await runRecipe(recipe, dir, ["--cache", "off"]);
  writeFileSync(join(dir, "few-nuggets.ts"), FILTER.replace('=== "nugget"', '=== "ore"'));
  const after = await runRecipe(recipe, dir, ["--cache", "off", "--force"]);
  assert.notEqual(after.id, before.id);
});

test("a typing mistake in its parameters fails before the run", async () => {
  const dir = tempDir();
  writePages(dir, { files: 1, pages: 3 });
  writeFileSync(join(dir, "few-nuggets.ts"), FILTER);
  const recipe = writeRecipe(dir, { stages: [{ use: "./few-nuggets.ts", with: { maxx: 4 } }] });
  const { code, stderr } = await sluice(["run", recipe], { cwd: dir });
  assert.equal(code, 2);
  assert.match(stderr, /few-nuggets: unknown parameter "maxx" \(it has: max\)/);
});

test("a file that does not export a stage is refused by name", async () => {
  const dir = tempDir();
  writePages(dir, { files: 1, pages: 3 });
  writeFileSync(join(dir, "odd.ts"), "export const x = 1;\n");
  const { code, stderr } = await sluice(["run", writeRecipe(dir, { stages: [{ use: "./odd.ts" }] })], { cwd: dir });
  assert.equal(code, 2);
  assert.match(stderr, /the default export of .*odd\.ts is missing; expected a stage made by defineFilter/);
});

test("a stage without a function that it needs is refused when it is loaded, with the function's name", async () => {
  const dir = tempDir();
  for (const [maker, rest, missing] of [
    ["definePassages", "cuts: () => []", "openIndex"],
    ["defineFilter", "score: () => ({})", "keep"],
    ["defineDedup", "sign: 3, openIndex: () => ({})", "sign"],
  ] as const) {
    const file = join(dir, `${maker}.ts`);
    const fields = `name: "no-banners", module: import.meta.url, version: 1, params: z.object({}), ${rest}`;
    writeFileSync(file, `import { ${maker}, z } from "sluice";\nexport default ${maker}({ ${fields} });\n`);
    await assert.rejects(
      loadDefinition(pathToFileURL(file).href, "here"),
      new RecipeError(`here: "no-banners" in ${file} lacks the function "${missing}", which ${maker} needs`),
    );
  }
});

test("from code the same filter is a function, and a stage defined in the script itself is named", async () => {
  const dir = tempDir();
  writePages(dir, { files: 1, pages: 20 });
  writeFileSync(join(dir, "few-nuggets.ts"), FILTER);
  const engine = join(import.meta.dirname, "..", "..", "index.ts");
  const head = `import { run, jsonl, jsonlSink, exactDedup, defineFilter, keep, z } from ${JSON.stringify(engine)};\n`;
  const tail = (stage: string) =>
    `try {\n  const m = await run({ source: jsonl({ files: ["*.jsonl"] }), stages: [${stage}, exactDedup()], sink: jsonlSink({ dir: "out" }) }, { cache: false });\n  console.log(JSON.stringify(m.counts));\n} catch (error) { console.log(error.message); process.exitCode = 1; }\n`;
  writeFileSync(
    join(dir, "good.ts"),
    `${head}const { default: fewNuggets } = await import("./few-nuggets.ts");\n${tail("fewNuggets({ max: 5 })")}`,
  );
  const good = await runScript(dir, "good.ts");
  assert.equal(good.code, 0, good.output);
  assert.equal(JSON.parse(good.output).pages, 20);
  writeFileSync(
    join(dir, "bad.ts"),
    `${head}const mine = defineFilter({ name: "mine", module: import.meta.url, version: 1, params: z.object({}), score: () => ({}), keep: () => keep });\n${tail("mine()")}`,
  );
  const bad = await runScript(dir, "bad.ts");
  assert.equal(bad.code, 1);
  assert.match(bad.output, /stage "mine" is defined in .*bad\.ts, the script that starts the run/);
});

async function runScript(cwd: string, script: string): Promise<{ code: number | null; output: string }> {
  const { spawnSync } = await import("node:child_process");
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", script],
    { cwd, encoding: "utf8" },
  );
  return { code: status, output: (stdout + stderr).trim() };
}
