/** tokenizer.json, against Hugging Face's own library (npm `tokenizers`). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { FormatError } from "../../pipeline/errors.ts";
import { ByteLevelTokenizer } from "../../tokenizer/byte-level.ts";
import { readHuggingFace, writeHuggingFace } from "../../tokenizer/formats/huggingface.ts";
import { mergeListOf } from "../../tokenizer/formats/merge-list.ts";
import { patternOfRegex } from "../../tokenizer/formats/pre-tokenizer.ts";
import { NO_PATTERN, PATTERNS } from "../../tokenizer/pretokenize.ts";
import { plainSpecial } from "../../tokenizer/special.ts";
import { loadVocabulary, makeVocabulary, type Vocabulary, vocabularyDigest } from "../../tokenizer/vocabulary.ts";
import { needsShared, sharedPath } from "../shared.ts";
import { huggingFace, idsWithSpecial, oracleIds, smallVocabulary } from "./formats-helper.ts";
import { hostileText, randomCodePoints, seededRandom, TRAPS } from "./hostile.ts";

const SEED = 20_261_122;

function hostileTexts(count: number): string[] {
  const random = seededRandom(SEED);
  const texts = [...TRAPS];
  for (let i = 0; i < count; i++) texts.push(hostileText(random, 30), randomCodePoints(random, 20));
  return texts.map((text) => text.toWellFormed());
}

/** Checks our ids, and those of what is written and read again, against the library's on hostile texts. */
async function sameIdsAsLibrary(vocabulary: Vocabulary, file: Uint8Array, texts = hostileTexts(300)): Promise<void> {
  const expected = await oracleIds(huggingFace(file), texts);
  const encode = idsWithSpecial(vocabulary);
  for (const [n, text] of texts.entries()) {
    assert.deepEqual(encode(text), expected[n], `${JSON.stringify(text)} (seed ${SEED})`);
  }
}

// biome-ignore lint/suspicious/noExplicitAny: tests reach into a file's JSON wherever they like
type Json = any;

/** A tokenizer.json of ours with the special token in the vocabulary, as GPT-2's has it; changed. */
function file(change: (json: Json) => void, vocabulary = SMALL): Buffer {
  const json = JSON.parse(Buffer.from(writeHuggingFace(vocabulary)).toString());
  for (const { content, id } of json.added_tokens) json.model.vocab[content] = id;
  change(json);
  return Buffer.from(JSON.stringify(json));
}

const SMALL = smallVocabulary(1000);
const read = (bytes: Uint8Array): Vocabulary => readHuggingFace(bytes, "tokenizer.json", "small");

