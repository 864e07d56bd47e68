/** The `warc` source on damaged, odd and hostile archives, built here: what is lost, what is not, and that it is told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32, gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import { isDocument } from "../../pipeline/document.ts";
import { seededRandom } from "../../pipeline/random.ts";
import { StoredWindow } from "../../stages/sources/warc/stored-window.ts";
import {
  html,
  http,
  lostBytes,
  members,
  outcome,
  type Reading,
  rawPages,
  readBytes,
  record,
  recordCount,
  refused,
} from "./warc-reading.ts";

const SEED = 20260;

/** Pages of words, some long; a request before each third, and a warcinfo at the head. */
function crawl(pages: number, seed = SEED): Buffer[] {
  const random = seededRandom(seed);
  const records = [record("warcinfo", "software: test")];
  for (let i = 0; i < pages; i++) {
    const url = `http://a.test/${i}`;
    const words = Array.from({ length: 5 + Math.floor(random() ** 4 * 3000) }, () => random().toString(36).slice(2, 9));
    if (i % 3 === 0) records.push(record("request", "GET / HTTP/1.1\r\n\r\n", { url }));
    records.push(record("response", http(html(words.join(" "))), { url }));
  }
  return records;
}

function urls(reading: Reading): string[] {
  return reading.items.map((item) => item.url);
}

/** Three pages, of which the middle one is made by the test. */
function between(middle: Buffer): Buffer[] {
  const page = (url: string) => record("response", http(html(`the page at ${url}`)), { url });
  return [page("http://a.test/before"), middle, page("http://a.test/after")];
}

test("a page carries its place, its address and its bytes", async () => {
  const stored = members(crawl(2));
  const [page, second] = rawPages(await readBytes(Buffer.concat(stored), "a.warc.gz"));
  const offset = stored[0]!.length + stored[1]!.length;
  assert.deepEqual(page!.source, { file: "a.warc.gz", offset, length: stored[2]!.length });
  assert.equal(page!.url, "http://a.test/0");
  assert.equal(page!.date, "2024-01-01T00:00:00Z");
  assert.equal(page!.mediaType, "text/html");
  assert.match(page!.id, /^[0-9a-f]{32}$/);
  assert.notEqual(page!.id, second!.id);
  assert.match(Buffer.from(page!.body).toString(), /^<html>.*<\/html>$/);
  assert.deepEqual(page!.tags, {});
});

test("two flipped bytes cost the member they are in, and nothing else", async () => {
  const stored = members(crawl(60));
  for (const at of [0, 1, 30, stored.length - 1]) {
    for (const place of [0, 3, 12, stored[at]!.length >> 1, stored[at]!.length - 6, stored[at]!.length - 1]) {
      const damaged = stored.map((member) => Buffer.from(member));
      damaged[at]![place]! ^= 0xff;
      damaged[at]![Math.max(0, place - 1)]! ^= 0x55;
      const reading = await readBytes(Buffer.concat(damaged), "a.warc.gz");
      // gzip does not protect the header's time stamp and system (bytes 4 to 9).
      assert.equal(recordCount(reading), stored.length - 1, `member ${at}, byte ${place}`);
      const offset = damaged.slice(0, at).reduce((sum, { length }) => sum + length, 0);
      assert.deepEqual(
        reading.lost.map(({ offset, bytes }) => ({ offset, bytes })),
        [{ offset, bytes: stored[at]!.length }],
      );
    }
  }
});

test("garbage between members is skipped and told to the byte", async () => {
  const stored = members(crawl(20));
  const offset = stored.slice(0, 10).reduce((sum, { length }) => sum + length, 0);
  const garbage = Buffer.from("THIS IS GARBAGE \x1f\x8b\x08 BETWEEN MEMBERS", "latin1");
  const file = Buffer.concat([...stored.slice(0, 10), garbage, ...stored.slice(10)]);
  const reading = await readBytes(file, "a.warc.gz");
  assert.equal(recordCount(reading), stored.length);
  assert.deepEqual(reading.lost, [{ offset, bytes: garbage.length, reason: "no gzip member begins here" }]);
});

test("garbage at the head of the file is a loss", async () => {
  const stored = members(crawl(5));
  const reading = await readBytes(Buffer.concat([Buffer.from("garbage!"), ...stored]), "a.warc.gz");
  assert.equal(recordCount(reading), stored.length);
  assert.equal(lostBytes(reading), 8);
});

