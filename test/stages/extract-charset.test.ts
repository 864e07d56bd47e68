import assert from "node:assert/strict";
import { test } from "node:test";
import { cleanCharacters, decodeText, knownCharset } from "../../stages/extract/charset.ts";
import { LABELS, SINGLE_BYTE } from "./encoding-standard.ts";

const utf8 = (text: string) => Buffer.from(text, "utf8");
const latin1 = (text: string) => Buffer.from(text, "latin1");
const bytes = (...values: number[]) => Uint8Array.from(values);

const meta = (label: string) => `<html><head><meta charset="${label}"><title>x</title>`;

const cases: readonly [name: string, body: Uint8Array, declared: string | undefined, charset: string, text: string][] =
  [
    ["an empty page", bytes(), undefined, "utf-8", ""],
    ["plain ASCII", utf8("plain"), "iso-8859-1", "utf-8", "plain"],
    ["valid UTF-8, whatever is declared", utf8("größer ✓"), "iso-8859-1", "utf-8", "größer ✓"],
    [
      "valid UTF-8, whatever its <meta> says",
      utf8(`${meta("shift_jis")}日本`),
      undefined,
      "utf-8",
      `${meta("shift_jis")}日本`,
    ],
    ["a UTF-8 mark, which is dropped", Buffer.concat([bytes(0xef, 0xbb, 0xbf), utf8("é")]), "koi8-r", "utf-8", "é"],
    ["a UTF-8 mark before damaged bytes", bytes(0xef, 0xbb, 0xbf, 0x61, 0xff, 0x62), "koi8-r", "utf-8", "a\ufffdb"],
    ["a UTF-16 mark, little end first", bytes(0xff, 0xfe, 0x41, 0, 0xe9, 0), "utf-8", "utf-16le", "Aé"],
    ["a UTF-16 mark, big end first", bytes(0xfe, 0xff, 0, 0x41, 0, 0xe9), undefined, "utf-16be", "Aé"],
    ["the transport's label", bytes(0xcf, 0xf0, 0xe8), "windows-1251", "windows-1251", "При"],
    ["a label with spaces and capitals", bytes(0xcf), " WINDOWS-1251 ", "windows-1251", "П"],
    ["the transport before <meta>", latin1(`${meta("koi8-r")}\xcf`), "cp1251", "windows-1251", `${meta("koi8-r")}П`],
    ["<meta> when the transport is silent", latin1(`${meta("koi8-r")}\xd0`), undefined, "koi8-r", `${meta("koi8-r")}п`],
    [
      "<meta> when the transport's label is unknown",
      latin1(`${meta("koi8-r")}\xd0`),
      "none",
      "koi8-r",
      `${meta("koi8-r")}п`,
    ],
    [
      "<meta http-equiv>",
      latin1('<meta http-equiv=Content-Type content="text/html; charset=gb2312">\xc4\xe3'),
      undefined,
      "gbk",
      '<meta http-equiv=Content-Type content="text/html; charset=gb2312">你',
    ],
    [
      "an XML declaration",
      latin1('<?xml version="1.0" encoding="iso-8859-2"?>\xb1'),
      undefined,
      "iso-8859-2",
      '<?xml version="1.0" encoding="iso-8859-2"?>ą',
    ],
    ["nothing said: windows-1252", latin1("caf\xe9 \x80"), undefined, "windows-1252", "café €"],
    ["iso-8859-1 means windows-1252", latin1("\x93x\x94"), "iso-8859-1", "windows-1252", "“x”"],
    ["<meta> cannot mean UTF-16", latin1(`${meta("utf-16")}\xff`), undefined, "utf-8", `${meta("utf-16")}\ufffd`],
    [
      "<meta> cannot mean x-user-defined",
      latin1(`${meta("x-user-defined")}\xe9`),
      undefined,
      "windows-1252",
      `${meta("x-user-defined")}é`,
    ],
    ["the transport can mean x-user-defined", latin1("a\x80\xff"), "x-user-defined", "x-user-defined", "a\uf780\uf7ff"],
    ["a label that forbids decoding", latin1("\xe9"), "replacement", "replacement", "\ufffd"],
    ["HZ is not decoded", latin1("~{VPND~}"), "hz-gb-2312", "replacement", "\ufffd"],
    ["a label of HZ on plain text", latin1("plain"), "hz-gb-2312", "utf-8", "plain"],
    ["ISO-2022-KR is not decoded", latin1("\x1b$)C\x0e0!\x0f"), "iso-2022-kr", "replacement", "\ufffd"],
    ["ISO-2022-JP, which is valid UTF-8 too", latin1('a\x1b$B$"\x1b(Bb'), "iso-2022-jp", "iso-2022-jp", "aあb"],
    [
      "ISO-2022-JP by its <meta>",
      latin1(`${meta("iso-2022-jp")}\x1b$B$"`),
      undefined,
      "iso-2022-jp",
      `${meta("iso-2022-jp")}あ`,
    ],
    ["an escape of ISO-2022-JP, and no label", latin1("\x1b$B"), undefined, "utf-8", "\x1b$B"],
    ["UTF-16 by the transport, without a mark", Buffer.from("Ab€", "utf16le"), "utf-16", "utf-16le", "Ab€"],
    ["UTF-16, big end first", latin1("\0A\0b"), "unicodefffe", "utf-16be", "Ab"],
    ["a label of UTF-16 on plain text", utf8("größer"), "utf-16", "utf-8", "größer"],
  ];

for (const [name, body, declared, charset, text] of cases) {
  test(`charset: ${name}`, () => {
    assert.deepEqual(decodeText(body, declared), { text, charset });
  });
}