describe("written for the library, and read again", () => {
  for (const pattern of [...Object.values(PATTERNS), NO_PATTERN]) {
    test(`a vocabulary that merges by rank, with the pattern ${pattern.name}`, async () => {
      const vocabulary = smallVocabulary(2000, ["<|endoftext|>", "<|a b|>"], pattern);
      const written = writeHuggingFace(vocabulary);
      await sameIdsAsLibrary(vocabulary, written);
      const again = read(written);
      assert.deepEqual([again.pattern, again.special, again.wholePieces], [pattern, vocabulary.special, true]);
      assert.deepEqual(again.merges, mergeListOf(vocabulary).merges);
      assert.equal(vocabularyDigest(read(writeHuggingFace(again))), vocabularyDigest(again));
      assert.deepEqual(writeHuggingFace(again), written);
    });
  }

  test("ids that stand for nothing before and between the special tokens", async () => {
    const small = smallVocabulary(1000, []);
    const tokens = Array.from({ length: 1000 }, (_, id) => small.bytes.slice(small.starts[id], small.starts[id + 1]));
    const special = new Map([
      ["<|endoftext|>", 1004],
      ["<|pad|>", 1010],
    ]);
    const vocabulary = makeVocabulary("gaps", PATTERNS.cl100k, 1011, tokens, special);
    const written = writeHuggingFace(vocabulary);
    await sameIdsAsLibrary(vocabulary, written, [...hostileTexts(100), "a<|pad|><|endoftext|>b"]);
    assert.deepEqual([read(written).special, read(written).size], [special, 1011]);
  });

  test("tokens that no merge reaches are taken where they are a piece", async () => {
    const tokens = Array.from({ length: 256 }, (_, byte) => Buffer.of(byte));
    // "ab" comes before "abc" and "bc", so that "xbc" is reached and "zabcq" is not.
    for (const word of ["zabcq", " the", "ab", "bc", "xbc", "中文"]) tokens.push(Buffer.from(word));
    const vocabulary = makeVocabulary("odd", PATTERNS.gpt2, tokens.length, tokens, new Map());
    assert.deepEqual(mergeListOf(vocabulary).unreachable, [256, 257, 261]);
    await sameIdsAsLibrary(vocabulary, writeHuggingFace(vocabulary), [
      ...hostileTexts(50),
      "zabcq the xbc abcxbc the zabcq 中文 中文中文 zabcqq",
    ]);
  });

  test("random tokens in an order that no training would give", async () => {
    const random = seededRandom(SEED);
    for (let round = 0; round < 8; round++) {
      const words = new Set<string>();
      while (words.size < 80) {
        words.add(Array.from({ length: 2 + random() * 6 }, () => "abc"[Math.floor(random() * 3)]).join(""));
      }
      const tokens = Array.from({ length: 256 }, (_, byte) => Buffer.of(byte));
      tokens.push(...[...words].map((word) => Buffer.from(word)));
      const vocabulary = makeVocabulary("odd", PATTERNS.gpt2, tokens.length, tokens, new Map());
      const texts = Array.from({ length: 200 }, () =>
        Array.from({ length: random() * 30 }, () => "abc"[Math.floor(random() * 3)]).join(""),
      );
      await sameIdsAsLibrary(vocabulary, writeHuggingFace(vocabulary), texts);
    }
  });
});

test("explicit merges that are not in the order of ids give the library's ids", async () => {
  // Ids against the order of merges: by rank, other pairs would come first.
  const { merges } = mergeListOf(SMALL);
  const turned = file((json) => {
    const vocab: Record<string, number> = json.model.vocab;
    for (const [text, id] of Object.entries(vocab)) if (id >= 256 && id < 1000) vocab[text] = 1255 - id;
    (json.model as Record<string, unknown>).ignore_merges = false;
  });
  const vocabulary = read(turned);
  assert.deepEqual(
    [...vocabulary.merges!],
    [...merges].map((id) => (id >= 256 && id < 1000 ? 1255 - id : id)),
  );
  assert.equal(vocabularyDigest(read(writeHuggingFace(vocabulary))), vocabularyDigest(vocabulary));
  await sameIdsAsLibrary(vocabulary, turned);
});

test(
  "the published GPT-2 file gives the library's ids and those of gpt2",
  needsShared("fixtures/tokenizer/hf/gpt2_tokenizer.json"),
  async () => {
    const bytes = readFileSync(sharedPath("fixtures/tokenizer/hf/gpt2_tokenizer.json"));
    const vocabulary = read(bytes);
    const gpt2 = loadVocabulary("gpt2");
    assert.deepEqual(
      [vocabulary.pattern, vocabulary.special, vocabulary.added],
      [gpt2.pattern, gpt2.special, undefined],
    );
    assert.deepEqual([vocabulary.bytes, vocabulary.starts], [gpt2.bytes, gpt2.starts]);
    const texts = [...hostileTexts(300), "a<|endoftext|><|endoftext|> b"];
    await sameIdsAsLibrary(vocabulary, bytes, texts);
    await sameIdsAsLibrary(gpt2, bytes, texts);
    assert.equal(vocabularyDigest(read(writeHuggingFace(vocabulary))), vocabularyDigest(vocabulary));
  },
);

