/** Every stage file is named in its folder's index, and every name leads to its file. */
import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as sluice from "../index.ts";
import type { Registry } from "../pipeline/recipe.ts";
import type { Definition } from "../pipeline/stage.ts";
import { defaultExport, parse, ROOT, sourceFiles } from "./imports.ts";

/** A folder of stage files → the list that names them. */
const LISTED_IN: Readonly<Record<string, keyof Registry>> = {
  "stages/sources": "sources",
  "stages/extract": "stages",
  "stages/filters": "stages",
  "stages/clean": "stages",
  "stages/annotate": "stages",
  "stages/dedup": "stages",
  "stages/decontaminate": "stages",
  "stages/controls": "stages",
  "stages/sinks": "sinks",
  tokenizer: "sinks",
};
/** Folders that hold no stage file themselves. */
const WITHOUT_STAGES = /^(stages|stages\/sources\/warc|stages\/(extract|filters|clean|dedup)\/.+|tokenizer\/export)$/;

const stageFiles = sourceFiles().filter(
  (file) => /^(stages|tokenizer|classifiers)\//.test(file) && defaultExport(parse(file)) !== undefined,
);

test("each stage file is listed under the name that its definition carries", async () => {
  for (const file of stageFiles) {
    const group = LISTED_IN[dirname(file)];
    assert.ok(group, `${file} exports a stage by default; expected it in one of: ${Object.keys(LISTED_IN).join(", ")}`);
    const { default: definition } = (await import(pathToFileURL(join(ROOT, file)).href)) as { default: Definition };
    const listed = sluice.registry[group] as Registry[keyof Registry];
    const found = await listed[definition.name]?.();
    assert.ok(found, `${file}: its index.ts has no ${group} named "${definition.name}"`);
    assert.equal(found.default, definition, `${group}.${definition.name} is another file than ${file}`);
  }
});

test("each listed name is its definition's own, and its file is where stages of its kind lie", async () => {
  for (const [group, listed] of Object.entries(sluice.registry)) {
    for (const [name, load] of Object.entries(listed)) {
      const { default: definition } = (await load()) as { default: Definition };
      assert.equal(definition.name, name, `${group}: listed as "${name}"`);
      const file = relative(ROOT, fileURLToPath(definition.module)).replaceAll("\\", "/");
      assert.ok(stageFiles.includes(file), `${name}: ${file} has no default export`);
      assert.equal(LISTED_IN[dirname(file)], group, `${name} lies in ${file}`);
    }
  }
});

test("each folder below stages/ is known", () => {
  for (const file of sourceFiles().filter((path) => path.startsWith("stages/"))) {
    const folder = dirname(file);
    assert.ok(folder in LISTED_IN || WITHOUT_STAGES.test(folder), `${folder} is new: add it to this file's table`);
  }
});

test("each built-in is a function of the package, too", async () => {
  const functions = new Set<unknown>(Object.values(sluice));
  for (const listed of Object.values(sluice.registry)) {
    for (const [name, load] of Object.entries(listed)) {
      assert.ok(functions.has((await load()).default), `index.ts does not export "${name}"`);
    }
  }
});