test("zero padding at the end is noise", async () => {
  for (const name of ["a.warc.gz", "a.warc", "a.warc.zst"]) {
    const records = crawl(5);
    const stored = name.endsWith("gz")
      ? members(records)
      : name.endsWith("zst")
        ? records.map((r) => zstdCompressSync(r))
        : records;
    const reading = await readBytes(Buffer.concat([...stored, Buffer.alloc(1000)]), name, { spanBytes: 700 });
    assert.equal(recordCount(reading), records.length, name);
    assert.deepEqual(reading.lost, [], name);
  }
});

test("a file cut inside its last member keeps what came out, flagged, and tells of the tail", async () => {
  const random = seededRandom(SEED);
  const words = Array.from({ length: 4000 }, () => random().toString(36).slice(2, 9)).join(" ");
  for (const compress of [gzipSync, zstdCompressSync]) {
    const stored = [...crawl(3), record("response", http(html(words)), { url: "http://a.test/cut" })].map((r) =>
      compress(r),
    );
    const tail = stored.at(-1)!.length >> 1;
    const file = Buffer.concat([...stored.slice(0, -1), stored.at(-1)!.subarray(0, tail)]);
    const reading = await readBytes(file, compress === gzipSync ? "a.warc.gz" : "a.warc.zst");
    assert.equal(lostBytes(reading), tail);
    assert.match(reading.lost[0]!.reason, /the file ends inside this/);
    if (compress === zstdCompressSync) continue; // one block: nothing comes out of half of it
    const last = rawPages(reading).at(-1)!;
    assert.equal(last.url, "http://a.test/cut");
    assert.equal(last.tags["warc.truncated"], "short-record");
    assert.ok(html(words).startsWith(Buffer.from(last.body).toString()));
    assert.ok(last.body.length > 5000);
  }
});

test("a member that cannot be trusted to be cut rather than damaged gives nothing", async () => {
  // Damaged so that the decoder runs dry; a good member follows, so that this is no cut file.
  const stored = members(crawl(3));
  const file = Buffer.concat([stored[0]!, stored[1]!.subarray(0, 40), ...stored.slice(2)]);
  const reading = await readBytes(file, "a.warc.gz");
  assert.equal(recordCount(reading), stored.length - 1);
  assert.equal(lostBytes(reading), 40);
});

const SPANS = [5000, 33_000];

test("where spans are cut changes nothing: good, damaged and hostile files, gzip and zstd", async () => {
  const random = seededRandom(SEED + 1);
  for (const compress of [gzipSync, zstdCompressSync]) {
    for (let round = 0; round < 5; round++) {
      const stored = crawl(40, SEED + round).map((r) => compress(r));
      if (round === 4) stored.splice(7, 0, compress(Buffer.from("no record at all")), compress(Buffer.alloc(0)));
      const file = Buffer.concat(stored);
      const damages = round * 2;
      for (let i = 0; i < damages; i++) {
        const at = Math.floor(random() * file.length);
        file.fill(Math.floor(random() * 256), at, Math.min(file.length, at + Math.floor(random() ** 3 * 3000)));
      }
      const cut = round % 2 === 0 ? file : file.subarray(0, file.length - 200);
      const name = compress === gzipSync ? "a.warc.gz" : "a.warc.zst";
      const whole = await readBytes(cut, name, { spanBytes: cut.length });
      assert.ok(recordCount(whole) > 5);
      for (const spanBytes of SPANS) {
        const parts = await readBytes(cut, name, { spanBytes });
        assert.deepEqual(
          outcome(parts),
          outcome(whole),
          `${name}, seed ${SEED}, round ${round}, spans of ${spanBytes}`,
        );
      }
    }
  }
});

test("an archive inside an archive is a page, wherever a span is cut", async () => {
  // What is compressed already is stored verbatim by deflate, magic and all; level 0 makes sure of it.
  const inner = members(crawl(3));
  const [before, archive, after] = between(
    record("response", http(Buffer.concat(inner), ["Content-Type: application/gzip"]), { url: "http://a.test/inner" }),
  );
  const outer = [...members([before!]), gzipSync(archive!, { level: 0 }), ...members([after!, ...crawl(50)])];
  const file = Buffer.concat(outer);
  assert.ok(file.includes(inner[1]!), "the inner member must stand in the file as it is");
  const whole = await readBytes(file, "a.warc.gz");
  assert.equal(recordCount(whole), outer.length);
  for (const spanBytes of [outer[0]!.length + 50, 30_000]) {
    assert.deepEqual(
      outcome(await readBytes(file, "a.warc.gz", { spanBytes })),
      outcome(whole),
      `spans of ${spanBytes}`,
    );
  }
});