test(
  "minbpe's sample text in cl100k_base is the library's, and comes back",
  needsShared("fixtures/tokenizer/minbpe/taylorswift.txt"),
  async () => {
    const text = readFileSync(sharedPath("fixtures/tokenizer/minbpe/taylorswift.txt"), "utf8").slice(0, 100_000);
    const vocabulary = loadVocabulary("cl100k_base");
    const tokenizer = new ByteLevelTokenizer(vocabulary);
    const ids = tokenizer.encode(text);
    assert.deepEqual([[...ids]], await oracleIds(huggingFace(writeHuggingFace(vocabulary)), [text]));
    assert.equal(Buffer.from(tokenizer.decode(ids)).toString(), text);
  },
);

test("merges as pairs, older files without a type, and a file of Windows are read as the same", () => {
  const digest = vocabularyDigest(read(file(() => {})));
  const changes: Parameters<typeof file>[0][] = [
    ({ model }) => Object.assign(model, { merges: (model.merges as string[]).map((merge) => merge.split(" ")) }),
    ({ model }) => delete (model as Record<string, unknown>).type,
    ({ model }) => Object.assign(model, { continuing_subword_prefix: "", end_of_word_suffix: "" }),
    (json) =>
      Object.assign(json, { post_processor: { type: "TemplateProcessing", single: [], pair: [], special_tokens: {} } }),
    (json) => Object.assign(json, { truncation: { max_length: 8 }, padding: {}, decoder: null }),
    (json) => Object.assign(json, { pre_tokenizer: { type: "Sequence", pretokenizers: [json.pre_tokenizer] } }),
    (json) => delete (json.pre_tokenizer as Record<string, unknown>).use_regex,
  ];
  for (const change of changes) assert.equal(vocabularyDigest(read(file(change))), digest, String(change));
  const windows = `\ufeff${Buffer.from(writeHuggingFace(SMALL)).toString().replaceAll("\n", "\r\n")}`;
  assert.equal(vocabularyDigest(read(Buffer.from(windows))), digest);
});

const added = (id: number, content: string, rules: object = {}) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: true,
  special: false,
  ...rules,
});

