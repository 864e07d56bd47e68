/** The kernel's scanners against the regular expressions that define them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Encoder } from "../../tokenizer/encoder.ts";
import { Kernel } from "../../tokenizer/kernel/kernel.ts";
import { UNICODE_VERSION } from "../../tokenizer/kernel/unicode-classes.ts";
import { PATTERNS, type Pattern, type PatternName, PieceCutter, WINDOW_BYTES } from "../../tokenizer/pretokenize.ts";
import { loadVocabulary } from "../../tokenizer/vocabulary.ts";
import { fuzzBytes, fuzzText } from "./fuzz-texts.ts";
import { hostileText, randomCodePoints, seededRandom, TRAPS } from "./hostile.ts";

const SEED = 64;
const NAMES = Object.keys(PATTERNS) as PatternName[];
// The kernel's classes are those of one version of Unicode; a regular expression's are the engine's.
const sameUnicode = process.versions.unicode === UNICODE_VERSION;
const skip = sameUnicode
  ? false
  : `regular expressions know Unicode ${process.versions.unicode}, the kernel ${UNICODE_VERSION}`;

const kernel = new Kernel(loadVocabulary("gpt2"));

function scan(name: PatternName, bytes: Uint8Array): number[] {
  kernel.input.set(bytes);
  const ends: number[] = [];
  for (let at = 0; at < bytes.length; at = kernel.consumed) ends.push(...kernel.scan(name, at, bytes.length, true));
  return ends;
}

for (const name of NAMES) {
  const cutter = new PieceCutter(PATTERNS[name]);
  const same = (bytes: Uint8Array): void => {
    // What lay in the input before must not matter.
    kernel.input.fill(0x41 + (bytes.length % 60), 0, bytes.length + 200);
    assert.deepEqual(
      scan(name, bytes),
      [...cutter.cut(bytes)],
      `${JSON.stringify(Buffer.from(bytes).toString())} (seed ${SEED})`,
    );
  };

  test(`${name}: pieces of traps, at every place of a block`, { skip }, () => {
    for (const trap of TRAPS) {
      for (const lead of ["", "x ", " word and more words, then"]) same(Buffer.from(lead + trap));
    }
    const all = TRAPS.join("");
    for (let shift = 0; shift < 130; shift++) same(Buffer.from("ab ".repeat(50).slice(0, shift) + all.slice(0, 3000)));
  });

  test(`${name}: pieces of seeded mixtures and of random code points`, { skip }, () => {
    const random = seededRandom(SEED);
    for (let i = 0; i < 3000; i++) same(Buffer.from(hostileText(random, 40)));
    for (let i = 0; i < 2000; i++) same(Buffer.from(fuzzText(random)));
    for (let i = 0; i < 300; i++) same(Buffer.from(randomCodePoints(random, 120)));
  });

  test(`${name}: pieces of bytes that are no UTF-8`, { skip }, () => {
    const random = seededRandom(SEED + 1);
    for (let i = 0; i < 3000; i++) same(fuzzBytes(random));
    for (let i = 0; i < 500; i++) {
      // Text with some bytes hit: characters cut off, continued by others, at every place of a block.
      const bytes = Buffer.from(hostileText(random, 30));
      for (let hits = 0; hits < 4 && bytes.length > 0; hits++) {
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      }
      same(bytes);
    }
  });

  test(`${name}: few kinds of characters, in all orders`, { skip }, () => {
    const random = seededRandom(SEED + 2);
    const alphabets = [
      "a A\n",
      "aA中é\u0301",
      "a'sS tſ",
      " \n\u3000a",
      ".\n/ a",
      "1٣ a½",
      "\u00a0 .a\r\n",
      "\u0301 .中A'",
      "a'llve ",
    ];
    for (const alphabet of alphabets) {
      const letters = [...alphabet];
      for (let i = 0; i < 600; i++) {
        const length = Math.floor(random() * 150);
        same(Buffer.from(Array.from({ length }, () => letters[Math.floor(random() * letters.length)]).join("")));
      }
    }
  });

  test(`${name}: a run longer than the window is cut as the definition says`, { skip }, () => {
    for (const [unit, tail] of [
      ["a", " b"],
      [" ", "b"],
      ["😀", " b"],
      ["中", "b"],
      ["\n ", "x"],
      ["A中", "b"],
    ] as const) {
      const bytes = Buffer.from(`x ${unit.repeat(Math.ceil((WINDOW_BYTES * 1.5) / Buffer.byteLength(unit)))}${tail}`);
      same(bytes);
    }
  });
}

test("however a text is cut into writes, its ids are the same", () => {
  const random = seededRandom(SEED + 3);
  const custom: Pattern = { name: "custom", source: String.raw`\p{L}+| ?\d` };
  const parts: string[] = [];
  for (let bytes = 0; bytes < 6e6; ) {
    const part =
      random() < 0.9 ? `${"The quick brown fox. ".repeat(300)}\n\n${"中文".repeat(500)}` : hostileText(random, 40);
    parts.push(part);
    bytes += Buffer.byteLength(part);
  }
  const text = Buffer.from(`${parts.join("")}${" \n".repeat(800_000)}end`);
  const gpt2 = loadVocabulary("gpt2");
  for (const pattern of [PATTERNS.gpt2, PATTERNS.cl100k, PATTERNS.o200k, custom]) {
    const encoder = new Encoder({ ...gpt2, pattern });
    const idsOf = (sizes: () => number): number[] => {
      const ids: number[] = [];
      const keep = (part: Uint32Array): void => {
        for (const id of part) ids.push(id);
      };
      for (let at = 0; at < text.length; ) {
        const size = sizes();
        encoder.write(text.subarray(at, at + size), keep);
        at += size;
      }
      encoder.end(keep);
      return ids;
    };
    const whole = idsOf(() => text.length);
    assert.deepEqual(
      idsOf(() => 1 + Math.floor(random() * 300_000)),
      whole,
      pattern.name,
    );
    const decoded = Buffer.concat(whole.map((id) => gpt2.bytes.subarray(gpt2.starts[id], gpt2.starts[id + 1]!)));
    assert.ok(decoded.equals(text), pattern.name);
  }
});
