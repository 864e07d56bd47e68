/** Reading and writing `.tiktoken`, `vocab.json` + `merges.txt`, and what all formats have in common. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { FormatError } from "../../pipeline/errors.ts";
import { ByteLevelTokenizer } from "../../tokenizer/byte-level.ts";
import { readGpt2, writeGpt2 } from "../../tokenizer/formats/gpt2.ts";
import { readHuggingFace, writeHuggingFace } from "../../tokenizer/formats/huggingface.ts";
import { mergeListOf } from "../../tokenizer/formats/merge-list.ts";
import { fromPrintable, toPrintable } from "../../tokenizer/formats/printable.ts";
import { readTiktoken, writeTiktoken } from "../../tokenizer/formats/tiktoken.ts";
import { PATTERNS } from "../../tokenizer/pretokenize.ts";
import {
  loadVocabulary,
  makeVocabulary,
  type Vocabulary,
  vocabularyDigest,
  vocabularyFile,
} from "../../tokenizer/vocabulary.ts";
import { needsShared, sharedPath } from "../shared.ts";
import { smallVocabulary } from "./formats-helper.ts";
import { hostileText, seededRandom, TRAPS } from "./hostile.ts";

const LABELS = { vocab: "vocab.json", merges: "merges.txt" };

/** Raises FormatError with this in the message. */
function refused(call: () => unknown, ...parts: (string | RegExp)[]): void {
  assert.throws(call, (error) => {
    assert.ok(error instanceof FormatError, String(error));
    for (const part of parts) assert.match(error.message, typeof part === "string" ? literal(part) : part);
    assert.ok(
      error.message.length < 1000 && !error.message.includes("\n"),
      `one line: ${error.message.slice(0, 1000)}`,
    );
    return true;
  });
}

