/** Files between stages are taken again where they are right, and only there. */
import assert from "node:assert/strict";
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { artifactRows } from "../../../trainer/align/artifact.ts";
import { tempFolder } from "../../tokenizer/temp.ts";

const folder = tempFolder();
const ROWS = [{ text: "a\nb\u2028c" }, { text: "\ud800", nothing: null }, { list: [0.1, -0, 1e-300] }];

/** The rows of a file, and whether they had to be made. */
async function rowsOf(
  name: string,
  key: string,
  rows: readonly object[] = ROWS,
): Promise<[readonly object[], boolean]> {
  let isMade = false;
  const found = await artifactRows<object>(folder, name, key, () => {
    isMade = true;
    return rows;
  });
  return [found.rows, isMade];
}

test("rows are made once for a key, and are the same when they are read", async () => {
  const [made, isMade] = await rowsOf("deep/once.jsonl", "k");
  const [read, isMadeAgain] = await rowsOf("deep/once.jsonl", "k");
  assert.deepEqual([isMade, isMadeAgain], [true, false]);
  assert.deepEqual(read, made);
  assert.deepEqual(made, JSON.parse(JSON.stringify(ROWS)));
  assert.deepEqual(await rowsOf("deep/none.jsonl", "k", []), [[], true]);
  assert.deepEqual(await rowsOf("deep/none.jsonl", "k"), [[], false]);
});

test("another key, a changed byte, a lost or foreign seal: they are made anew", async () => {
  const path = join(folder, "changed.jsonl");
  const seal = `${path}.seal.json`;
  await rowsOf("changed.jsonl", "k", [{ old: 1 }]);
  const changes: [string, () => void][] = [
    ["another key", () => writeFileSync(seal, readFileSync(seal, "utf8").replace('"k"', '"other"'))],
    ["a line more", () => appendFileSync(path, "{}\n")],
    ["a line less", () => writeFileSync(path, "")],
    ["no file", () => rmSync(path)],
    ["no seal", () => rmSync(seal)],
    ["half a seal", () => writeFileSync(seal, '{"key":"k","sh')],
    ["another's seal", () => writeFileSync(seal, "null")],
  ];
  for (const [what, change] of changes) {
    change();
    assert.deepEqual(await rowsOf("changed.jsonl", "k", [{ what }]), [[{ what }], true], what);
    assert.deepEqual(await rowsOf("changed.jsonl", "k"), [[{ what }], false], what);
  }
});

test("where the making fails nothing is left, and what was there stays", async () => {
  const fail = async (): Promise<never> => {
    throw new Error("no");
  };
  await assert.rejects(artifactRows(folder, "failed.jsonl", "k", fail), /no/);
  assert.ok(!existsSync(join(folder, "failed.jsonl")));
  await rowsOf("kept.jsonl", "k");
  await assert.rejects(artifactRows(folder, "kept.jsonl", "other", fail), /no/);
  assert.equal((await rowsOf("kept.jsonl", "k"))[1], false);
});