describe("added tokens are found where the library finds them", () => {
  const TOKENS = [
    added(1001, "<l>", { lstrip: true }),
    added(1002, "<r>", { rstrip: true, special: true, normalized: false }),
    added(1003, "<lr>", { lstrip: true, rstrip: true }),
    added(1004, "word", { single_word: true }),
    added(1005, "<w>", { single_word: true, lstrip: true, special: true, normalized: false }),
    added(1006, "<r>b", {}),
    added(1007, "a<r", { normalized: false }),
    added(1008, "  ", { normalized: false }),
    added(1009, " x"),
    added(1010, "wordy"),
    added(1011, "éa", { single_word: true }),
    added(1012, "😀😀", { rstrip: true }),
    added(1013, "<|endoftext|><|endoftext|>", { special: true, normalized: false }),
    added(1014, "\u0301", { normalized: false }),
  ];
  const SNIPPETS = [
    ...TOKENS.map(({ content }) => content),
    ..." \n\t\u00a0\u0085\ufeff_a1b.é\u0301\u200d中😀",
    "<|endoftext|>",
    "  ",
    "words",
    "\u{10400}",
    "\u{1d7ce}",
  ];
  const texts = (): string[] => {
    const random = seededRandom(SEED);
    return Array.from({ length: 3000 }, () =>
      Array.from({ length: random() * 10 }, () => SNIPPETS[Math.floor(random() * SNIPPETS.length)]).join(""),
    );
  };
  const withTokens = (tokens: object[]): Buffer =>
    file((json) => Object.assign(json, { added_tokens: [...json.added_tokens, ...tokens] }));

  test("all kinds at once", async () => {
    const bytes = withTokens(TOKENS);
    const vocabulary = read(bytes);
    assert.equal(vocabulary.size, 1015);
    assert.deepEqual([...vocabulary.special.keys()], ["<|endoftext|>", "<r>", "<w>", TOKENS[12]!.content]);
    await sameIdsAsLibrary(vocabulary, bytes, texts());

    const written = writeHuggingFace(vocabulary);
    assert.equal(vocabularyDigest(read(written)), vocabularyDigest(vocabulary));
    await sameIdsAsLibrary(vocabulary, written, texts());
  });

  test("each kind alone", async () => {
    for (const token of TOKENS) {
      const bytes = withTokens([{ ...token, id: 1001 }]);
      await sameIdsAsLibrary(read(bytes), bytes, texts().slice(0, 300));
    }
  });

  test("with ids that have gaps, written for the library", async () => {
    // A token of model.vocab beyond its count: the library would number added tokens otherwise.
    const bytes = file((json) => {
      for (const token of TOKENS.filter(({ single_word }) => !single_word)) {
        json.model.vocab[token.content] = token.id + 50;
        json.added_tokens.push({ ...token, id: token.id + 50 });
      }
    });
    const vocabulary = read(bytes);
    await sameIdsAsLibrary(vocabulary, bytes, texts());
    const written = writeHuggingFace(vocabulary);
    assert.equal(vocabularyDigest(read(written)), vocabularyDigest(vocabulary));
    await sameIdsAsLibrary(vocabulary, written, texts());
  });

  test("a single word that the library would find within words is refused", () => {
    const bytes = file((json) => {
      json.model.vocab.word = 1001;
      json.added_tokens.push(added(1001, "word", { single_word: true }));
    });
    assert.throws(() => read(bytes), /added_tokens\[1\]\.single_word: found true, expected false \(with ignore_merges/);
    const gaps = makeVocabulary(
      "gaps",
      PATTERNS.gpt2,
      300,
      Array.from({ length: 256 }, (_, b) => Buffer.of(b)),
      new Map([["word", 299]]),
    );
    const word = { ...plainSpecial("word", 299), singleWord: true };
    assert.throws(
      () => writeHuggingFace({ ...gaps, added: [word] }),
      /ids with gaps and the single word "word" have no place/,
    );
  });

  test("encode() finds those that are not special, and spells the others", () => {
    const tokenizer = new ByteLevelTokenizer(
      read(withTokens(TOKENS.map((token) => ({ ...token, normalized: false })))),
    );
    for (const { content, id, special } of TOKENS) {
      const ids = tokenizer.encode(content);
      if (special) assert.ok(!ids.includes(id), content);
      else assert.deepEqual([...ids], [id], content);
      assert.equal(Buffer.from(tokenizer.decode(ids)).toString(), content);
    }
  });
});

describe("regular expressions cut as the library's engine cuts", () => {
  const REGEXES = [
    String.raw`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s`,
    String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
    String.raw`[\p{Han}\p{Hiragana}\p{Katakana}]+|\d|\D`,
    String.raw`\p{N}{1,3}`,
    String.raw`\p{^L}+`,
    String.raw`[^\P{L}a-cé]+.`,
    String.raw`\s{2,}|\S{,3}a|(?<=a)b+?c?|(?<!\n) $`,
    String.raw`(?>a+|b)(?:c|d)?|[\x{85}\u00a0\-\]]|(?i:k)x{2}?`,
    String.raw`\t|\r?\n|[!-/:-@]+|z\z`,
    "(?=[a-z])[a-z]{1,2}+",
    String.raw`[\s-]+|[a\-z]+`,
  ];
  for (const regex of REGEXES) {
    test(regex, async () => {
      const bytes = file((json) => {
        Object.assign(json, {
          pre_tokenizer: {
            type: "Sequence",
            pretokenizers: [
              { type: "Split", pattern: { Regex: regex }, behavior: "Isolated", invert: false },
              { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
            ],
          },
        });
      });
      const vocabulary = read(bytes);
      await sameIdsAsLibrary(vocabulary, bytes);
      const written = writeHuggingFace(vocabulary);
      assert.equal(vocabularyDigest(read(written)), vocabularyDigest(vocabulary));
      await sameIdsAsLibrary(vocabulary, written, hostileTexts(50));
    });
  }

  test("translations", () => {
    for (const [regex, source] of [
      ["'(?i:sK.)", "'[sSſ][kK\u212a][^\\n]"],
      [String.raw`\s\S\d[\s\D]`, String.raw`\p{White_Space}\P{White_Space}\p{Nd}[\p{White_Space}\P{Nd}]`],
      ["(?>a+)1", "(?:(?=(a+))\\1)1"],
      ["a*+b++", "(?:(?=(a*))\\1)(?:(?=(b+))\\2)"],
      ["a{1,3}+b{2}?c{,4}d{2,}?x$", "a+(?:b{2,2})?c{0,4}d{2,}?x(?![^\\n])"],
      [String.raw`\p{Han}\p{^L}[/&]/\x{3000}\u00e9`, String.raw`\p{Script=Han}\P{L}[\/\&]\/\u{3000}é`],
    ] as const) {
      assert.equal(patternOfRegex(regex, "x").source, source, regex);
      assert.equal(patternOfRegex(source, "x").source, source, regex);
    }
  });

  test("known spellings are known", () => {
    const contraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    const rest = String.raw`\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
    const [upper, lower] = [String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`, String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`];
    const o200k = (slash: string): string =>
      String.raw`[^\r\n\p{L}\p{N}]?${upper}*${lower}+${contraction}?|[^\r\n\p{L}\p{N}]?${upper}+${lower}*${contraction}?|${rest.replace("/", slash)}`;
    const cl100k = (contractions: string): string =>
      String.raw`${contractions}|[^\r\n\p{L}\p{N}]?\p{L}+|${rest.replace("/", "")}`;
    const known = (regex: string): unknown => patternOfRegex(regex, "x").name;
    assert.deepEqual([known(o200k("/")), known(o200k("\\/"))], ["o200k", "o200k"]);
    assert.deepEqual([known(cl100k(contraction)), known(cl100k("'(?i:[sdmt]|ll|ve|re)"))], ["cl100k", "cl100k"]);
    assert.equal(known(String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`), "gpt2");
  });

  test("what JavaScript cannot say, or what could match nothing or for ever, is refused", () => {
    for (const regex of [
      ..."*+?^)(][",
      ...[
        "",
        "a|",
        "a*",
        "(?=a)",
        "a{3,2}",
        "a{2000}",
        "(a)\\1",
        "\\w+",
        "\\bx",
        "\\h",
        "\\R",
        "^a",
        "[a&&b]",
        "[[:alpha:]]",
      ],
      ...[
        "[a[b]]",
        "\\p{Nope}",
        "(?i)a",
        "(?i:é)",
        "(?i:[a-z])",
        "(?i:[^a])",
        "(?i:ss)",
        "(?<n>a)",
        "(?m:a)",
        "(a+)+",
        "(?:a*b?)*c",
      ],
      ...[
        "a**",
        "a+{2}",
        "(?<=a+)b",
        "(?=a)*b",
        "[z-a]",
        "[\\s-a]",
        "\\x{110000}",
        "\\u{d800}",
        "\\",
        "[\\",
        "(?",
        "a{2,3}+b",
        "\\Aa",
        "\\Gb",
      ],
      ...[`${"(".repeat(60)}a${")".repeat(60)}`, "a".repeat(30_000)],
    ]) {
      assert.throws(
        () => patternOfRegex(regex, "x.json: pre_tokenizer"),
        (error) =>
          error instanceof FormatError && /^x\.json: pre_tokenizer: /.test(error.message) && error.message.length < 500,
        regex.slice(0, 80),
      );
    }
  });
});

