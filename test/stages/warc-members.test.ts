/** The fast ways of the `warc` source beside plain ones: guessed lengths of members, header lines in one pass. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { parseHeaderFields } from "../../stages/sources/warc/header-fields.ts";
import { html, http, lostBytes, members, rawPages, readBytes, record } from "./warc-reading.ts";

test("a magic inside a member, with whatever before it, changes nothing", async () => {
  const magic = Buffer.from([0x1f, 0x8b, 0x08, 0]);
  for (const length of [0, 1, 64, 100_000, 16 << 20, 2 ** 31, 2 ** 32 - 1]) {
    const claimed = Buffer.alloc(4);
    claimed.writeUInt32LE(length);
    const body = Buffer.concat([
      Buffer.from(html("x".repeat(50_000))),
      claimed,
      magic,
      Buffer.from("y".repeat(30_000)),
    ]);
    const files = [http(body), http(html("next"))].map((response) => record("response", response));
    // Level 0 stores the bytes as they are.
    const bytes = Buffer.concat(files.map((one) => gzipSync(one, { level: 0 })));
    const reading = await readBytes(bytes, "a.warc.gz");
    assert.deepEqual(reading.lost, []);
    assert.deepEqual(
      rawPages(reading).map((page) => Buffer.from(page.body).equals(body) || Buffer.from(page.body).toString()),
      [true, html("next")],
      `claimed ${length}`,
    );
  }
});

test("a member whose own length lies is lost, and its neighbours are not", async () => {
  for (const length of [0, 1, 300, 2 ** 20, 2 ** 32 - 1]) {
    const three = members(["a", "b", "c"].map((word) => record("response", http(html(word)))));
    three[1]!.writeUInt32LE(length, three[1]!.length - 4);
    const reading = await readBytes(Buffer.concat(three), "a.warc.gz");
    const offset = three[0]!.length;
    assert.deepEqual(reading.lost, [{ offset, bytes: three[1]!.length, reason: "gzip member with a wrong length" }]);
    assert.deepEqual(
      rawPages(reading).map(({ body }) => Buffer.from(body).toString()),
      [html("a"), html("c")],
    );
  }
});

test("a member whose name is too long for a header is lost, wherever spans are cut", async () => {
  const [before, named, behind] = members(["a", "b", "c"].map((word) => record("response", http(html(word)))));
  named![3]! |= 0x08; // a name follows the header's ten bytes
  for (const [nameBytes, isRead] of [
    [200_000, true],
    [300_000, false],
  ] as const) {
    const long = Buffer.concat([
      named!.subarray(0, 10),
      Buffer.alloc(nameBytes, "n"),
      Buffer.of(0),
      named!.subarray(10),
    ]);
    const bytes = Buffer.concat([before!, long, behind!]);
    for (const spanBytes of [1 << 30, 50_000]) {
      const reading = await readBytes(bytes, "a.warc.gz", { spanBytes });
      assert.equal(rawPages(reading).length, isRead ? 3 : 2);
      assert.equal(lostBytes(reading), isRead ? 0 : long.length);
    }
  }
});

/** The definition of header lines. */
function plainFields(lines: string): [string, string[]][] {
  const fields = new Map<string, string[]>();
  let last: string[] | undefined;
  for (const line of lines.split("\n")) {
    if (line === "" || line === "\r") continue;
    if (last !== undefined && /^[ \t]/.test(line)) {
      last.push(`${last.pop()} ${line.trim()}`);
      continue;
    }
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    last = fields.get(name) ?? [];
    fields.set(name, last);
    last.push(line.slice(colon + 1).trim());
  }
  return [...fields];
}

test("header lines are read as their definition says", () => {
  const units = ["\r\n", "\n", "\r", ":", " ", "\t", "a", "B: x", "Content-Type", "é", "\0", `${"N".repeat(70)}:`];
  let seed = 11;
  const next = (n: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % n;
  };
  for (let i = 0; i < 20_000; i++) {
    const lines = Array.from({ length: next(14) }, () => units[next(units.length)]).join("");
    assert.deepEqual([...parseHeaderFields(lines)], plainFields(lines), JSON.stringify(lines));
  }
});

test("hostile header lines cost linear time", () => {
  const started = process.cpuUsage();
  for (const unit of ["a\n", "a:\n", ":\n", " \n", "\r\n", "a", "a: b\n c\n"]) parseHeaderFields(unit.repeat(60_000));
  assert.ok(process.cpuUsage(started).user < 4e6);
});
