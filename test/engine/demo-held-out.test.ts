import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { TextDecoder } from "node:util";
import { CRAWL_BOOKS, readGutenberg } from "../../pipeline/cli/demo/corpus.ts";
import { planDemoCrawl } from "../../pipeline/cli/demo/generate.ts";
import { type HeldOut, type HeldOutDocument, writeHeldOut } from "../../pipeline/cli/demo/held-out.ts";

let folder: string;
let heldOut: HeldOut;
const documents = new Map<string, HeldOutDocument[]>();

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-held-out-"));
  heldOut = await writeHeldOut(join(folder, "a"));
  for (const { name, file } of heldOut.domains) {
    // `fatal` throws at what is no UTF-8.
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await readFile(file));
    documents.set(
      name,
      text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as HeldOutDocument),
    );
  }
});
after(() => rm(folder, { recursive: true, force: true }));

test("there are at least six domains, each of 60 to 150 KB, 30 documents and 10 clusters or more", () => {
  assert.ok(heldOut.domains.length >= 6);
  for (const { name, documents: count, bytes } of heldOut.domains) {
    const rows = documents.get(name)!;
    assert.equal(rows.length, count);
    assert.equal(
      rows.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0),
      bytes,
    );
    assert.ok(bytes >= 60_000 && bytes <= 150_000, `${name}: ${bytes} bytes`);
    assert.ok(count >= 30, `${name}: ${count} documents`);
    const clusters = new Set(rows.map(({ cluster }) => cluster)).size;
    assert.ok(clusters >= 10, `${name}: ${clusters} clusters`);
  }
});

test("ids are unlike in a domain, and no passage occurs twice in all", () => {
  const texts = new Set<string>();
  let count = 0;
  for (const [name, rows] of documents) {
    assert.equal(new Set(rows.map(({ id }) => id)).size, rows.length, name);
    for (const { text } of rows) texts.add(text);
    count += rows.length;
  }
  assert.equal(texts.size, count);
});

test("written twice, it is the same bytes", async () => {
  const again = await writeHeldOut(join(folder, "b"));
  assert.deepEqual(
    again.domains.map(({ file, ...rest }) => rest),
    heldOut.domains.map(({ file, ...rest }) => rest),
  );
  for (const [i, { file }] of heldOut.domains.entries()) {
    assert.ok((await readFile(file)).equals(await readFile(again.domains[i]!.file)), file);
  }
});

test("passages are plain sentences: no markup, no addresses, no lines of a digital edition", () => {
  for (const [name, rows] of documents) {
    for (const { id, text } of rows) {
      const found = text.match(
        /[<>{}[\]|_*#=\\^~`\ufffd\t\r]|&\w+;|:\/\/|\d+:\d+|\d{6}|Gutenberg|Copyright \(c\)| {2}|\n{3}/,
      );
      assert.equal(
        found?.[0],
        undefined,
        `${name} ${id}: ${found?.input?.slice(found.index! - 20, found.index! + 30)}`,
      );
      assert.equal(text, text.trim(), `${name} ${id}`);
      assert.match(text, /[.!?]["')]*$/, `${name} ${id} ends in the middle of a sentence`);
    }
  }
});

test("no thirteen words in a row are in the books of the demo crawl, whatever its seed", () => {
  const known = new Set<string>();
  for (const book of CRAWL_BOOKS) addSequences(known, readGutenberg(book).replace(/_/g, ""));
  assertNoneOf(known);
});

test("no thirteen words in a row are on a page of the demo crawl", () => {
  const known = new Set<string>();
  for (const { article } of planDemoCrawl({ seed: 1, pages: 300 })) addSequences(known, article);
  assert.ok(known.size > 50_000, `${known.size} sequences`);
  assertNoneOf(known);
});

function assertNoneOf(known: ReadonlySet<string>): void {
  for (const [name, rows] of documents) {
    for (const { id, text } of rows) {
      const shared = sequences(text).find((sequence) => known.has(sequence));
      assert.equal(shared, undefined, `${name} ${id} is in the crawl, too`);
    }
  }
}

function addSequences(known: Set<string>, text: string): void {
  for (const sequence of sequences(text)) known.add(sequence);
}

/** Thirteen words as GPT-3 counts them (Brown et al. 2020, appendix C): lower case, punctuation aside. */
function sequences(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.slice(12).map((_, i) => words.slice(i, i + 13).join(" "));
}
