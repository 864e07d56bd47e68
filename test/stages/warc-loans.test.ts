/** The two ways of inflating give the same answers, and nobody looks at what is no longer lent. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { openByteSource } from "../../pipeline/io/open.ts";
import { seededRandom } from "../../pipeline/random.ts";
import type { SourceItem, SourceLog } from "../../pipeline/source.ts";
import { readSegments } from "../../stages/sources/warc/chain.ts";
import { HELD_PLAIN_BYTES } from "../../stages/sources/warc/container.ts";
import { gzipContainer } from "../../stages/sources/warc/gzip-members.ts";
import { type Inflated, inflaterBy, isRight, publicInflater } from "../../stages/sources/warc/inflate.ts";
import { readRecords } from "../../stages/sources/warc/records.ts";
import { StoredWindow } from "../../stages/sources/warc/stored-window.ts";
import warc from "../../stages/sources/warc.ts";
import { html, http, members, readFileBySpans, record } from "./warc-reading.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-warc-loans-"));
test.after(() => rmSync(folder, { recursive: true }));
const LOG: SourceLog = { skipped() {}, bytesRead() {}, lost: (loss) => assert.fail(JSON.stringify(loss)) };

function store(name: string, words: readonly string[]): string {
  const path = join(folder, name);
  const records = words.map((word) =>
    record("response", http(html(word.repeat(200))), { url: `http://a.test/${word}` }),
  );
  writeFileSync(path, Buffer.concat(members(records)));
  return path;
}

test("on versions of Node that are known, the reused handle is what reads", () => {
  const reused = inflaterBy("reused");
  assert.equal(reused.isLent, ["22", "24"].includes(process.versions.node.split(".")[0]!));
  reused.end();
  assert.equal(inflaterBy("public"), publicInflater);
});

test("both ways are right, and one that errs anywhere is not used", () => {
  const reused = inflaterBy("reused");
  const right = (change: (stored: Buffer, before: Inflated) => Inflated) =>
    isRight(() => ({
      ...publicInflater,
      inflate: (stored, size) => change(stored, publicInflater.inflate(stored, size)),
    }));
  assert.ok(isRight(() => publicInflater));
  assert.ok(isRight(() => reused));
  assert.ok(right((_, inflated) => inflated));
  reused.end();

  const whole = (inflated: Inflated) => (typeof inflated === "object" ? inflated : undefined);
  let last: Inflated | undefined;
  const wrong: Record<string, (stored: Buffer, before: Inflated) => Inflated> = {
    "another text": (_, is) => (whole(is) ? { ...whole(is)!, text: Buffer.from("x") } : is),
    "used too much": (_, is) => (whole(is) ? { ...whole(is)!, usedBytes: whole(is)!.usedBytes + 1 } : is),
    "damage is not seen": (_, is) => (is === "damaged" ? { text: Buffer.from("x"), usedBytes: 1 } : is),
    "a cut is not seen": (_, is) => (is === "more" ? { text: Buffer.from("x"), usedBytes: 1 } : is),
    "never well again": (_, is) => {
      if (typeof last !== "string") last = is;
      return last;
    },
    throws: () => {
      throw new TypeError("handle.writeSync is not a function");
    },
  };
  for (const [name, change] of Object.entries(wrong)) assert.ok(!right(change), name);
});

test("both ways agree on whole, cut, damaged and large data", () => {
  const random = seededRandom(8);
  const reused = inflaterBy("reused");
  const agree = (stored: Buffer, what: string): Inflated => {
    const [one, two] = [reused.inflate(stored, 0), publicInflater.inflate(stored, 1 << 16)];
    if (typeof one === "string" || typeof two === "string") assert.equal(one, two, what);
    else assert.ok(one.usedBytes === two.usedBytes && one.text.equals(two.text), what);
    return two;
  };
  const kinds = new Map<string, number>();
  for (let i = 0; i < 3000; i++) {
    const text = Buffer.from(Array.from({ length: random() * 300 }, () => random().toString(36 - (i % 30))).join(" "));
    const stored = Buffer.concat([deflateRawSync(text, { level: i % 10 }), Buffer.from("trailer")]);
    for (let n = i % 4; n > 0; n--) stored[Math.floor(random() * stored.length)]! ^= 1 << Math.floor(random() * 8);
    const inflated = agree(i % 5 === 0 ? stored.subarray(0, random() * stored.length) : stored, `data ${i}`);
    const kind = typeof inflated === "string" ? inflated : "whole";
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  for (const kind of ["whole", "more", "damaged"]) assert.ok(kinds.get(kind)! > 100, `${kind}: ${kinds.get(kind)}`);
  for (const extra of [-(1 << 10), -1, 0, 1, 1 << 20]) {
    const inflated = agree(deflateRawSync(Buffer.alloc(HELD_PLAIN_BYTES + extra)), `${extra}`);
    assert.equal(inflated === "large", extra > 0);
  }
  for (const bytes of [0, 1, 1 << 20, (1 << 20) + 1, 3 << 20]) agree(deflateRawSync(Buffer.alloc(bytes)), `${bytes}`);
  reused.end();
});

test("a block is valid until the next record is asked for", async () => {
  const path = store("a.warc.gz", ["a", "b", "c"]);
  const source = await openByteSource(path);
  const span = { start: 0, end: source.bytes };
  const window = new StoredWindow(source, span, LOG, { isLent: true });
  const segments = readSegments(window, gzipContainer("reused"), span, LOG);
  const kept: { block: Buffer; copy: Buffer }[] = [];
  const { isLent } = inflaterBy("reused");
  // `warc-reading` has asked that loans be overwritten when they end.
  for await (const record of readRecords(segments, 1 << 20, LOG)) {
    assert.equal(record.isLent, isLent);
    for (const { block, copy } of kept) assert.equal(block.equals(copy), !isLent);
    kept.push({ block: record.block, copy: Buffer.from(record.block) });
  }
  assert.equal(kept.length, 3);
  if (isLent) for (const { block } of kept) assert.ok(block.every((byte) => byte === 0xee));
  window.close();
  await source.close();
});

test("readings that take turns in one thread disturb each other in nothing", async () => {
  const paths = [store("b.warc.gz", ["one", "two", "three"]), store("c.warc.gz", ["four", "five", "six", "seven"])];
  const readings = await Promise.all(
    paths.map(async (path) => {
      const { params } = warc({ files: [path] });
      const [input] = await warc.plan(params, { resolvePath: (relative) => relative, seed: 1 });
      const { file, location, bytes, revision, spans } = input!;
      const span = { index: 0, file, location, fileBytes: bytes, revision, ...spans[0]! };
      return { iterator: warc.read(span, params, LOG)[Symbol.asyncIterator](), items: [] as SourceItem[] };
    }),
  );
  for (let isAny = true; isAny; ) {
    isAny = false;
    for (const { iterator, items } of readings) {
      const { done, value } = await iterator.next();
      if (done === true) continue;
      items.push(value);
      isAny = true;
    }
  }
  for (const [i, path] of paths.entries()) assert.deepEqual(readings[i]!.items, (await readFileBySpans(path)).items);
});
