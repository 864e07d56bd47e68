/** Held-out files as documents: nothing of a text is lost, and the same files are the same documents everywhere. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { type HeldOutDomain, readDomain } from "../../../eval/measure/documents.ts";
import { seededRandom } from "../../../pipeline/random.ts";
import { prose } from "../../engine/harness.ts";
import { tempFolder } from "../../tokenizer/temp.ts";

const folder = tempFolder();
let files = 0;

/** A file in a folder of its own. */
function file(name: string, content: string | Uint8Array): string {
  const own = join(folder, String(files++));
  mkdirSync(own);
  writeFileSync(join(own, name), content);
  return join(own, name);
}

const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
const joined = ({ documents }: HeldOutDomain): string => documents.map(({ text }) => text).join("");
/** 60 paragraphs of about 300 bytes. */
const PARAGRAPHS = Array.from({ length: 60 }, (_, n) => prose(n, 48));

test("rows are documents, whose cluster is named, or the host, or the title, or the row", async () => {
  const { documents } = await readDomain("d", [
    file(
      "a.jsonl",
      lines([
        { text: "one", id: "x", cluster: "c", url: "https://a.org/1", title: "t" },
        { text: "two é", id: 7, url: "https://a.org/2", title: "t" },
        { text: "three", title: "t" },
        { text: "four" },
        { text: "five", id: "http://b.org/five" },
        { text: " \n" },
      ]),
    ),
  ]);
  assert.deepEqual(documents, [
    { id: "x", text: "one", bytes: 3, cluster: "c" },
    { id: "7", text: "two é", bytes: 6, cluster: "a.org" },
    { id: "a.jsonl:3", text: "three", bytes: 5, cluster: "t" },
    { id: "a.jsonl:4", text: "four", bytes: 4, cluster: "a.jsonl:4" },
    { id: "http://b.org/five", text: "five", bytes: 4, cluster: "b.org" },
  ]);
});

test("a text file is a document and a cluster, whose lines end as curated text's do", async () => {
  const [a, b] = [file("a.txt", "\ufeffone\r\ntwo"), file("b.txt", "three")];
  const { documents } = await readDomain("d", [a, b]);
  assert.deepEqual(
    documents.map(({ text, bytes }) => ({ text, bytes })),
    [
      { text: "one\ntwo", bytes: 7 },
      { text: "three", bytes: 5 },
    ],
  );
  assert.equal(new Set(documents.map(({ cluster }) => cluster)).size, 2);
});

test("a long text is cut at the ends of paragraphs into stretches of one cluster", async () => {
  const text = PARAGRAPHS.join("\n\n");
  const { documents } = await readDomain("d", [file("book.txt", text)]);
  assert.ok(documents.length >= 3);
  assert.equal(documents.map((document) => document.text).join(""), text);
  for (const [n, { id, text: stretch, bytes, cluster }] of documents.entries()) {
    assert.equal(id, `book.txt#${n}`);
    assert.equal(cluster, "book.txt");
    assert.equal(bytes, Buffer.byteLength(stretch));
    assert.ok(bytes >= 2048 && bytes < 8192, `${bytes} bytes`);
    assert.ok(n === documents.length - 1 || stretch.endsWith("\n\n"));
  }
  const book = await readDomain("d", [file("books.jsonl", lines([{ text, title: "Book" }, { text: "short" }]))]);
  assert.deepEqual(
    book.documents.map((document) => document.text),
    [...documents.map((document) => document.text), "short"],
  );
  assert.deepEqual([...new Set(book.documents.map(({ cluster }) => cluster))], ["Book", "books.jsonl:2"]);
});

test("texts without paragraphs, lines or even words are cut, too, and no character in two", async () => {
  const random = seededRandom(1);
  const pick = (from: string[]): string => from[Math.floor(random() * from.length)]!;
  for (const letters of [["a", "é", "😀"], ["a", " ", "😀"], ["\n", "x"], ["\n", "\r", " "], ["語"]]) {
    const text = `x${Array.from({ length: 30_000 }, () => pick(letters)).join("")}x`;
    const domain = await readDomain("d", [file("a.jsonl", lines([{ text }]))]);
    assert.ok(domain.documents.length > 1);
    assert.equal(joined(domain), text);
    for (const { text: stretch, bytes } of domain.documents) {
      assert.ok(stretch.isWellFormed() && bytes < 12_288, `${bytes} bytes of ${JSON.stringify(letters)}`);
      assert.equal(bytes, Buffer.byteLength(stretch));
    }
  }
});

