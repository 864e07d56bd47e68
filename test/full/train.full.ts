/** Training against Hugging Face's trainer and against the definition, on more text than `npm test` has time for. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PATTERNS, PieceCutter } from "../../tokenizer/pretokenize.ts";
import { learnMerges, TIE_RULES } from "../../tokenizer/train/learn.ts";
import { MergeLearner } from "../../tokenizer/train/learn-fast.ts";
import { PieceCounter } from "../../tokenizer/train/piece-counter.ts";
import { trainTokenizer } from "../../tokenizer/train/train.ts";
import { vocabularyDigest } from "../../tokenizer/vocabulary.ts";
import { type CorpusName, corpus } from "../tokenizer/corpora.ts";
import { HUGGING_FACE_SIZE, huggingFaceMerges, mergesAsText } from "../tokenizer/hugging-face-merges.ts";
import { tempFolder } from "../tokenizer/temp.ts";

const folder = tempFolder();

for (const [name, maxBytes] of [
  ["en", 20e6],
  ["multi", 20e6],
  ["code", 10e6],
  ["web", 10e6],
] as const satisfies [CorpusName, number][]) {
  const documents = corpus(name, maxBytes);
  const absent = documents.length === 0 && `there is no corpus "${name}"`;

  test(`Hugging Face learns the same merges from ${maxBytes / 1e6} MB of ${name}`, { skip: absent }, async () => {
    const file = join(folder, `${name}.txt`);
    writeFileSync(file, documents.join("\n"));
    const options = { files: [file], vocabSize: HUGGING_FACE_SIZE, special: [], lines: true } as const;
    const { vocabulary } = await trainTokenizer({ ...options, initialAlphabet: "seen" });
    assert.deepEqual(mergesAsText(vocabulary), huggingFaceMerges(file, folder));
  });

  test(`1, 2 and 4 workers learn the same from ${maxBytes / 1e6} MB of ${name}`, { skip: absent }, async () => {
    const file = join(folder, `${name}-whole.txt`);
    writeFileSync(file, documents.join("<|endoftext|>"));
    const digests = new Set<string>();
    for (const workers of [1, 2, 4]) {
      const { vocabulary } = await trainTokenizer({ files: [file], vocabSize: 32_000, pattern: "o200k", workers });
      digests.add(vocabularyDigest(vocabulary));
    }
    assert.equal(digests.size, 1);
  });

  for (const ties of TIE_RULES) {
    test(`fast learning gives the merges of the definition on a part of ${name}, ties by ${ties}`, {
      skip: absent,
    }, () => {
      const counter = new PieceCounter();
      const text = Buffer.from(corpus(name, 2e5).join("").slice(0, 2e5));
      counter.addPieces(text, new PieceCutter(PATTERNS.cl100k).cut(text));
      const counts = counter.counts();
      const options = { ties, maxMerges: 600, minFrequency: 2, maxTokenBytes: 16 };
      const learner = new MergeLearner(counts, options);
      while (learner.learn(100));
      const pieces = Array.from(counts.counts, (count, i) => {
        return [counts.bytes.subarray(counts.starts[i], counts.starts[i + 1]), count] as const;
      });
      assert.deepEqual(learner.merges, learnMerges(pieces, options));
    });
  }
}
