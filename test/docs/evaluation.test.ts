/** docs/evaluation.md against the schema of experiments: every field, and every default that it tells. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { ExperimentFile } from "../../eval/experiment/experiment.ts";
import { readDocument } from "./documents.ts";

test("the table has every field of an experiment, with its default", () => {
  const [, table] = /\n### The experiment's file\n\n[^|]*((?:\|.*\n)+)/.exec(readDocument("docs/evaluation.md")) ?? [];
  const told = new Map(
    (table ?? "")
      .trim()
      .split("\n")
      .slice(2)
      .map((row) => row.split("|").map((cell) => cell.trim().replaceAll("`", "")))
      .map(([, field, value]) => [field!, value!]),
  );
  assert.deepEqual([...told.keys()].sort(), Object.keys(ExperimentFile.shape).sort());
  const defaults: Record<string, unknown> = ExperimentFile.parse({
    base: { recipe: "r" },
    variants: [{ name: "v" }],
    model: "reference",
    budget: { tokens: 1 },
  });
  for (const [field, value] of told) {
    if (value === "") continue;
    const expected = field === "seeds" ? (defaults.seeds as number[]).length : defaults[field];
    assert.deepEqual(parse(value), expected, field);
  }
  for (const field of ["hypothesis", "expect", "factor", "heldOut", "noise", "costs", "ablate"]) {
    assert.equal(told.get(field), "", field);
    assert.equal(defaults[field], undefined, field);
  }
});