test("ids are unlike each other, whatever rows say", async () => {
  const rows = lines([
    { id: "1", text: "one" },
    { id: "1", text: "two" },
  ]);
  const { documents } = await readDomain("d", [file("a.jsonl", rows), file("b.jsonl", rows)]);
  const ids = documents.map(({ id }) => id);
  assert.equal(new Set(ids).size, 4);
  assert.match(ids[1]!, /^1 \(.*a\.jsonl:2\)$/);
});

test("half of a surrogate pair counts the bytes that are scored", async () => {
  const { documents } = await readDomain("d", [file("a.jsonl", '{"text": "a\\ud800b"}\n')]);
  assert.deepEqual(documents[0], { id: "a.jsonl:1", text: "a\ufffdb", bytes: 5, cluster: "a.jsonl:1" });
});

test("compressed files, another folder and a glob are the same domain", async () => {
  const text = PARAGRAPHS.join("\n\n");
  const plain = await readDomain("d", [file("a.txt", text)]);
  const elsewhere = file("a.txt", text);
  for (const path of [elsewhere, join(dirname(elsewhere), "*.txt")]) {
    assert.equal((await readDomain("d", [path])).sha256, plain.sha256);
  }
  for (const [ending, compress] of [
    ["gz", gzipSync],
    ["zst", zstdCompressSync],
  ] as const) {
    const { documents } = await readDomain("d", [file(`a.txt.${ending}`, compress(text))]);
    assert.deepEqual(
      documents.map((document) => document.text),
      plain.documents.map((document) => document.text),
    );
  }
  assert.notEqual((await readDomain("d", [file("a.txt", `${text}!`)])).sha256, plain.sha256);
});

test("a limit draws documents, the same ones every time, and keeps their order", async () => {
  const rows = Array.from({ length: 100 }, (_, n) => ({ id: String(n), text: prose(n, 24) }));
  const path = file("a.jsonl", lines(rows));
  const all = await readDomain("d", [path]);
  const some = await readDomain("d", [path], { maxBytes: 3000 });
  const bytes = some.documents.reduce((sum, document) => sum + document.bytes, 0);
  assert.ok(bytes <= 3000 && bytes > 2500, `${bytes} bytes`);
  assert.deepEqual(await readDomain("other name", [path], { maxBytes: 3000 }), { ...some, name: "other name" });
  const places = some.documents.map(({ id }) => Number(id));
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
  );
  assert.ok(places.at(-1)! > 50 && places[0]! < 50, "from all over the file");
  assert.deepEqual((await readDomain("d", [path], { maxBytes: 1e6 })).sha256, all.sha256);
  const less = await readDomain("d", [path], { maxBytes: 1500 });
  const ids = new Set(some.documents.map(({ id }) => id));
  assert.ok(
    less.documents.every(({ id }) => ids.has(id)),
    "a smaller choice is part of a larger one",
  );
});

test("what is no held-out text is refused, and where it is", async () => {
  const gz = gzipSync(PARAGRAPHS.join("\n"));
  const cases: [string, RegExp, { maxBytes?: number }?][] = [
    [join(folder, "absent.txt"), /^documents d\[0\]: no such file/],
    [file("a.csv", "a,b"), /a\.csv: unknown kind of file, expected \.txt or \.jsonl \(also \.gz or \.zst\)$/],
    [file("a.txt", " \n\n"), /^documents d: found no text in .*a\.txt$/],
    [file("a.jsonl", '{"text": "a"}\n[1]\n'), /a\.jsonl:2: expected a JSON object$/],
    [file("a.jsonl", '{"text": "a"}\n\n{"text": \n'), /a\.jsonl:3: .*JSON/],
    [file("a.jsonl", '{"content": "a", "id": 1}\n'), /a\.jsonl:1: found no string "text" \(fields: content, id\)$/],
    [file("a.txt", Buffer.from("caf\xe9 cr\xe8me", "latin1")), /a\.txt: 2 sequences of bytes are not UTF-8/],
    [file("a.txt.gz", gz.subarray(0, gz.length - 20)), /a\.txt\.gz @ \d+: gzip-truncated; copy the file again$/],
    [file("a.txt", "hello"), /^documents d: no document goes into 4 bytes; give a higher limit$/, { maxBytes: 4 }],
  ];
  for (const [path, message, options] of cases) await assert.rejects(readDomain("d", [path], options), { message });
});
