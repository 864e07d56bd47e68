import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { get_encoding, type Tiktoken, type TiktokenEncoding } from "tiktoken";
import { FormatError, RecipeError } from "../../pipeline/errors.ts";
import { ByteLevelTokenizer } from "../../tokenizer/byte-level.ts";
import { loadTokenizer } from "../../tokenizer/load.ts";
import { tokenOffsets } from "../../tokenizer/offsets.ts";
import { loadVocabulary } from "../../tokenizer/vocabulary.ts";
import { needsShared, sharedPath } from "../shared.ts";
import { hostileText, randomCodePoints, seededRandom, TRAPS } from "./hostile.ts";

const NAMES = ["gpt2", "cl100k_base", "o200k_base"] as const;
const SEED = 20_240_611;

for (const name of NAMES) {
  describe(`${name} gives tiktoken's ids`, () => {
    let oracle: Tiktoken;
    let tokenizer: ByteLevelTokenizer;
    before(async () => {
      oracle = get_encoding(name as TiktokenEncoding);
      tokenizer = await loadTokenizer(name);
    });
    after(() => oracle.free());

    function sameIds(text: string): void {
      const ids = tokenizer.encode(text);
      assert.deepEqual([...ids], [...oracle.encode_ordinary(text)], `${JSON.stringify(text)} (seed ${SEED})`);
      assert.equal(new TextDecoder("utf-8", { ignoreBOM: true }).decode(tokenizer.decode(ids)), text.toWellFormed());
    }

    test("on texts made of traps, whole, and cut at every place", () => {
      for (const trap of TRAPS) {
        sameIds(trap);
        for (let end = 1; end < trap.length; end++) sameIds(trap.slice(0, end));
        for (let start = 1; start < trap.length; start++) sameIds(trap.slice(start));
      }
    });

    test("on seeded mixtures of traps", () => {
      const random = seededRandom(SEED);
      for (let i = 0; i < 4000; i++) sameIds(hostileText(random, 30));
    });

    test("on random code points", () => {
      const random = seededRandom(SEED + 1);
      for (let i = 0; i < 300; i++) sameIds(randomCodePoints(random, 40));
    });

    test("on long words, some above the limit of the quadratic path", () => {
      const random = seededRandom(SEED + 2);
      for (const alphabet of [
        "a",
        "ab",
        "aeinrst",
        "ABCabc",
        "0",
        "^",
        " ",
        "\n",
        " \n",
        "\t ",
        "中",
        "文中",
        "😀",
        "é'",
      ]) {
        for (const length of [90, 97, 130, 700]) {
          const letters = [...alphabet];
          sameIds(Array.from({ length }, () => letters[Math.floor(random() * letters.length)]).join(""));
        }
      }
    });

    test("of special tokens as themselves, and as ordinary text", () => {
      for (const text of ["a<|endoftext|>", "<|endoftext|><|endoftext|> b", "x <|endofprompt|> y", "<|fim_prefix|>z"]) {
        assert.deepEqual([...tokenizer.encodeWithSpecial(text)], [...oracle.encode(text, "all")], text);
        assert.deepEqual([...tokenizer.encodeWithSpecial(text, [])], [...oracle.encode_ordinary(text)], text);
      }
      assert.equal(tokenizer.encodeWithSpecial("<|endoftext|>", ["<|endoftext|>"])[0], tokenizer.endOfText);
      assert.throws(() => tokenizer.encodeWithSpecial("x", ["<|pad|>"]), /"<\|pad\|>" is no special token/);
    });

    test("the same ones again when the text comes again", () => {
      const text = TRAPS.join(" ");
      assert.deepEqual(tokenizer.encode(text), tokenizer.encode(text));
    });
  });

  test(`${name}: ten thousand of one character, led by a space and followed by a line break, come back`, async () => {
    const tokenizer = await loadTokenizer(name);
    for (const character of ["^", "0", "a", "'s", " ", "\n"]) {
      for (const text of [character.repeat(10_000), ` ${character.repeat(10_000)}`, `${character.repeat(10_000)}\n`]) {
        assert.equal(Buffer.from(tokenizer.decode(tokenizer.encode(text))).toString(), text);
      }
    }
  });

  test(`${name}: 200,000 of one letter take less than a second`, async () => {
    const tokenizer = await loadTokenizer(name);
    const start = performance.now();
    const ids = tokenizer.encode("a".repeat(200_000));
    assert.ok(performance.now() - start < 1000);
    assert.equal(tokenizer.decode(ids).length, 200_000);
  });

  test(`${name}: a run of a million comes back`, async () => {
    const tokenizer = await loadTokenizer(name);
    for (const character of ["^", " ", "X", "😀", "中", "\n", "\u0301"]) {
      const text = character.repeat(1_000_000);
      assert.ok(Buffer.from(text).equals(tokenizer.decode(tokenizer.encode(text))), character);
    }
  });
}

