/** What the tests of tokenizer files share: a small vocabulary, Hugging Face's library as oracle, our ids with it. */
import { createRequire } from "node:module";
import type { Tokenizer as HuggingFaceTokenizer } from "tokenizers";
import { ByteLevelTokenizer } from "../../tokenizer/byte-level.ts";
import { PATTERNS, type Pattern } from "../../tokenizer/pretokenize.ts";
import { loadVocabulary, makeVocabulary, ranksOf, type Vocabulary } from "../../tokenizer/vocabulary.ts";

const { Tokenizer } = createRequire(import.meta.url)("tokenizers") as typeof import("tokenizers");

/** The first ordinary tokens of GPT-2, then special ones. */
export function smallVocabulary(
  ordinary = 3000,
  special: readonly string[] = ["<|endoftext|>"],
  pattern: Pattern = PATTERNS.gpt2,
): Vocabulary {
  const tokens = ranksOf(loadVocabulary("gpt2"))
    .byteStrings.slice(0, ordinary)
    .map((token) => Buffer.from(token, "latin1"));
  const ids = new Map(special.map((text, n) => [text, ordinary + n]));
  return makeVocabulary("small", pattern, ordinary + special.length, tokens, ids);
}

export function huggingFace(tokenizerJson: Uint8Array | string): HuggingFaceTokenizer {
  return Tokenizer.fromString(Buffer.from(tokenizerJson).toString());
}

/** Hugging Face's ids of several texts, without what a post-processor adds. */
export async function oracleIds(oracle: HuggingFaceTokenizer, texts: readonly string[]): Promise<number[][]> {
  const encodings = await oracle.encodeBatch([...texts], { addSpecialTokens: false });
  return encodings.map((encoding) => encoding.getIds());
}

/** Our ids of a text in which all added tokens stand for themselves. */
export function idsWithSpecial(vocabulary: Vocabulary): (text: string) => number[] {
  const tokenizer = new ByteLevelTokenizer(vocabulary);
  return (text) => [...tokenizer.encodeWithSpecial(text)];
}
