/** HTTP messages, body encodings and media types, as archives really hold them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { seededRandom } from "../../pipeline/random.ts";
import { decodeBody } from "../../stages/sources/warc/body-encoding.ts";
import { parseHeaderFields } from "../../stages/sources/warc/header-fields.ts";
import { parseHttpMessage } from "../../stages/sources/warc/http-message.ts";
import { charsetOf, mediaTypeOf } from "../../stages/sources/warc/media-type.ts";
import { html, http, members, rawPages, readBytes, record, refused } from "./warc-reading.ts";

const random = seededRandom(7);
const PAGE = Buffer.from(html(Array.from({ length: 8000 }, () => random().toString(36).slice(2, 8)).join(" ")));
const LIMIT = 1 << 20;

function chunked(body: Buffer, size = 1000): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; at < body.length; at += size) {
    const chunk = body.subarray(at, at + size);
    chunks.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from("\r\n"));
  }
  return Buffer.concat([...chunks, Buffer.from("0\r\n\r\n")]);
}

function decode(body: Buffer, encoding: string, transfer = "", limit = LIMIT) {
  const fields = `Content-Encoding: ${encoding}${transfer === "" ? "" : `\r\nTransfer-Encoding: ${transfer}`}`;
  return decodeBody(body, parseHeaderFields(fields), limit);
}

const encodings: readonly (readonly [string, Buffer, string?])[] = [
  ["gzip", gzipSync(PAGE)],
  ["x-gzip", gzipSync(PAGE)],
  ["GZIP", gzipSync(PAGE)],
  ["deflate", deflateSync(PAGE)],
  ["deflate", deflateRawSync(PAGE)],
  ["br", brotliCompressSync(PAGE)],
  ["zstd", zstdCompressSync(PAGE)],
  ["gzip, br", brotliCompressSync(gzipSync(PAGE))],
  ["br , gzip", gzipSync(brotliCompressSync(PAGE))],
  ["gzip\r\nContent-Encoding: br", brotliCompressSync(gzipSync(PAGE))],
  ["identity", PAGE],
  ["none", PAGE],
  ["", PAGE],
  ["", chunked(PAGE), "chunked"],
  ["", chunked(PAGE, PAGE.length), "Chunked"],
  ["gzip", chunked(gzipSync(PAGE)), "chunked"],
  ["", chunked(gzipSync(PAGE)), "gzip, chunked"],
  ["gzip", Buffer.concat([gzipSync(PAGE.subarray(0, 100)), gzipSync(PAGE.subarray(100))])],
  ["gzip", Buffer.concat([gzipSync(PAGE), Buffer.from("trailing junk")])],
];
for (const [encoding, stored, transfer] of encodings) {
  test(`undone: "${encoding.replace(/\r\n.*: /, '" + "')}" ${transfer ?? ""} (${stored.length} bytes)`, async () => {
    const { body, isTruncated, leftOn, isTooLarge } = await decode(stored, encoding, transfer);
    assert.ok(body.equals(PAGE));
    assert.deepEqual({ isTruncated, leftOn, isTooLarge }, { isTruncated: false, leftOn: [], isTooLarge: false });
  });
}

test("a declaration that the bytes do not bear out is left on and named", async () => {
  for (const encoding of ["gzip", "br", "deflate", "zstd", "utf-8", "x-nonsense"]) {
    const { body, leftOn, isTruncated } = await decode(PAGE, encoding);
    assert.ok(body.equals(PAGE), encoding);
    assert.deepEqual(leftOn, [encoding]);
    assert.equal(isTruncated, false);
  }
  const unchunked = await decode(PAGE, "", "chunked");
  assert.ok(unchunked.body.equals(PAGE));
  assert.deepEqual(unchunked.leftOn, ["chunked"]);
});

test("a cut body keeps what came out, flagged", async () => {
  // zstd gives whole blocks only, of 128 KiB.
  const LONG = Buffer.from(Array.from({ length: 60_000 }, () => random().toString(36).slice(2, 9)).join(" "));
  const stored: readonly (readonly [string, Buffer])[] = [
    ["gzip", gzipSync(PAGE)],
    ["deflate", deflateSync(PAGE)],
    ["deflate", deflateRawSync(PAGE)],
    ["br", brotliCompressSync(PAGE)],
    ["zstd", zstdCompressSync(LONG)],
  ];
  for (const [encoding, whole] of stored) {
    const { body, isTruncated, leftOn } = await decode(whole.subarray(0, whole.length >> 1), encoding);
    assert.equal(isTruncated, true, encoding);
    assert.deepEqual(leftOn, []);
    assert.ok(body.length > 10_000, `${encoding}: ${body.length}`);
    const text = encoding === "zstd" ? LONG : PAGE;
    assert.ok(text.subarray(0, body.length).equals(body), encoding);
  }
});

test("a body damaged on its way keeps what came out before, flagged", async () => {
  const stored = gzipSync(PAGE);
  stored.fill(0xff, stored.length >> 1);
  const { body, isTruncated } = await decode(stored, "gzip");
  assert.equal(isTruncated, true);
  assert.ok(body.length > 1000);
  assert.ok(body.subarray(0, 1000).equals(PAGE.subarray(0, 1000)));
});

test("chunks: a size beyond the end, a broken size line, LF alone, extensions, no end mark", async () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["ffff\r\nhello", "hello", true],
    ["5\r\nhello\r\nzz\r\nworld", "hello", true],
    ["5\nhello\n0\n\n", "hello", false],
    ["5;name=value\r\nhello\r\n0\r\nTrailer: x\r\n\r\n", "hello", false],
    ["5\r\nhello\r\n", "hello", true],
    ["0\r\n\r\n", "", false],
  ];
  for (const [stored, text, cut] of cases) {
    const { body, isTruncated } = await decode(Buffer.from(stored), "", "chunked");
    assert.equal(body.toString(), text);
    assert.equal(isTruncated, cut, stored);
  }
});

test("bombs stop at the limit, whatever the encoding", async () => {
  const zeros = Buffer.alloc(LIMIT * 8);
  const bombs: readonly (readonly [string, Buffer])[] = [
    ["gzip", gzipSync(zeros)],
    ["deflate", deflateSync(zeros)],
    ["deflate", deflateRawSync(zeros)],
    ["br", brotliCompressSync(zeros)],
    ["zstd", zstdCompressSync(zeros)],
    ["gzip, gzip", gzipSync(gzipSync(zeros))],
    ["gzip", Buffer.concat(Array.from({ length: 20 }, () => gzipSync(zeros.subarray(0, LIMIT / 10))))],
  ];
  for (const [encoding, stored] of bombs) assert.equal((await decode(stored, encoding)).isTooLarge, true, encoding);
});

test("random bytes under every encoding never throw", async () => {
  for (let round = 0; round < 200; round++) {
    const bytes = Buffer.from(Array.from({ length: Math.floor(random() * 300) }, () => Math.floor(random() * 256)));
    const encoding = ["gzip", "deflate", "br", "zstd"][round % 4]!;
    if (round % 3 === 0) Buffer.from([0x1f, 0x8b, 8, 0]).copy(bytes);
    if (round % 3 === 1) Buffer.from([0x28, 0xb5, 0x2f, 0xfd]).copy(bytes);
    await decode(bytes, encoding, round % 5 === 0 ? "chunked" : "");
  }
});

test("through the source: what cannot be decoded is refused, cut bodies and lies are tagged", async () => {
  const fields = (encoding: string) => ["Content-Type: text/html; charset=UTF-8", `Content-Encoding: ${encoding}`];
  const noise = Buffer.from(Array.from({ length: 500 }, () => Math.floor(random() * 256)));
  const blocks = [
    http(gzipSync(PAGE).subarray(0, 9000), fields("gzip")),
    http(PAGE, fields("br")),
    http(noise, fields("zstd")),
    http("", []),
    http(gzipSync(Buffer.alloc(3 << 20)), fields("gzip")),
    http(PAGE, [], 404),
    Buffer.from("no status line"),
    Buffer.alloc(0),
    Buffer.from("HTTP/1.1 200\r\n\r\n<html>no reason</html>"),
  ];
  const file = Buffer.concat(
    members(blocks.map((block, i) => record("response", block, { url: `http://a.test/${i}` }))),
  );
  const reading = await readBytes(file, "a.warc.gz", { maxRecordBytes: 2 << 20 });
  assert.deepEqual(
    rawPages(reading).map(({ url, tags, mediaType, charset }) => ({ url, tags, mediaType, charset })),
    [
      { url: "http://a.test/0", tags: { "body.truncated": true }, mediaType: "text/html", charset: "UTF-8" },
      { url: "http://a.test/1", tags: { "body.encoding": "br" }, mediaType: "text/html", charset: "UTF-8" },
      { url: "http://a.test/8", tags: {}, mediaType: "text/html", charset: undefined },
    ],
  );
  assert.deepEqual(
    refused(reading).map(({ rejected }) => [rejected.reason, rejected.value]),
    [
      ["undecodable-body", 500],
      ["empty-body", undefined],
      ["too-large", 2 << 20],
      ["http-status", 404],
      ["no-http-status", undefined],
      ["empty-body", undefined],
    ],
  );
});

test("WARC-Truncated and segments become tags", async () => {
  const records = [
    record("response", http(PAGE), { extra: "WARC-Truncated: length\r\n" }),
    record("response", http(PAGE), { extra: "WARC-Segment-Number: 1\r\n" }),
  ];
  const pages = rawPages(await readBytes(Buffer.concat(members(records)), "a.warc.gz"));
  assert.deepEqual(
    pages.map(({ tags }) => tags),
    [{ "warc.truncated": "length" }, { "warc.truncated": "segmented" }],
  );
});

test("HTTP: missing reasons, LF alone, folded lines, repeated names, interim responses, headers without end", () => {
  const message = (text: string) => {
    const parsed = parseHttpMessage(Buffer.from(text, "latin1"));
    return parsed && { status: parsed.status, fields: Object.fromEntries(parsed.fields), body: parsed.body.toString() };
  };
  assert.deepEqual(message("HTTP/1.1 200 \r\nA: 1\r\na:  2 \r\n\r\nbody"), {
    status: 200,
    fields: { a: ["1", "2"] },
    body: "body",
  });
  assert.deepEqual(message("HTTP/1.0 404\nA: 1\n\nbody"), { status: 404, fields: { a: ["1"] }, body: "body" });
  assert.deepEqual(message("HTTP/1.1 200 OK\r\nA: 1,\r\n\t2\r\nstray\r\n\n\r\n"), {
    status: 200,
    fields: { a: ["1, 2"] },
    body: "\r\n",
  });
  assert.deepEqual(message("HTTP/1.1 100 Continue\r\n\r\nHTTP/2 201\r\n\r\nx"), { status: 201, fields: {}, body: "x" });
  assert.deepEqual(message("HTTP/1.1 200 OK\r\nA: 1"), { status: 200, fields: { a: ["1"] }, body: "" });
  assert.deepEqual(message("HTTP/1.1 200 OK"), { status: 200, fields: {}, body: "" });
  for (const none of ["", "<html>", "HTTP/1.1 OK", "HTTP/1.1 2000 x"]) assert.equal(message(none), undefined);
});

test("media types: declared where it says something, else the first bytes", () => {
  const cases: readonly (readonly [string, string | Buffer, string])[] = [
    ["Text/HTML; charset=utf-8", "anything", "text/html"],
    ["application/json", "<html>", "application/json"],
    ["", "%PDF-1.4", "application/pdf"],
    ["text/html", "%PDF-1.4", "application/pdf"],
    ["application/octet-stream", "\n <!DOCTYPE HTML>", "text/html"],
    ["text/plain", "<html lang=en>", "text/html"],
    ["text/plain", "<hello>", "text/plain"],
    ["", Buffer.from("\uFEFF<html>"), "text/html"],
    ["", Buffer.from("\uFEFF<html>", "utf16le"), "text/html"],
    ["", '<?xml version="1.0"?><rss version="2.0">', "application/rss+xml"],
    ["", '<?xml version="1.0"?>\n<feed xmlns="http://www.w3.org/2005/Atom">', "application/atom+xml"],
    ["", '<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml">', "text/html"],
    ["unknown/unknown", Buffer.from([0xff, 0xd8, 0xff, 0xe0]), "image/jpeg"],
    ["", "GIF89a", "image/gif"],
    ["", "RIFF1234WEBPVP8 ", "image/webp"],
    ["", "<br />\n<b>Warning</b>: deprecated<html>", "text/html"],
    ["application/octet-stream", "<!-- a --> <p>plain words", "text/html"],
    ["text/plain", "<p>plain words", "text/plain"],
    ["text/plain", `<?xml?>${"<!---->".repeat(130)} <html>`, "text/html"],
    ["text/plain", `${"<!---->".repeat(150)}plain words`, "text/plain"], // and soon
    ["", "<pre-release> <bold>", "text/plain"],
    ["", "plain words", "text/plain"],
    ["", Buffer.from([1, 2, 3]), "application/octet-stream"],
    ["nonsense", "plain words", "text/plain"],
  ];
  for (const [declared, body, expected] of cases) {
    assert.equal(mediaTypeOf(declared, Buffer.from(body)), expected, `${declared} ${body.toString().slice(0, 30)}`);
  }
  assert.equal(charsetOf('text/html; Charset="Shift_JIS"'), "Shift_JIS");
  assert.equal(charsetOf("text/html; a=b; charset = utf-8 ; c"), "utf-8");
  assert.equal(charsetOf("text/html"), undefined);
});