function literal(text: string): RegExp {
  return new RegExp(text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
}

/** All bytes, "ab", "abc" and two special tokens, as `vocab.json` and `merges.txt` say it. */
function pair(change: (vocab: [string, unknown][], merges: string[]) => void = () => {}) {
  const vocab: [string, unknown][] = Array.from({ length: 256 }, (_, id) => [toPrintable(Uint8Array.of(id)), id]);
  vocab.push(["ab", 256], ["abc", 257], ["<|endoftext|>", 258], ["<a space>", 300]);
  const merges = ["#version: 0.2", "a b", "ab c"];
  change(vocab, merges);
  const entries = vocab.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  return { vocab: Buffer.from(`{${entries.join(",")}}`), merges: Buffer.from(merges.join("\n")) };
}

const read = (files = pair()): Vocabulary => readGpt2(files, LABELS);

test("a byte's printable character is GPT-2's", () => {
  assert.equal(toPrintable(Buffer.from(" \n!~\u007f", "latin1")), "ĠĊ!~ġ");
  assert.equal(toPrintable(Uint8Array.of(0, 0xa0, 0xad, 0xa1, 0xff)), "ĀłŃ¡ÿ");
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  assert.deepEqual(fromPrintable(toPrintable(all)), all);
  assert.equal(new Set(toPrintable(all)).size, 256);
  for (const text of ["", " ", "a b", "\u0144", "中", "\ud800"]) assert.equal(fromPrintable(text), undefined, text);
});

test("vocab.json and merges.txt: bytes, merges, special tokens and unused ids", () => {
  const vocabulary = read();
  assert.equal(vocabulary.size, 301);
  assert.deepEqual([...vocabulary.merges!], [97, 98, 256, 99]);
  assert.equal(vocabulary.wholePieces, false);
  assert.deepEqual(
    [...vocabulary.special],
    [
      ["<|endoftext|>", 258],
      ["<a space>", 300],
    ],
  );
  assert.equal(
    Buffer.from(vocabulary.bytes.subarray(vocabulary.starts[257], vocabulary.starts[258])).toString(),
    "abc",
  );
});

test("vocab.json and merges.txt: written and read again, the same digest, and the same bytes", () => {
  for (const vocabulary of [read(), readGpt2(writeGpt2(smallVocabulary()), LABELS)]) {
    const written = writeGpt2(vocabulary);
    const again = readGpt2(written, LABELS);
    assert.equal(vocabularyDigest(again), vocabularyDigest(vocabulary));
    assert.deepEqual(writeGpt2(again), written);
  }
});

test("line ends of Windows, a byte order mark, an absent version line and empty lines change nothing", () => {
  const digest = vocabularyDigest(read());
  const { vocab, merges } = pair();
  const text = merges.toString();
  const mark = Buffer.from("\ufeff");
  for (const other of [`${text.replaceAll("\n", "\r\n")}\r\n`, text.replace("#version: 0.2\n", ""), `${text}\n\n`]) {
    assert.equal(vocabularyDigest(read({ vocab, merges: Buffer.from(other) })), digest);
    assert.equal(
      vocabularyDigest(read({ vocab: Buffer.concat([mark, vocab]), merges: Buffer.from(`\ufeff${other}`) })),
      digest,
    );
  }

  const ranks = writeTiktoken(smallVocabulary(300, []));
  const windows = `\ufeff${Buffer.from(ranks).toString().replaceAll("\n", "\r\n")}`;
  assert.equal(vocabularyDigest(readTiktoken(Buffer.from(windows), "x")), vocabularyDigest(readTiktoken(ranks, "x")));
});

test("names that every JavaScript object has are tokens like others", () => {
  // "__proto__" as _+_ → __, p+r → …: built up letter by letter.
  const files = pair((vocab, merges) => {
    let id = 400;
    const known = new Set(vocab.map(([text]) => text));
    for (const word of ["__proto__", "constructor", "toString"]) {
      for (let end = 2; end <= word.length; end++) {
        if (known.has(word.slice(0, end))) continue;
        known.add(word.slice(0, end));
        vocab.push([word.slice(0, end), id++]);
        merges.push(`${word.slice(0, end - 1)} ${word[end - 1]}`);
      }
    }
  });
  const vocabulary = read(files);
  assert.deepEqual([...vocabulary.special.keys()], ["<|endoftext|>", "<a space>"]);
  const text = vocabulary.bytes.subarray(vocabulary.starts[407], vocabulary.starts[408]);
  assert.equal(Buffer.from(text).toString(), "__proto__");
  assert.equal(vocabularyDigest(readGpt2(writeGpt2(vocabulary), LABELS)), vocabularyDigest(vocabulary));
  assert.equal(vocabularyDigest(readHuggingFace(writeHuggingFace(vocabulary), "x")), vocabularyDigest(vocabulary));

  // As a special token, without a merge.
  const special = read(pair((vocab) => vocab.push(["__proto__", 301], ["constructor", 302]))).special;
  assert.equal(special.get("__proto__"), 301);
  refused(() => read(pair((_, merges) => merges.push("__proto__ a"))), "merges.txt:4", '"__proto__" is no token');
});

test("vocab.json and merges.txt: what is wrong, and where", () => {
  const cases: [Parameters<typeof pair>[0], ...string[]][] = [
    [(_, merges) => merges.push("a  b"), 'merges.txt:4: found "a  b", expected two tokens with one space'],
    [(_, merges) => merges.push("a b c"), 'merges.txt:4: found "a b c"'],
    [(_, merges) => merges.push("ab"), 'merges.txt:4: found "ab"'],
    [(_, merges) => merges.push(" b"), 'merges.txt:4: found " b"'],
    [(_, merges) => merges.push("a "), 'merges.txt:4: found "a "'],
    [
      (_, merges) => merges.push("#version: 0.2"),
      'merges.txt:4: found "#version:" + "0.2", but "#version:" is no token',
    ],
    [(_, merges) => merges.push("x y"), 'merges.txt:4: found "x" + "y", but what it makes, "xy" is no token'],
    [(_, merges) => merges.push("zz y"), 'merges.txt:4: found "zz" + "y", but "zz" is no token'],
    [(_, merges) => merges.push("a b"), 'merges.txt:4: found "a" + "b", which is at merges.txt:2 too'],
    [(vocab) => vocab.push(["q!", 97]), 'found id 97, which vocab.json: "a" has too'],
    [(vocab) => vocab.push(["q!", -1]), 'vocab.json: "q!": found -1, expected an id from 0 to 16777215'],
    [(vocab) => vocab.push(["q", 2 ** 24]), "found 16777216, expected an id"],
    [(vocab) => vocab.push(["q", 1.5]), "found 1.5, expected an id"],
    [(vocab) => vocab.push(["q", "1"]), 'found "1", expected an id'],
    [(vocab) => vocab.push(["q", null]), "found null, expected an id"],
    [(vocab) => vocab.push(["q", { a: 1 }]), "found an object, expected an id"],
    [(vocab) => vocab.push(["", 301]), 'added token "": expected one character or more'],
    [
      (vocab) => vocab.push(["Ġlost", 301]),
      'vocab.json: "Ġlost": found no merge in merges.txt that makes it, expected one; was merges.txt cut short?',
    ],
    [
      (vocab) => vocab.splice(32, 3),
      'vocab.json: 3 of the 256 single bytes have no token: 32 ("Ġ"), 33 ("!"), 34 (""");',
    ],
  ];
  for (const [change, ...parts] of cases) {
    refused(() => read(pair(change)), ...parts);
  }
});

test("files that are something else are refused by name", () => {
  const garbage = Buffer.alloc(10_000_000);
  const random = seededRandom(7);
  for (let i = 0; i < garbage.length; i += 4) garbage.writeUInt32LE(Math.floor(random() * 2 ** 32), i);
  const good = pair();
  for (const bad of [
    garbage,
    Buffer.from(""),
    Buffer.from("{"),
    good.vocab.subarray(0, 1000),
    Buffer.from("\0".repeat(99)),
  ]) {
    refused(() => read({ ...good, vocab: bad }), /^vocab\.json: /);
    refused(() => readHuggingFace(bad, "tokenizer.json"), /^tokenizer\.json: /);
  }
  for (const bad of ["[]", "3", '"x"', "null", "true", "[".repeat(1_000_000)]) {
    refused(() => read({ ...good, vocab: Buffer.from(bad) }), /^vocab\.json: /);
    refused(() => readHuggingFace(Buffer.from(bad), "tokenizer.json"), /^tokenizer\.json: /);
  }
  refused(() => read({ ...good, merges: garbage }), /^merges\.txt: found bytes that are not UTF-8/);
  refused(() => read({ ...good, merges: good.vocab }), /^merges\.txt:1: found /);
  refused(() => readTiktoken(Buffer.alloc(10_000_000, "A"), "x.tiktoken"), /^x\.tiktoken:1: found "AAA/);
  refused(() => readTiktoken(garbage, "x.tiktoken"), /^x\.tiktoken:1: found "/);
  refused(() => readTiktoken(good.vocab, "x.tiktoken"), /^x\.tiktoken:1: found "/);
  refused(() => readTiktoken(Buffer.from(""), "x.tiktoken"), "x.tiktoken: 256 of the 256 single bytes have no token");
});

test(".tiktoken: the published files are read, and written as they were", () => {
  const file = readFileSync(vocabularyFile("gpt2"));
  const gpt2 = loadVocabulary("gpt2");
  const vocabulary = readTiktoken(file, "gpt2.tiktoken", { special: gpt2.special });
  assert.equal(vocabularyDigest(vocabulary), vocabularyDigest(gpt2));
  assert.deepEqual(Buffer.from(writeTiktoken(vocabulary)), file);
  assert.equal(readTiktoken(file, "x", { pattern: PATTERNS.cl100k }).pattern, PATTERNS.cl100k);
  assert.equal(readTiktoken(file, "x").special.size, 0);
});

test(".tiktoken: what is wrong, and where", () => {
  const good = Buffer.from(writeTiktoken(smallVocabulary(260, []))).toString();
  for (const line of [
    "YQ==",
    "YQ== -1",
    "YQ== x",
    "YQ== 1.5",
    " 300",
    "YQ==  300",
    "Y@Q= 300",
    "YQ== 300 ",
    "YQ== 16777216",
    "YQ=== 3",
    "YR== 300",
    "Y 300",
    "YQ== ",
  ]) {
    refused(
      () => readTiktoken(Buffer.from(`${good}${line}\n`), "x"),
      `x:261: found ${JSON.stringify(line)}, expected "base64 rank"`,
    );
  }
  refused(() => readTiktoken(Buffer.from(`${good}YQ== 300\n`), "x"), "x:261: found the token of x:65 again");
  refused(() => readTiktoken(Buffer.from(`${good}YWFh 3\n`), "x"), "x:261: found id 3, which x:4 has too");
  refused(() => readTiktoken(Buffer.from(good.split("\n").slice(9).join("\n")), "x"), "9 of the 256 single bytes");
});

test("ranks and the merges that are derived from them say the same", () => {
  const random = seededRandom(11);
  for (let round = 0; round < 30; round++) {
    // Tokens that merges never reach, and ids in an order that no training would give.
    const tokens = Array.from({ length: 256 }, (_, byte) => Buffer.of(byte));
    const words = new Set<string>();
    while (words.size < 60) {
      let word = "";
      const length = 2 + Math.floor(random() * 5);
      for (let i = 0; i < length; i++) word += "abc"[Math.floor(random() * 3)];
      words.add(word);
    }
    tokens.push(...[...words].map((word) => Buffer.from(word)));
    const vocabulary = makeVocabulary("random", PATTERNS.gpt2, tokens.length, tokens, new Map());
    const { merges, unreachable } = mergeListOf(vocabulary);
    assert.equal(merges.length / 2 + unreachable.length, words.size);
    assert.equal(merges.length / 2, new Set(words).size - unreachable.length);
    const listed = mergeListOf({ ...vocabulary, merges });
    assert.deepEqual(listed.unreachable, unreachable, `round ${round}`);
  }
});

test("a format that cannot say it refuses to write it", () => {
  const small = smallVocabulary(300);
  const { merges } = mergeListOf(small);
  const backwards = {
    ...small,
    merges: Uint32Array.from({ length: merges.length }, (_, i) => merges[merges.length - (i | 1) - 1 + (i & 1)]!),
  };
  refused(() => writeTiktoken(backwards), "its merges are not those that the order of its ids says");
  assert.deepEqual(writeTiktoken({ ...small, merges }), writeTiktoken(small));
  refused(() => writeGpt2({ ...small, pattern: PATTERNS.o200k }), "its pattern (o200k) has no place");
  refused(() => writeGpt2({ ...small, merges: merges.subarray(0, 20) }), "no merge makes");
  const padded = makeVocabulary(
    "padded",
    PATTERNS.gpt2,
    400,
    Array.from({ length: 256 }, (_, b) => Buffer.of(b)),
    new Map(),
  );
  for (const write of [writeGpt2, writeHuggingFace])
    refused(() => write(padded), "its last id, 399, stands for nothing");
  const twins = smallVocabulary(300, ["<|endoftext|>", "he"]);
  for (const write of [writeGpt2, writeHuggingFace]) refused(() => write(twins), 'are both spelled "he"');
  const rules = { special: true, leftStrip: true, rightStrip: false, singleWord: false, normalized: false };
  refused(
    () => writeGpt2({ ...small, added: [{ text: "<|endoftext|>", id: 300, ...rules }] }),
    'the rules of "<|endoftext|>" have no place',
  );
});

test("the digest hangs on the rules of added tokens, and is what it was without them", () => {
  const small = smallVocabulary(300);
  const plain = {
    text: "<|x|>",
    id: 300,
    special: true,
    leftStrip: false,
    rightStrip: false,
    singleWord: false,
    normalized: false,
  };
  const changed = (["special", "leftStrip", "rightStrip", "singleWord", "normalized"] as const).map((rule) =>
    vocabularyDigest({ ...small, added: [{ ...plain, [rule]: !plain[rule] }] }),
  );
  assert.equal(new Set([...changed, vocabularyDigest(small)]).size, 6);
});

const SHARED_GPT2 = ["data/tokenizer/gpt2_vocab.json.gz", "data/tokenizer/gpt2_merges.txt.gz"] as const;

test("GPT-2's own two files give the ids of the built-in gpt2", needsShared(...SHARED_GPT2), () => {
  const [vocab, merges] = SHARED_GPT2.map((path) => gunzipSync(readFileSync(sharedPath(path)))) as [Buffer, Buffer];
  const vocabulary = readGpt2({ vocab, merges }, LABELS);
  const gpt2 = loadVocabulary("gpt2");
  assert.deepEqual(vocabulary.special, gpt2.special);
  assert.deepEqual([vocabulary.size, vocabulary.starts, vocabulary.bytes], [gpt2.size, gpt2.starts, gpt2.bytes]);
  assert.deepEqual(mergeListOf(gpt2), { merges: vocabulary.merges, unreachable: [] });
  assert.deepEqual(Buffer.from(writeTiktoken(vocabulary)), readFileSync(vocabularyFile("gpt2")));

  const ours = new ByteLevelTokenizer(vocabulary);
  const builtIn = new ByteLevelTokenizer(gpt2);
  const random = seededRandom(3);
  const texts = [...TRAPS, ...Array.from({ length: 200 }, () => hostileText(random, 40))];
  for (const text of texts) assert.deepEqual(ours.encode(text), builtIn.encode(text), text);
});

test(
  "CS336's reference vocabulary: 243 merges and its special token",
  needsShared("data/tokenizer/train-bpe-reference-vocab.json.gz"),
  () => {
    const [vocab, merges] = ["vocab.json", "merges.txt"].map((name) =>
      gunzipSync(readFileSync(sharedPath(`data/tokenizer/train-bpe-reference-${name}.gz`))),
    ) as [Buffer, Buffer];
    const vocabulary = readGpt2({ vocab, merges }, LABELS);
    assert.deepEqual([...vocabulary.special], [["<|endoftext|>", 0]]);
    assert.deepEqual([vocabulary.size, vocabulary.merges!.length / 2], [500, 243]);
    assert.equal(vocabularyDigest(readGpt2(writeGpt2(vocabulary), LABELS)), vocabularyDigest(vocabulary));
  },
);
