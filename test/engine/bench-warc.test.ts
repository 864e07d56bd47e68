/** `sluice bench warc` on a file of a few records. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { read } from "../../pipeline/cli/bench-warc/routes.ts";
import { runWarcBench } from "../../pipeline/cli/bench-warc.ts";
import { html, http, members, record } from "../stages/warc-reading.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-bench-warc-"));
test.after(() => rmSync(folder, { recursive: true }));
const records = ["one", "two", "three"].map((word) =>
  record("response", http(html(word)), { url: `http://a.test/${word}` }),
);
const file = join(folder, "a.warc.gz");
writeFileSync(file, Buffer.concat(members(records)));

test("all routes read the file, and find the same records", async () => {
  const result = await runWarcBench([file], 1);
  assert.equal(result.records, 3);
  assert.equal(result.plainBytes, Buffer.concat(records).length);
  assert.equal(result.isEqual, true);
  assert.deepEqual(
    result.routes.map(({ route }) => route),
    ["records", "records-public", "pages", "gzip", "gunzip", "warcio"],
  );
});

test("another record gives another digest", async () => {
  const other = join(folder, "b.warc.gz");
  writeFileSync(other, Buffer.concat(members([...records.slice(1), records[0]!])));
  assert.notEqual((await read("records", file, true)).digest, (await read("records", other, true)).digest);
});

test("a damaged file and one that is missing are refused", async () => {
  const cut = join(folder, "cut.warc.gz");
  writeFileSync(cut, Buffer.concat(members(records)).subarray(0, -20));
  await assert.rejects(
    async () => read("records", cut, false),
    /cut\.warc\.gz @ \d+: .* lost; give the benchmark whole files/,
  );
  await assert.rejects(async () => read("pages", join(folder, "none.warc.gz"), false), /none\.warc\.gz/);
});