test("one member may hold the whole file, and one record may take several members", async () => {
  const records = crawl(10);
  const plain = Buffer.concat(records);
  const one = await readBytes(gzipSync(plain), "a.warc.gz", { spanBytes: 500 });
  assert.equal(recordCount(one), records.length);
  assert.equal(new Set(one.items.map(({ id }) => id)).size, one.items.length, "ids differ within a member");
  assert.deepEqual([...new Set(one.items.map(({ source }) => source.offset))], [0]);
  // Cut anywhere but inside a header: record boundaries do not matter.
  const page = record("response", http("x".repeat(3000)), { url: "http://a.test/long" });
  const headerBytes = page.indexOf("\r\n\r\n") + 4;
  const pieces = [
    records[0]!,
    page.subarray(0, headerBytes),
    page.subarray(headerBytes, 900),
    page.subarray(900, 1000),
  ];
  const rest = Buffer.concat([page.subarray(1000), ...records.slice(1)]);
  const file = Buffer.concat(members([...pieces, rest]));
  for (const spanBytes of [50, 1 << 20]) {
    const reading = await readBytes(file, "a.warc.gz", { spanBytes });
    assert.equal(recordCount(reading), records.length + 1);
    const long = rawPages(reading).find(({ url }) => url.endsWith("/long"))!;
    assert.equal(long.body.length, 3000);
    assert.deepEqual(long.tags, {});
    assert.deepEqual(reading.lost, []);
  }
});

test("equal pages that share a member have ids of their own, and the same ones on every reading", async () => {
  const twin = record("response", http(html("twin")));
  const ids = async () =>
    (await readBytes(gzipSync(Buffer.concat([twin, twin])), "a.warc.gz")).items.map(({ id }) => id);
  const [first, second] = await ids();
  assert.notEqual(first, second);
  assert.deepEqual(await ids(), [first, second]);
});

for (const isLent of [false, true])
  test(`the log hears of each byte of the span once and in order, ${isLent ? "lent" : "to keep"}`, async () => {
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7) % 251));
    const source = {
      bytes: bytes.length,
      read: async (at: number, n: number) => Buffer.from(bytes.subarray(at, at + n)),
      close: async () => {},
    };
    const heard: Uint8Array[] = [];
    const log = { skipped() {}, lost() {}, bytesRead: (chunk: Uint8Array) => void heard.push(chunk) };
    const window = new StoredWindow(source, { start: 1000, end: 200_000 }, log, { isLent });
    for (const [at, count] of [
      [150_000, 10],
      [1000, 10],
      [199_990, 50_000],
      [0, 5],
      [299_999, 10],
      [400_000, 1],
    ] as const) {
      const view = await window.view(at, count);
      assert.ok(view.equals(bytes.subarray(at, at + view.length)));
      assert.ok(view.length >= Math.min(count, Math.max(0, bytes.length - at)));
    }
    await window.reportRest();
    assert.ok(Buffer.concat(heard).equals(bytes.subarray(1000, 200_000)));
  });

test("a wrong Content-Length harms its own record only: one record a member", async () => {
  // Longer than the head that is kept of a block that is too large.
  const block = http(html("hello world ".repeat(9000)));
  for (const length of [block.length + 1000, "abc", -5, 9e15, "", block.length - 1000]) {
    const odd = record("response", block, { url: "http://a.test/odd", length });
    const reading = await readBytes(Buffer.concat(members(between(odd))), "a.warc.gz");
    assert.deepEqual(urls(reading), ["http://a.test/before", "http://a.test/odd", "http://a.test/after"], `${length}`);
    const { body } = rawPages(reading)[1]!;
    const wanted = length === block.length - 1000 ? body.length : Buffer.from(html("hello world ".repeat(9000))).length;
    assert.equal(body.length, wanted, `${length}`);
    const isShort = length === block.length + 1000 || length === 9e15;
    assert.equal(rawPages(reading)[1]!.tags["warc.truncated"], isShort ? "short-record" : undefined, `${length}`);
  }
});