describe("what would change ids is refused, by its place", () => {
  const split = (pattern: object, rest: object = {}): object => ({
    type: "Sequence",
    pretokenizers: [
      { type: "Split", pattern, behavior: "Isolated", invert: false, ...rest },
      { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
    ],
  });
  const CASES: [string, Parameters<typeof file>[0], string][] = [
    [
      "normalizer",
      (json) => Object.assign(json, { normalizer: { type: "NFC" } }),
      'normalizer: found an object of type "NFC", expected null',
    ],
    ["version", (json) => Object.assign(json, { version: "2.0" }), 'version: found "2.0", expected "1.0"'],
    ["model", ({ model }) => Object.assign(model, { type: "Unigram" }), 'model.type: found "Unigram", expected "BPE"'],
    ["dropout", ({ model }) => Object.assign(model, { dropout: 0.1 }), "model.dropout: found 0.1, expected null"],
    [
      "unk",
      ({ model }) => Object.assign(model, { unk_token: "<unk>" }),
      'model.unk_token: found "<unk>", expected null',
    ],
    [
      "prefix",
      ({ model }) => Object.assign(model, { continuing_subword_prefix: "##" }),
      'model.continuing_subword_prefix: found "##", expected null or ""',
    ],
    ["suffix", ({ model }) => Object.assign(model, { end_of_word_suffix: "</w>" }), "model.end_of_word_suffix: found"],
    [
      "byte fallback",
      ({ model }) => Object.assign(model, { byte_fallback: true }),
      "model.byte_fallback: found true, expected false",
    ],
    ["fuse", ({ model }) => Object.assign(model, { fuse_unk: true }), "model.fuse_unk: found true, expected false"],
    [
      "ignore_merges",
      ({ model }) => Object.assign(model, { ignore_merges: 1 }),
      "model.ignore_merges: found 1, expected true or false",
    ],
    [
      "no pre-tokenizer",
      (json) => Object.assign(json, { pre_tokenizer: null }),
      "pre_tokenizer: found null, expected ByteLevel",
    ],
    [
      "prefix space",
      ({ pre_tokenizer }) => Object.assign(pre_tokenizer, { add_prefix_space: true }),
      "pre_tokenizer.add_prefix_space: found true, expected false",
    ],
    [
      "Metaspace",
      (json) => Object.assign(json, { pre_tokenizer: { type: "Metaspace" } }),
      'pre_tokenizer: found an object of type "Metaspace", expected ByteLevel',
    ],
    [
      "two patterns",
      (json) =>
        Object.assign(json, {
          pre_tokenizer: { type: "Sequence", pretokenizers: [split({ Regex: "a" }), split({ Regex: "b" }), {}] },
        }),
      "pre_tokenizer.pretokenizers: found",
    ],
    [
      "behavior",
      (json) => Object.assign(json, { pre_tokenizer: split({ Regex: "a" }, { behavior: "MergedWithNext" }) }),
      'pretokenizers[0].behavior: found "MergedWithNext", expected "Isolated"',
    ],
    [
      "removed",
      (json) => Object.assign(json, { pre_tokenizer: split({ Regex: "a" }, { behavior: "Removed", invert: true }) }),
      'behavior: found "Removed", expected "Isolated"',
    ],
    [
      "regex",
      (json) => Object.assign(json, { pre_tokenizer: split({ Regex: "\\w+" }) }),
      'pre_tokenizer.pretokenizers[0].pattern.Regex: found "\\w" at 0',
    ],
    [
      "decoder",
      (json) => Object.assign(json, { decoder: { type: "Fuse" } }),
      'decoder.type: found "Fuse", expected "ByteLevel"',
    ],
    [
      "a byte short",
      ({ model }) => delete (model.vocab as Record<string, number>).Ā,
      "1 of the 256 single bytes have no token: 0 (",
    ],
    [
      "merge of nothing",
      ({ model }) => (model.merges as string[]).push("zz q"),
      'model.merges[744]: found "zz" + "q", but "zz" is no token',
    ],
    ["merge to nothing", ({ model }) => (model.merges as string[]).push("q !"), 'but what it makes, "q!" is no token'],
    ["merge of three", ({ model }) => (model.merges as unknown[]).push(["a", "b", "c"]), "model.merges[744]: found"],
    [
      "merge of numbers",
      ({ model }) => (model.merges as unknown[]).push([1, 2]),
      "model.merges[744][0]: found 1, expected a string",
    ],
    [
      "merge with spaces",
      ({ model }) => (model.merges as unknown[]).push("a  b"),
      'model.merges[744]: found "a  b", expected two tokens',
    ],
    [
      "merge of a special token",
      ({ model }) => (model.merges as unknown[]).push("<|endoftext|> !"),
      'but "<|endoftext|>" is no token that merges may use',
    ],
    [
      "one id twice",
      ({ model }) => Object.assign(model.vocab, { qqq: 5 }),
      "found id 5, which tokenizer.json: model.vocab",
    ],
    [
      "a raw space",
      ({ model }) => Object.assign(model.vocab, { "a b": 1001 }),
      'model.vocab["a b"]: found characters that stand for no byte',
    ],
    [
      "other id than the vocabulary's",
      (json) => Object.assign(json, { added_tokens: [added(7, "<|endoftext|>")] }),
      "added_tokens[0].id: found 7, expected 1000",
    ],
    [
      "other id than the library's",
      (json) => Object.assign(json, { added_tokens: [added(1000, "<|endoftext|>"), added(2000, "<x>")] }),
      "added_tokens[1].id: found 2000, expected 1001",
    ],
    [
      "empty added token",
      (json) => Object.assign(json, { added_tokens: [added(1000, "<|endoftext|>"), added(1001, "")] }),
      'added token "": expected one character or more',
    ],
  ];
  for (const [name, change, part] of CASES) {
    test(name, () => {
      assert.throws(
        () => read(file(change)),
        (error) =>
          (error instanceof FormatError &&
            error.message.startsWith("tokenizer.json: ") &&
            error.message.includes(part)) ||
          assert.fail(String(error)),
      );
    });
  }

  test("wrong types anywhere raise a FormatError and nothing else", () => {
    const paths: string[][] = [];
    const walk = (value: unknown, path: string[]): void => {
      paths.push(path);
      if (typeof value !== "object" || value === null) return;
      for (const key of Object.keys(value).slice(0, 12)) walk((value as Record<string, unknown>)[key], [...path, key]);
    };
    const sound = JSON.parse(
      file((json) => Object.assign(json, { pre_tokenizer: split({ Regex: "a+" }) }), smallVocabulary(260)).toString(),
    );
    walk(sound, []);
    let refusals = 0;
    for (const path of paths) {
      for (const wrong of [
        null,
        0,
        -1,
        1e99,
        "",
        "\ud800",
        [],
        [[]],
        {},
        true,
        false,
        { type: 1 },
        { __proto__: null },
      ]) {
        const json = structuredClone(sound);
        let at = json;
        for (const key of path.slice(0, -1)) at = at[key];
        if (path.length > 0) at[path.at(-1)!] = wrong;
        try {
          read(Buffer.from(JSON.stringify(path.length > 0 ? json : wrong)));
        } catch (error) {
          assert.ok(error instanceof FormatError, `${path.join(".")}: ${error}`);
          assert.match(error.message, /^tokenizer\.json: /);
          refusals++;
        }
      }
    }
    assert.ok(refusals > 500, String(refusals));
  });

  test("a file cut short anywhere", () => {
    const whole = file(() => {}, smallVocabulary(260));
    for (let end = 0; end < whole.length - 1; end += 37) assert.throws(() => read(whole.subarray(0, end)), FormatError);
  });
});

test("what cannot be a token is refused where it stands: longer than any piece of a text, or a number beyond all", () => {
  const long = file(({ model }) => Object.assign(model.vocab, { ["b".repeat(2 ** 20 + 1)]: 1001 }));
  assert.throws(() => read(long), { name: "FormatError", message: /found a token of 1048577 bytes, expected 1048576/ });
  const fits = file(({ model }) => Object.assign(model.vocab, { ["b".repeat(2 ** 20)]: 1001 }));
  const { length } = new ByteLevelTokenizer(read(fits)).encode("b".repeat(2 ** 20));
  assert.equal(length, 1, "the longest token there can be");
  const beyond = Buffer.from(
    file(() => {})
      .toString()
      .replace('"vocab":{', '"vocab":{"zz":1e999,'),
  );
  assert.throws(() => read(beyond), /model\.vocab\.zz: found Infinity, expected an id/);
});
