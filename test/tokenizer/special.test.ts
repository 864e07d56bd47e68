import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { FormatError } from "../../pipeline/errors.ts";
import { loadTokenizer } from "../../tokenizer/load.ts";
import {
  type AddedToken,
  addedTokensOf,
  cutAtTokens,
  cutStream,
  endOfTextOf,
  plainSpecial,
  refuseSpecial,
  SpecialScanner,
} from "../../tokenizer/special.ts";
import { loadVocabulary } from "../../tokenizer/vocabulary.ts";
import { needsShared, sharedPath } from "../shared.ts";
import { seededRandom } from "./hostile.ts";

const token = (text: string, id: number, rules: Partial<AddedToken> = {}): AddedToken => ({
  ...plainSpecial(text, id),
  ...rules,
});

/** Parts as strings and numbers. */
function cut(text: string, tokens: AddedToken[], allowed: "all" | string[] = "all"): (string | number)[] {
  const parts = cutAtTokens(text, tokens, allowed === "all" ? "all" : new Set(allowed));
  return Array.from(parts, (part) => ("id" in part ? part.id : part.text));
}

describe("cutting a text at tokens", () => {
  test("the leftmost counts, and of those that begin together the longest", () => {
    const tokens = [token("<e>", 1), token("<e><e>", 2), token("e><e", 3)];
    assert.deepEqual(cut("a<e>b<e><e>c<e><e><e>", tokens), ["a", 1, "b", 2, "c", 2, 1]);
    assert.deepEqual(cut("e><e>", tokens), [3, ">"]);
    assert.deepEqual(cut("", tokens), []);
    assert.deepEqual(cut("<e", tokens), ["<e"]);
    assert.deepEqual(cut("x", []), ["x"]);
  });

  test("special tokens where they are allowed, others always", () => {
    const tokens = [token("<a>", 1), token("<b>", 2), token("<c>", 3, { special: false }), token("<a><c>", 4)];
    assert.deepEqual(cut("<a><b><c>", tokens, []), ["<a><b>", 3]);
    assert.deepEqual(cut("<a><b><c>", tokens, ["<b>"]), ["<a>", 2, 3]);
    // A longer token that is not allowed hides no shorter one.
    assert.deepEqual(cut("<a><c>", tokens, ["<a>"]), [1, 3]);
    assert.deepEqual(cut("<a><c>", tokens), [4]);
    assert.deepEqual(cut("<a>", tokens, ["<nothing of the kind>"]), ["<a>"]);
  });

  test("whitespace goes with tokens that strip, and words stay whole", () => {
    assert.deepEqual(cut("a \n\u0085<l> b", [token("<l>", 1, { leftStrip: true })]), ["a", 1, " b"]);
    assert.deepEqual(cut("a <r>\u3000\t b", [token("<r>", 1, { rightStrip: true })]), ["a ", 1, "b"]);
    assert.deepEqual(cut("\ufeff<r>\ufeff", [token("<r>", 1, { rightStrip: true, leftStrip: true })]), [
      "\ufeff",
      1,
      "\ufeff",
    ]);
    const word = token("cat", 1, { singleWord: true });
    assert.deepEqual(cut("cat cats _cat cat, 𐐀cat cat\u0301 é cat", [word]), [
      1,
      " cats _cat ",
      1,
      ", 𐐀cat cat\u0301 é ",
      1,
    ]);
    // Two that strip, side by side: the space between them goes with the first.
    const both = [token("<l>", 1, { leftStrip: true }), token("<r>", 2, { rightStrip: true })];
    assert.deepEqual(cut("<r>  <l>", both), [2, 1]);
  });

  test("normalized ones are found in what the others leave", () => {
    const late = token("a<b", 1, { normalized: true });
    assert.deepEqual(cut("a<b>a<b", [late, token("<b>", 2)]), ["a", 2, 1]);
    assert.deepEqual(cut("a<b>a<b", [late, token("<b>", 2, { normalized: true })]), [1, ">", 1]);
  });

  test("texts with units that are no characters", () => {
    assert.deepEqual(cut("\ud83d<e>\ude00😀", [token("<e>", 1), token("😀", 2)]), ["\ud83d", 1, "\ude00", 2]);
    assert.deepEqual(cut("a.b*c", [token(".b*", 1)]), ["a", 1, "c"]);
    assert.deepEqual(cut("]^-\\", [token("^", 1), token("]", 2), token("-", 3), token("\\", 4)]), [2, 1, 3, 4]);
  });

  test("a million beginnings take no second", () => {
    const tokens = Array.from({ length: 500 }, (_, n) => token(`<|reserved_${n}|>`, n));
    const start = performance.now();
    assert.equal(cut(`${"<|reserved_".repeat(100_000)}<|reserved_77|>`, tokens).length, 2);
    assert.ok(performance.now() - start < 2000);
  });
});