test("a wrong Content-Length harms its own record only: plain files and shared members", async () => {
  const block = http(html("hello world ".repeat(300)));
  for (const length of [block.length + 300, block.length + 1, "abc", -5, 9e15, 1e9, "", block.length - 1000]) {
    const file = Buffer.concat(between(record("response", block, { url: "http://a.test/odd", length })));
    for (const [stored, name] of [
      [file, "a.warc"],
      [gzipSync(file), "a.warc.gz"],
    ] as const) {
      const reading = await readBytes(stored, name);
      const message = `${name}, Content-Length ${length}`;
      assert.deepEqual(urls(reading), ["http://a.test/before", "http://a.test/odd", "http://a.test/after"], message);
      assert.ok(
        rawPages(reading).every(({ body }) => !Buffer.from(body).includes("WARC/1.0")),
        message,
      );
    }
  }
});

test("plain files: places are the records' own, and damage is told to the byte", async () => {
  const records = crawl(30);
  const garbage = Buffer.from("lost in the middle\r\n");
  const file = Buffer.concat([...records.slice(0, 9), garbage, ...records.slice(9)]);
  const reading = await readBytes(file, "a.warc");
  assert.equal(recordCount(reading), records.length);
  for (const page of rawPages(reading)) {
    const { offset, length } = page.source;
    assert.ok(file.subarray(offset, offset + length).includes(Buffer.from(page.url)));
    assert.equal(file.toString("latin1", offset, offset + 8), "WARC/1.0");
    assert.equal(file.toString("latin1", offset + length, offset + length + 4), "\r\n\r\n");
  }
  assert.deepEqual(
    reading.lost.map(({ offset, bytes }) => ({ offset, bytes })),
    [{ offset: file.indexOf(garbage), bytes: garbage.length }],
  );
});

test("a plain file behind a .gz name is read by its first bytes, once", async () => {
  const records = crawl(10);
  for (const spanBytes of [300, 1 << 20]) {
    const reading = await readBytes(Buffer.concat(records), "a.warc.gz", { spanBytes });
    assert.equal(recordCount(reading), records.length);
  }
  const packed = await readBytes(Buffer.concat(members(records)), "a.warc");
  assert.equal(recordCount(packed), records.length);
});

test("zstd: a dictionary at the head serves every span, raw or compressed", async () => {
  const records = crawl(40);
  const dictionary = Buffer.concat(records.slice(0, 5));
  const frames = records.map((r) => zstdCompressSync(r, { dictionary }));
  for (const stored of [dictionary, zstdCompressSync(dictionary)]) {
    const header = Buffer.alloc(8);
    header.writeUInt32LE(0x184d2a5d, 0);
    header.writeUInt32LE(stored.length, 4);
    const file = Buffer.concat([header, stored, ...frames]);
    const whole = await readBytes(file, "a.warc.zst");
    assert.equal(recordCount(whole), records.length);
    assert.deepEqual(whole.lost, []);
    assert.deepEqual(outcome(await readBytes(file, "a.warc.zst", { spanBytes: 2000 })), outcome(whole));
  }
});

test("a page above maxRecordBytes is refused with its size; others above it are counted", async () => {
  const large = html("x".repeat(200_000));
  const records = [
    ...between(record("response", http(large), { url: "http://a.test/large" })),
    record("metadata", large),
    record("response", http(large, [], 404), { url: "http://a.test/404" }),
    ...between(record("resource", large, { url: "http://a.test/file" })),
  ];
  for (const [stored, name] of [
    [Buffer.concat(records), "a.warc"],
    [Buffer.concat(members(records)), "a.warc.gz"],
    [gzipSync(Buffer.concat(records)), "a.warc.gz"],
  ] as const) {
    const reading = await readBytes(stored, name, { maxRecordBytes: 100_000 });
    assert.deepEqual(
      refused(reading).map(({ url, rejected }) => [url, rejected.reason, rejected.value]),
      [
        ["http://a.test/large", "too-large", http(large).length],
        ["http://a.test/404", "http-status", 404],
        ["http://a.test/file", "too-large", large.length],
      ],
    );
    assert.equal(rawPages(reading).length, 4);
    assert.deepEqual(reading.skipped, { metadata: 1 });
    assert.deepEqual(reading.lost, []);
  }
});

