import assert from "node:assert/strict";
import { test } from "node:test";
import extractText, { tidyLines } from "../../stages/extract/text.ts";
import { rawPage } from "./extract-crawl.ts";

const params = extractText.params.parse({});
const extract = (body: Uint8Array | string, charset?: string, changed: Partial<typeof params> = {}) =>
  extractText.extract({ ...rawPage(Buffer.from(body), "text/plain"), charset }, { ...params, ...changed }, undefined);

const kept: readonly [name: string, body: Uint8Array | string, text: string][] = [
  ["line ends of every system", "a\r\nb\rc\nd", "a\nb\nc\nd"],
  ["page breaks, Unicode's line ends", "a\fb\u0085c\u2028d\u2029e", "a\nb\nc\nd\ne"],
  ["blanks at line ends go, those at the head stay", "  a  \n\tb\t\n c", "  a\n\tb\n c"],
  ["one blank line is enough", "\n\na\n\n\n \n\nb\n\nc\n\n", "a\n\nb\n\nc"],
  ["marks and soft hyphens go", "\ufeffa\u00adb\ufeff", "ab"],
  ["markup is text", "<b>a</b> &amp;", "<b>a</b> &amp;"],
  ["right to left, and no spaces", "שלום\n日本語の文", "שלום\n日本語の文"],
  ["an escape is no binary byte", "\x1b[1mbold\x1b[0m", "[1mbold[0m"],
];
for (const [name, body, text] of kept) {
  test(`text: ${name}`, async () => assert.deepEqual(await extract(body), { text, tags: { charset: "utf-8" } }));
}

test("text: the charset is found as for HTML", async () => {
  assert.deepEqual(await extract(Buffer.from("caf\xe9", "latin1")), {
    text: "café",
    tags: { charset: "windows-1252" },
  });
  assert.deepEqual(await extract(Buffer.from("\xcf\xf0", "latin1"), "cp1251"), {
    text: "Пр",
    tags: { charset: "windows-1251" },
  });
  const utf16 = Buffer.from("\ufeffA\nb", "utf16le");
  assert.deepEqual(await extract(utf16), { text: "A\nb", tags: { charset: "utf-16le" } });
});

test("text: what is none is dropped", async () => {
  for (const body of ["", " \r\n\t\f\n", "\ufeff"]) {
    assert.deepEqual(await extract(body), { kept: false, reason: "no-text", value: 0 });
  }
  assert.deepEqual(await extract("MZ+\0\x03"), { kept: false, reason: "not-text", value: 3 });
  assert.deepEqual(await extract("four", undefined, { maxBytes: 3 }), {
    kept: false,
    reason: "text-too-large",
    value: 4,
  });
});

test("text: the result is tidy already", () => {
  let seed = 5;
  const next = (n: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % n;
  };
  const units = ["a", " ", "\t", "\n", "\r", "\r\n", "\f", "\u0085", "\u3000", "\ufeff", "\x01", "é"];
  for (let i = 0; i < 5000; i++) {
    const text = Array.from({ length: next(20) }, () => units[next(units.length)]).join("");
    const tidy = tidyLines(text);
    assert.equal(tidyLines(tidy), tidy, JSON.stringify(text));
    assert.ok(!/\n\n\n|[^\S\n]\n|\r/.test(tidy) && tidy === tidy.trimEnd(), JSON.stringify(text));
  }
});

test("text: hostile texts cost linear time", async () => {
  const started = process.cpuUsage();
  for (const unit of ["\n", " ", "a", " \n", "\r", "\u00ad", "\ufffd", "\ud800"]) {
    await extract(unit.repeat(1_000_000 / Buffer.byteLength(unit)));
  }
  assert.ok(process.cpuUsage(started).user < 8e6);
});