test("vectors of tiktoken's own tests", needsShared("fixtures/tokenizer/tiktoken/vectors.json"), async () => {
  const vectors = JSON.parse(readFileSync(sharedPath("fixtures/tokenizer/tiktoken/vectors.json"), "utf8"));
  let checked = 0;
  for (const name of ["gpt2", "cl100k_base"]) {
    const tokenizer = await loadTokenizer(name);
    for (const [text, ids] of vectors[name]) {
      assert.deepEqual([...tokenizer.encode(text)], ids, text);
      checked++;
    }
  }
  for (const { enc, text, allowed, ids } of vectors.special) {
    assert.deepEqual([...(await loadTokenizer(enc)).encodeWithSpecial(text, allowed)], ids, text);
    checked++;
  }
  for (const { enc, hex, ids } of vectors.bytes) {
    assert.deepEqual([...(await loadTokenizer(enc)).encodePiece(Buffer.from(hex, "hex"))], ids, hex);
    checked++;
  }
  for (const { enc, text, offsets } of vectors.offsets) {
    const tokenizer = await loadTokenizer(enc);
    assert.deepEqual(tokenOffsets(tokenizer, tokenizer.encodeWithSpecial(text)), offsets, text);
    checked++;
  }
  assert.equal(checked, 31);
});

test("GPT-2 ids of CS336's texts", needsShared("fixtures/course/gpt2_expected_ids.json"), async () => {
  const expected = JSON.parse(readFileSync(sharedPath("fixtures/course/gpt2_expected_ids.json"), "utf8"));
  const gpt2 = await loadTokenizer("gpt2");
  for (const [name, { text, ids, sha256_u16le }] of Object.entries<Record<string, never>>(expected)) {
    const input = text ?? readFileSync(sharedPath("fixtures/course/raw/a1_2025", name.replace("file:", "")), "utf8");
    const found = gpt2.encodeWithSpecial(input);
    if (ids !== null && ids !== undefined) assert.deepEqual([...found], ids, name);
    assert.equal(createHash("sha256").update(Uint16Array.from(found)).digest("hex"), sha256_u16le, name);
  }
});

test("of special tokens that begin alike, the longer wins", async () => {
  const twice = "<|endoftext|><|endoftext|>";
  const gpt2 = loadVocabulary("gpt2");
  const special = new Map([...gpt2.special, [twice, gpt2.size]]);
  const bytes = Buffer.concat([gpt2.bytes, Buffer.from(twice)]);
  const starts = Uint32Array.of(...gpt2.starts, bytes.length);
  const tokenizer = new ByteLevelTokenizer({ ...gpt2, size: gpt2.size + 1, special, bytes, starts });
  assert.deepEqual([...tokenizer.encodeWithSpecial(`${twice}<|endoftext|>`)], [50_257, 50_256]);
});

test("random bytes come back from a single piece", async () => {
  const random = seededRandom(SEED);
  const tokenizer = await loadTokenizer("o200k_base");
  for (let i = 0; i < 200; i++) {
    const bytes = Uint8Array.from({ length: Math.floor(random() * 300) }, () => random() * 256);
    assert.deepEqual(tokenizer.decode(tokenizer.encodeBytes(bytes)), bytes);
  }
});

test("ids that are no tokens are refused by position", async () => {
  const gpt2 = await loadTokenizer("gpt2");
  const cl100k = await loadTokenizer("cl100k_base");
  assert.throws(
    () => gpt2.decode([1, 50_257]),
    new FormatError("gpt2: id 50257 at position 1 is no token (ids go from 0 to 50256)"),
  );
  for (const id of [-1, 1.5, Number.NaN, 2 ** 32]) assert.throws(() => gpt2.decode([id]), FormatError, String(id));
  assert.throws(() => cl100k.decode([100_256]), FormatError); // unused between the tokens and the special ones
  assert.equal(gpt2.decode([]).length, 0);
});

test("an unknown name is a recipe error that lists the known ones", async () => {
  for (const name of ["gpt3", "", "__proto__", "constructor"]) {
    const start = `unknown tokenizer ${JSON.stringify(name)} (built in: gpt2, cl100k_base, o200k_base; a path works, too`;
    await assert.rejects(
      loadTokenizer(name),
      (error) => error instanceof RecipeError && error.message.startsWith(start),
    );
  }
});