test("a page of UTF-8 that is cut within its last character stays UTF-8", () => {
  for (const last of ["é", "✓", "𝄞"]) {
    const whole = utf8(`größer ${last}`);
    for (let missing = 1; missing < Buffer.byteLength(last); missing++) {
      const cut = whole.subarray(0, whole.length - missing);
      assert.deepEqual(decodeText(cut, undefined), { text: "größer ", charset: "utf-8" }, `${last} less ${missing}`);
    }
  }
});

test("a lone high byte is no cut character of UTF-8", () => {
  assert.equal(decodeText(bytes(0xe9), undefined).charset, "windows-1252");
  assert.equal(decodeText(latin1("\xa3 caf\xe9"), undefined).text, "£ café");
});

test("a <meta> beyond the first 4 KB is not looked for", () => {
  const page = latin1(`${" ".repeat(4096)}${meta("koi8-r")}\xd0`);
  assert.equal(decodeText(page, undefined).charset, "windows-1252");
});

test("a view into a larger buffer is read by its own bounds", () => {
  const backing = latin1(`${meta("koi8-r")}\xd0\xd0\xd0`);
  assert.equal(decodeText(backing.subarray(backing.length - 1), undefined).charset, "windows-1252");
});

test("NULs go, lone surrogates become U+FFFD", () => {
  assert.equal(cleanCharacters("a\0b\ud800c\udc00 𝄞"), "ab\ufffdc\ufffd 𝄞");
  assert.equal(decodeText(utf8("a\0b"), undefined).text, "ab");
});

test("hostile heads cost linear time", () => {
  const started = process.cpuUsage();
  for (const unit of ["<meta ", "<meta charset", "<?xml ", "<meta charset=", "charset="]) {
    decodeText(latin1(`${unit.repeat(4096 / unit.length)}\xff`), undefined);
  }
  assert.ok(process.cpuUsage(started).user < 1e6);
});

test("each of the standard's 228 labels means what it says there", () => {
  let count = 0;
  for (const [name, labels] of Object.entries(LABELS)) {
    for (const label of labels.split(" ")) {
      count++;
      assert.equal(knownCharset(label), name);
      assert.equal(knownCharset(`\t${label.toUpperCase()}\n`), name);
    }
  }
  assert.equal(count, 228);
});

test("no other label means anything", () => {
  const others = [
    "klingon",
    "",
    "utf-7",
    "utf-32",
    "windows-1259",
    "iso-8859-12",
    "latin1\0",
    "\xa0utf-8",
    "constructor",
  ];
  for (const label of [...others, undefined]) assert.equal(knownCharset(label), undefined);
});

test("every byte of every single-byte encoding is the standard's character", () => {
  assert.equal(Object.keys(SINGLE_BYTE).length, 28);
  for (const [name, expected] of Object.entries(SINGLE_BYTE)) {
    // ASCII, which all of them begin with, hides no byte.
    for (let byte = 1; byte < 0x80; byte++) assert.equal(decodeText(bytes(byte), name).text, String.fromCharCode(byte));
    for (let byte = 0x80; byte <= 0xff; byte++) {
      assert.deepEqual(
        decodeText(bytes(byte), name),
        { text: expected[byte - 0x80], charset: name },
        `${name} ${byte}`,
      );
    }
  }
});

/** Rows of the standard's indexes and steps of its decoders: bytes at which Node's own decoders (24.21) are wrong, and their neighbours. */
const sequences: readonly [charset: string, hex: string, text: string][] = [
  ["big5", "a440 a1e3 f9fe", "一～￭"],
  ["big5", "8740 8862 8864 88a3 88a5 fefe", "\u43f0Ê̄Ê̌ê̄ê̌\u79d4"], // HKSCS
  ["big5", "a3c0 a3e1", "␀€"],
  ["big5", "80 ff", "\ufffd\ufffd"],
  ["big5", "8141", "\ufffdA"], // an ASCII byte is not swallowed
  ["euc-jp", "a4a2 8eb1 8fa2af", "あｱ˘"],
  ["euc-jp", "fcfc 8ff3a1 80", "￤\ufffd\ufffd"],
  ["shift_jis", "82a0 b1 815c 817c", "あｱ―－"],
  ["shift_jis", "1a 1c 7f ffb1", "\x1a\x1c\x7f\ufffdｱ"],
  ["shift_jis", "80b1 f040", "\x80ｱ\ue000"],
  ["iso-2022-jp", "1b2442 2422 1b2849 31 1b284a 5c7e 1b2842 5c", "あｱ¥‾\\"],
  ["euc-kr", "b0a1 a1a1 c7d1", "가\u3000한"],
  ["euc-kr", "8141 8ce3 c652", "갂뚣힣"], // windows-949
  ["euc-kr", "80 c9a1", "\ufffd\ufffd"],
  ["gbk", "c4e3 80 a2e3 fe50", "你€€⺁"],
  ["gb18030", "81308130 8135f437 a8bc 90308130 e3329a35", "\u0080\ue7c7ḿ\u{10000}\u{10ffff}"],
  ["gb18030", "fe59 fe61 82359037 a6d9", "\u9fb4\u9fb5\u9fb4\ufe10"], // the edition of 2022
  ["utf-16be", "0041 d834dd1e", "A𝄞"],
  ["utf-16le", "4100 34d8", "A\ufffd"],
];

for (const [charset, hex, text] of sequences) {
  test(`charset: ${charset} ${hex}`, () => {
    const body = Buffer.from(hex.replaceAll(" ", ""), "hex");
    assert.deepEqual(decodeText(body, charset), { text, charset });
  });
}