test("a special token that is not allowed is refused, with what to do", () => {
  const tokens = addedTokensOf(loadVocabulary("cl100k_base"));
  const text = "see <|endofprompt|> here";
  assert.throws(
    () => refuseSpecial(text, tokens, new Set()),
    (error) =>
      error instanceof FormatError &&
      /found the special token "<\|endofprompt\|>" at 4, expected ordinary text; allow it by name .* or use encode\(\)/.test(
        error.message,
      ),
  );
  refuseSpecial(text, tokens, "all");
  refuseSpecial(text, tokens, new Set(["<|endofprompt|>"]));
  refuseSpecial(text, tokens, new Set(), new Set());
  refuseSpecial(text, tokens, new Set(), new Set(["<|endoftext|>"]));
  refuseSpecial("<|endoftext", tokens, new Set());
  refuseSpecial("<c>", [token("<c>", 1, { special: false })], new Set());
});

test("tokens of a vocabulary, by ascending id", () => {
  assert.deepEqual(
    addedTokensOf(loadVocabulary("o200k_base")).map(({ text, id }) => [text, id]),
    [
      ["<|endoftext|>", 199_999],
      ["<|endofprompt|>", 200_018],
    ],
  );
  const rules = token("<x>", 3, { leftStrip: true });
  assert.deepEqual(
    addedTokensOf({
      special: new Map([
        ["<x>", 3],
        ["<y>", 1],
      ]),
      added: [rules],
    }),
    [plainSpecial("<y>", 1), rules],
  );
});

test("the end of a text has four names, the most usual first", () => {
  const all = [
    ["<eos>", 4],
    ["</s>", 3],
    ["<|end_of_text|>", 2],
    ["<|endoftext|>", 1],
  ] as const;
  for (let left = 4; left > 0; left--) assert.equal(endOfTextOf(new Map(all.slice(0, left))), 5 - left);
  assert.equal(endOfTextOf(new Map([["<pad>", 0]])), undefined);
  assert.equal(endOfTextOf(new Map([["</s>", 0]])), 0);
});

