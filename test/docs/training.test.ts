/** docs/training.md against the schemas: every field, and every default that it tells. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { TrainConfig } from "../../trainer/config.ts";
import { ModelConfig } from "../../trainer/model/config.ts";
import { readDocument } from "./documents.ts";

const text = readDocument("docs/training.md");

/** Fields of the config's table → what it says of their defaults. */
function tableOfDefaults(): Map<string, string> {
  const [, table] = /\n## The config\n\n((?:\|.*\n)+)/.exec(text) ?? [];
  const rows = (table ?? "").trim().split("\n").slice(2);
  return new Map(
    rows.flatMap((row) => {
      const [, fields, defaults] = row.split("|").map((cell) => cell.trim().replaceAll("`", ""));
      const names = fields!.split(/, | or /);
      return names.map((name, n) => [
        name,
        names.length === 1 ? defaults! : (defaults!.split(", ").at(n) ?? defaults!),
      ]);
    }),
  );
}

test("the table has every field of a config, with its default", () => {
  const told = tableOfDefaults();
  assert.deepEqual([...told.keys()].sort(), Object.keys(TrainConfig.shape).sort());
  const defaults: Record<string, unknown> = TrainConfig.parse({ data: "d", model: "reference", steps: 1, out: "o" });
  for (const [field, cell] of told) {
    if (["data", "model", "steps", "out"].includes(field) || defaults[field] === undefined) continue;
    assert.deepEqual(parse(cell), defaults[field], field);
  }
});

test("every field of a model is named, and of words the default comes first", () => {
  const told = /\nA model's fields: (.*)\n/.exec(text)?.[1] ?? "";
  const defaults: Record<string, unknown> = ModelConfig.parse({
    ...{ vocabSize: 2, contextLength: 1, layers: 1, width: 2, heads: 1 },
  });
  for (const field of Object.keys(ModelConfig.shape)) {
    const [isTold, first] = new RegExp(`\`${field}\`(?: \\(\`?([\\w.-]+))?`).exec(told) ?? [];
    assert.ok(isTold, `${field} is not named`);
    if (defaults[field] === undefined || first === undefined) continue;
    if (!["vocabSize", "contextLength", "layers", "width", "heads"].includes(field)) {
      assert.equal(String(parse(first)), String(defaults[field]), field);
    }
  }
});