/** A gzip member of `megabytes` MiB of plain text behind `head`, made of one deflate block over and over. */
function bomb(head: Buffer, megabytes: number): Buffer {
  // Z_FULL_FLUSH ends a block on a byte boundary and forgets the window, so that blocks can be repeated.
  return gzipSync(Buffer.concat([head, Buffer.alloc(megabytes << 20, "lorem ipsum ")]), { level: 1 });
}

test("a member too large to hold is streamed: its records are found, its page refused, its neighbours kept", async () => {
  const megabytes = 40;
  const head = record("response", http(""), { url: "http://a.test/bomb", length: http("").length + (megabytes << 20) });
  const large = bomb(head.subarray(0, -4), megabytes);
  const [before, , after] = between(Buffer.alloc(0));
  const file = Buffer.concat([...members([before!]), large, ...members([after!])]);
  const whole = await readBytes(file, "a.warc.gz", { maxRecordBytes: 1 << 20 });
  assert.deepEqual(urls(whole), ["http://a.test/before", "http://a.test/bomb", "http://a.test/after"]);
  assert.deepEqual(refused(whole)[0]!.rejected, {
    kept: false,
    reason: "too-large",
    value: http("").length + (megabytes << 20),
  });
  assert.deepEqual(whole.lost, []);
  const parts = await readBytes(file, "a.warc.gz", { maxRecordBytes: 1 << 20, spanBytes: file.length >> 1 });
  assert.deepEqual(outcome(parts), outcome(whole));
  // Its checksum wrong, or cut in its middle: the neighbours live, the loss is told.
  const wrong = Buffer.from(large);
  wrong[wrong.length - 6]! ^= 1;
  const damaged = await readBytes(Buffer.concat([...members([before!]), wrong, ...members([after!])]), "a.warc.gz");
  assert.deepEqual(urls(damaged).slice(-1), ["http://a.test/after"]);
  assert.equal(damaged.lost.length, 1);
  assert.match(damaged.lost[0]!.reason, /wrong CRC-32, noticed after its records were read/);
});

test("a whole file in one large member is read record by record", async () => {
  const pages = Array.from({ length: 40 }, (_, i) =>
    record("response", http(html(`${i} `.repeat(250_000))), { url: `http://a.test/${i}` }),
  );
  const plain = Buffer.concat(pages);
  for (const stored of [gzipSync(plain, { level: 1 }), zstdCompressSync(plain)]) {
    const name = stored[0] === 0x1f ? "a.warc.gz" : "a.warc.zst";
    const reading = await readBytes(stored, name, { spanBytes: (stored.length / 3) | 0 });
    assert.equal(rawPages(reading).length, pages.length, name);
    assert.ok(
      rawPages(reading).every(({ body }, i) => Buffer.from(body).equals(Buffer.from(html(`${i} `.repeat(250_000))))),
    );
    assert.deepEqual(reading.lost, []);
    // Cut in its middle: whole records come, one is flagged.
    const cut = await readBytes(stored.subarray(0, stored.length >> 1), name);
    assert.ok(rawPages(cut).length > 15, name);
    assert.ok(
      rawPages(cut)
        .slice(0, -1)
        .every(({ tags }) => tags["warc.truncated"] === undefined),
    );
    assert.equal(rawPages(cut).at(-1)!.tags["warc.truncated"], "short-record");
    assert.match(cut.lost[0]!.reason, /the file ends inside this/);
  }
});

test("random bytes under any name neither throw nor hang", async () => {
  const random = seededRandom(SEED + 2);
  const magics = [
    "\x1f\x8b\x08\x00",
    "\x28\xb5\x2f\xfd",
    "WARC/1.0\r\n",
    "filedesc://x 1.2.3.4 20200101 a 9\n",
    "\x5d\x2a\x4d\x18",
  ];
  for (let round = 0; round < 40; round++) {
    const bytes = Buffer.from(Array.from({ length: Math.floor(random() * 4000) }, () => Math.floor(random() * 256)));
    for (let i = 0; i < 20; i++)
      bytes.write(magics[Math.floor(random() * magics.length)]!, Math.floor(random() * bytes.length), "latin1");
    const name = ["a.warc.gz", "a.warc.zst", "a.warc", "a.arc.gz"][round % 4]!;
    const whole = await readBytes(bytes, name);
    const parts = await readBytes(bytes, name, { spanBytes: 500 });
    assert.deepEqual(outcome(parts), outcome(whole), `seed ${SEED + 2}, round ${round}`);
  }
});

