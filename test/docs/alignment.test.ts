/** docs/alignment.md against the schemas: every field and default, every verifier, format and template. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import type { z } from "zod";
import { Common } from "../../trainer/align/config.ts";
import { FORMATS } from "../../trainer/align/examples/formats.ts";
import { ReadOptions } from "../../trainer/align/examples/read.ts";
import { METHODS } from "../../trainer/align/methods/index.ts";
import { TEMPLATES } from "../../trainer/align/templates/built-ins.ts";
import { verifiers } from "../../trainer/align/verifiers/index.ts";
import { readDocument } from "./documents.ts";

const text = `\n${readDocument("docs/alignment.md")}`;

/** The first table below a heading: the first cell of each row → the others. */
function tableBelow(heading: string): Map<string, readonly string[]> {
  const [, table] = new RegExp(`\\n#+ ${heading}\\n\\n[^|]*((?:\\|.*\\n)+)`).exec(text) ?? [];
  const rows = (table ?? "").trim().split("\n").slice(2);
  return new Map(
    rows.map((row) => {
      const [first, ...others] = row
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim());
      return [first!.replaceAll("`", ""), others];
    }),
  );
}

type Shape = Readonly<Record<string, z.ZodType>>;

/** Defaults as the tables write them. */
function assertDefaults(shape: Shape, told: ReadonlyMap<string, string>): void {
  assert.deepEqual([...told.keys()].sort(), Object.keys(shape).sort());
  for (const [field, cell] of told) {
    const { success, data } = shape[field]!.safeParse(undefined);
    if (!success) assert.equal(cell, "required", field);
    else assert.deepEqual(cell === "none" ? undefined : parse(cell.replaceAll("`", "")), data, field);
  }
}

function column(table: ReadonlyMap<string, readonly string[]>, n: number): Map<string, string> {
  return new Map([...table].flatMap(([field, cells]) => (cells[n] === "" ? [] : [[field, cells[n]!]])));
}

test("the table of the config has every common field, with its default", () => {
  assertDefaults(Common.shape, column(tableBelow("The config"), 0));
});

test("every method's fields are told, with their defaults", () => {
  const policies = ["grpo", "ppo", "expert-iteration"];
  for (const { name, options } of METHODS.values()) {
    const at = policies.indexOf(name);
    const table = at < 0 ? tableBelow(`Fields of ${name}`) : tableBelow("Fields of grpo, ppo and expert-iteration");
    assertDefaults((options as z.ZodObject).shape as Shape, column(table, Math.max(0, at)));
  }
});

test("methods, formats, templates and verifiers are all there", () => {
  assert.deepEqual([...tableBelow("Alignment").keys()].sort(), [...METHODS.keys()].sort());
  assert.deepEqual(
    [...tableBelow("Data").keys()],
    FORMATS.map(({ name }) => name),
  );
  for (const name of Object.keys(TEMPLATES)) assert.match(text, new RegExp(`It is data: a name \\(.*\`${name}\``));
  const table = tableBelow("Verifiers");
  assert.deepEqual([...table.keys()], Object.keys(verifiers));
  for (const [name, { params }] of Object.entries(verifiers)) {
    const told = [...table.get(name)![1]!.matchAll(/`(\w+)`/g)].map(([, field]) => field);
    assert.deepEqual(told.sort(), Object.keys((params as z.ZodObject).shape).sort(), name);
  }
  const [, data] = /## Data\n([\s\S]*?)\n## /.exec(text)!;
  for (const option of Object.keys(ReadOptions.shape)) assert.match(data!, new RegExp(`\\b${option}\\b`));
});
