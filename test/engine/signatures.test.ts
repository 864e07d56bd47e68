import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { exactDedup, minhashDedup, registry, run } from "../../index.ts";
import { SignatureReader } from "../../pipeline/signatures.ts";
import type { DedupDefinition } from "../../pipeline/stage.ts";
import { whatIf } from "../../pipeline/what-if.ts";
import { openSigner } from "../contracts/dedup.ts";
import { prose, tempDir } from "./harness.ts";

const wordsOf = (seed: number): string[] => prose(seed, 200).split(" ");
const near = (seed: number): string => wordsOf(seed).with(60, "changed").join(" ");

/** Two families of two, one page too short to be signed, and pages that are like no other. */
const TEXTS = [prose(1, 200), prose(2, 200), near(1), "too short", prose(3, 200), prose(4, 200), prose(3, 200)];

test("the ledger holds the keys of every signed page, and evidence of those that have a key in common with another", async () => {
  const dir = tempDir();
  writeFileSync(join(dir, "pages.jsonl"), TEXTS.map((text) => `${JSON.stringify({ text })}\n`).join(""));
  const stages = [exactDedup(), { ...minhashDedup({ minJaccard: 0.7 }), as: "near" }];
  const source = { use: "jsonl", with: { files: ["*.jsonl"] } };
  const sink = { use: "jsonl", with: { dir: join(dir, "out") } };
  const manifest = await run({ source, stages, sink }, { baseDir: dir, cache: false, supervise: false, workers: 1 });
  assert.deepEqual([manifest.counts.kept, manifest.counts.dropped], [5, 2]);
  const files = readdirSync(join(dir, "out", "ledger", "signatures")).sort();
  assert.deepEqual(files, ["1-exact-dedup.evidence", "1-exact-dedup.keys", "2-near.evidence", "2-near.keys"]);
  for (const file of files) {
    assert.ok(manifest.artifacts.some(({ path, kind }) => path === `ledger/signatures/${file}` && kind === "ledger"));
  }
  for (const [index, label, definition, spec] of [
    [0, "exact-dedup", exactDedup, exactDedup()],
    [1, "near", minhashDedup, minhashDedup()],
  ] as const) {
    const sign = await openSigner(definition as DedupDefinition, spec);
    const reader = new SignatureReader(join(dir, "out", "ledger"), { index, label });
    let number = 0;
    for (const [row, text] of TEXTS.entries()) {
      const expected = sign(text);
      const found = reader.of(row);
      assert.deepEqual(found, expected === null ? undefined : { number: number++, keys: expected.keys });
      if (found === undefined) continue;
      const meets = [0, 2, 4, 6].includes(row) && expected!.evidence !== undefined;
      assert.deepEqual(
        Buffer.from(reader.evidence(found.number)),
        meets ? Buffer.from(expected!.evidence!) : Buffer.alloc(0),
      );
    }
    assert.ok(reader.isAtEnd);
    reader.close();
  }
});

test("damaged and foreign files of signatures are refused", async () => {
  const dir = tempDir();
  writeFileSync(join(dir, "pages.jsonl"), TEXTS.map((text) => `${JSON.stringify({ text })}\n`).join(""));
  const ledger = join(dir, "out", "ledger");
  await run(
    {
      source: { use: "jsonl", with: { files: ["*.jsonl"] } },
      stages: [minhashDedup()],
      sink: { use: "jsonl", with: { dir: join(dir, "out") } },
    },
    { baseDir: dir, cache: false, supervise: false, workers: 1 },
  );
  const open = () => new SignatureReader(ledger, { index: 0, label: "minhash-dedup" });
  open().close();
  for (const [name, damage, says] of [
    ["keys", (bytes: Buffer) => bytes.subarray(0, -3), /expected a multiple of/],
    ["keys", (bytes: Buffer) => Buffer.concat([Buffer.from("PAR1"), bytes.subarray(4)]), /not a file of keys/],
    ["evidence", (bytes: Buffer) => bytes.with(4, 9), /format 9, this version reads 1/],
    ["evidence", (bytes: Buffer) => bytes.subarray(0, 14), /the file ends at 14/],
  ] as const) {
    const path = join(ledger, "signatures", `1-minhash-dedup.${name}`);
    const whole = readFileSync(path);
    writeFileSync(path, damage(whole));
    assert.throws(open, says);
    writeFileSync(path, whole);
  }
  assert.throws(() => new SignatureReader(ledger, { index: 1, label: "absent" }), /2-absent\.keys: missing/);
});

test("parts of a page that was split behind deduplication share its signature: none is its sibling's duplicate", async () => {
  const dir = tempDir();
  const split = `${prose(5, 60)} SPLIT ${prose(6, 96)} SPLIT ${prose(7, 60)}`;
  const texts = [split, prose(8), split, prose(8)];
  writeFileSync(join(dir, "pages.jsonl"), texts.map((text) => `${JSON.stringify({ text })}\n`).join(""));
  const marked = join(import.meta.dirname, "..", "fixtures", "split-marked.ts");
  const lines = join(import.meta.dirname, "..", "fixtures", "count-lines.ts");
  const out = join(dir, "out");
  const runWith = (min: number, sink: string) =>
    run(
      {
        source: { use: "jsonl", with: { files: ["*.jsonl"] } },
        stages: [exactDedup(), minhashDedup(), { use: marked }, { use: lines, with: { min } }],
        sink: { use: "jsonl", with: { dir: sink } },
      },
      { baseDir: dir, cache: false, supervise: false, workers: 1 },
    );
  const { counts } = await runWith(1, out);
  assert.equal(counts.kept, 4);
  assert.deepEqual(JSON.parse(JSON.stringify(counts.droppedBy)), { "exact-dedup": { "exact-duplicate": 4 } });
  // The first part has gone, and the whole stays in the index for the others.
  const fewer = await whatIf(out, new Map([["count-lines.min", 6]]), { registry });
  assert.equal(fewer.before.kept, 4);
  assert.deepEqual(JSON.parse(JSON.stringify(fewer.after.droppedBy)), {
    "exact-dedup": { "exact-duplicate": 4 },
    "count-lines": { "too-few-lines": 2 },
  });
  assert.deepEqual((await runWith(6, join(dir, "truth"))).counts.droppedBy, fewer.after.droppedBy);
});