describe("cutting bytes as they arrive", () => {
  async function cutChunks(chunks: Uint8Array[], scanner: SpecialScanner): Promise<(string | number)[]> {
    const parts: (string | number)[] = [];
    for await (const part of cutStream(chunks, scanner)) {
      if ("id" in part) parts.push(part.id);
      else {
        const text = Buffer.from(part.bytes).toString("latin1");
        if (typeof parts.at(-1) === "string") parts.push((parts.pop() as string) + text);
        else parts.push(text);
      }
    }
    return parts;
  }

  const SETS: string[][] = [
    ["<e>"],
    ["<e>", "<e><e>", "<e><e><e>x"],
    ["aab", "ab", "b", "aaab"],
    ["é", "\u00e9é", "😀", "<"],
    ["aaaa", "aa"],
  ];

  test("chunks of any size give what the whole gives, and what cutAtTokens gives", async () => {
    const random = seededRandom(5);
    for (const set of SETS) {
      const scanner = new SpecialScanner(set.map((text, id) => [text, id]));
      assert.equal(scanner.maxTokenBytes, Math.max(...set.map((text) => Buffer.byteLength(text))));
      for (let round = 0; round < 150; round++) {
        const snippets = [...set, ...set.map((text) => text.slice(0, -1)), "a", "x", "é", "<"];
        const text = Array.from({ length: random() * 12 }, () => snippets[Math.floor(random() * snippets.length)])
          .join("")
          .toWellFormed();
        const whole = Buffer.from(text);
        const expected = cut(
          text,
          set.map((name, id) => token(name, id)),
        ).map((part) => (typeof part === "string" ? Buffer.from(part).toString("latin1") : part));
        assert.deepEqual(await cutChunks([whole], scanner), expected, text);
        const single = Array.from(whole, (byte) => Uint8Array.of(byte));
        assert.deepEqual(await cutChunks(single, scanner), expected, text);
        const chunks: Uint8Array[] = [];
        for (let at = 0; at < whole.length; ) {
          const end = at + Math.floor(random() * 6);
          chunks.push(whole.subarray(at, end));
          at = end;
        }
        assert.deepEqual(await cutChunks(chunks, scanner), expected, text);
      }
    }
  });

  test("no more than a token's bytes are kept", () => {
    const scanner = new SpecialScanner([["<|endoftext|>", 7]]);
    const bytes = Buffer.from("some <|text<|endoftex");
    assert.deepEqual(scanner.find(bytes, 0, false), { start: 11, end: 21, id: undefined });
    assert.deepEqual(scanner.find(bytes, 0, true), { start: 21, end: 21, id: undefined });
    assert.deepEqual(scanner.find(Buffer.from("x<|endoftext|>"), 0, false), { start: 1, end: 14, id: 7 });
    assert.deepEqual(scanner.find(bytes, 21, false), { start: 21, end: 21, id: undefined });
    assert.deepEqual(new SpecialScanner([]).find(bytes, 3, false), { start: 21, end: 21, id: undefined });
    assert.throws(() => new SpecialScanner([["", 1]]), RangeError);
  });

  test("a complete token waits while a longer one may be under way", () => {
    const scanner = new SpecialScanner([
      ["<e>", 1],
      ["<e><e>", 2],
    ]);
    assert.equal(scanner.find(Buffer.from("<e>"), 0, false).id, undefined);
    assert.equal(scanner.find(Buffer.from("<e>"), 0, true).id, 1);
    assert.equal(scanner.find(Buffer.from("<e>x"), 0, false).id, 1);
    assert.equal(scanner.find(Buffer.from("<e><e>"), 0, false).id, 2);
  });

  test("200 MB in chunks of 1 MB, in constant memory", async () => {
    const chunk = Buffer.alloc(1 << 20, "lorem ipsum <dolor> sit <|amet|> ");
    chunk.write("<|endoftext|>", 1000);
    chunk.write("|>", 0);
    chunk.write("<|endoftext", chunk.length - 11);
    const scanner = new SpecialScanner(loadVocabulary("gpt2").special);
    function* chunks(): Iterable<Uint8Array> {
      for (let n = 0; n < 200; n++) yield chunk;
    }
    let tokens = 0;
    let bytes = 0;
    let peak = 0;
    for await (const part of cutStream(chunks(), scanner)) {
      if ("id" in part) tokens++;
      else bytes += part.bytes.length;
      peak = Math.max(peak, process.memoryUsage.rss());
    }
    assert.equal(tokens, 200 + 199);
    assert.equal(bytes + 13 * tokens, 200 * chunk.length);
  });
});

test("special tokens of tiktoken's own tests", needsShared("fixtures/tokenizer/tiktoken/vectors.json"), async () => {
  const { special } = JSON.parse(readFileSync(sharedPath("fixtures/tokenizer/tiktoken/vectors.json"), "utf8"));
  assert.equal(special.length, 2);
  for (const { enc, text, allowed, ids } of special) {
    const tokenizer = await loadTokenizer(enc);
    const parts = cutAtTokens(text, addedTokensOf(loadVocabulary(enc)), allowed);
    const found = [...parts].flatMap((part) => ("id" in part ? [part.id] : [...tokenizer.encode(part.text)]));
    assert.deepEqual(found, ids, text);
  }
});