test("random damage to one member of many records neither throws nor hangs", async () => {
  const random = seededRandom(SEED + 3);
  const plain = Buffer.concat(crawl(20));
  for (let round = 0; round < 60; round++) {
    const bytes = Buffer.from(plain);
    for (let i = 0; i < 5; i++) {
      const at = Math.floor(random() * bytes.length);
      bytes.fill(Math.floor(random() * 256), at, Math.min(bytes.length, at + Math.floor(random() ** 2 * 2000)));
    }
    const inPlain = await readBytes(bytes, "a.warc");
    const inMember = await readBytes(gzipSync(bytes), "a.warc.gz");
    assert.deepEqual(urls(inPlain), urls(inMember), `seed ${SEED + 3}, round ${round}`);
  }
});

test("an lz4 container is refused with a sentence, once", async () => {
  const reading = await readBytes(Buffer.from("04224d186440a70000", "hex"), "a.warc.lz4", { spanBytes: 3 });
  assert.equal(lostBytes(reading), 9);
  assert.match(reading.lost[0]!.reason, /lz4 container/);
});

test("an empty file holds nothing", async () => {
  for (const name of ["a.warc", "a.warc.gz", "a.warc.zst"]) {
    assert.deepEqual((await readBytes(Buffer.alloc(0), name)).items, []);
  }
});

test("ARC: URLs with blanks, wrong lengths, runs of blank lines", async () => {
  const line = (url: string, block: Buffer, length: number | string = block.length) =>
    Buffer.concat([Buffer.from(`${url} 127.0.0.1 20140216050221 text/html ${length}\n`), block, Buffer.from("\n")]);
  const page = http(html("Date: Sun, 16 Feb 2014 05:02:20 GMT\n\nno header line is a record"));
  const records = [
    line("filedesc://a.arc", Buffer.from("1 0 Name\nURL IP-address Archive-date Content-type Archive-length\n")),
    line("http://a.test/a b c", page),
    Buffer.from("\n\n\n"),
    line("http://a.test/no-length", page, -1),
    line("http://a.test/abc", page, "abc"),
    line("http://a.test/too-long", page, page.length + 50),
    line("dns:a.test", Buffer.from("a.test. 1.2.3.4")),
    line("http://a.test/last", page),
  ];
  for (const [stored, name] of [
    [Buffer.concat(records), "a.arc"],
    [Buffer.concat(members(records)), "a.arc.gz"],
    [gzipSync(Buffer.concat(records)), "a.arc.gz"],
  ] as const) {
    const reading = await readBytes(stored, name);
    assert.deepEqual(
      urls(reading),
      ["a b c", "no-length", "abc", "too-long", "last"].map((end) => `http://a.test/${end}`),
      name,
    );
    assert.deepEqual(reading.skipped, { filedesc: 1, dns: 1 });
    assert.deepEqual(reading.lost, []);
    assert.equal(reading.items[0]!.date, "2014-02-16T05:02:21Z");
  }
});

test("what is no page is counted by kind, and hostile kinds share one name", async () => {
  const kinds = ["warcinfo", "request", "metadata", "revisit", "continuation", "evil-1", "evil-2", ""];
  const reading = await readBytes(Buffer.concat(members(kinds.map((kind) => record(kind, "x")))), "a.warc.gz");
  assert.deepEqual(reading.skipped, { warcinfo: 1, request: 1, metadata: 1, revisit: 1, continuation: 1, unknown: 3 });
});

test("a WET record is a document with its text", async () => {
  const text = Buffer.from("Grüße aus dem Text.\n");
  const conversion = record("conversion", text, { url: "http://a.test/wet" });
  const wet = Buffer.from(
    conversion.toString("latin1").replace("application/http; msgtype=conversion", "text/plain"),
    "latin1",
  );
  const [item] = (await readBytes(wet, "a.warc.wet")).items;
  assert.ok(item !== undefined && isDocument(item as never));
  assert.equal((item as { text: string }).text, "Grüße aus dem Text.\n");
});

test("the checksum of members is really compared", () => {
  // Guards the fixture above: what the tests call a wrong CRC is one.
  const member = gzipSync("x");
  assert.equal(member.readUInt32LE(member.length - 8), crc32("x"));
  assert.equal(gunzipSync(member).toString(), "x");
});
