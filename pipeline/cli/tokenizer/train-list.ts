/** The most frequent characters or words of some files: what byte-level BPE is held against. */

import { join } from "node:path";
import { buildCharacterTokenizer } from "../../../tokenizer/baselines/character.ts";
import { saveTokenList } from "../../../tokenizer/baselines/file.ts";
import { buildWordTokenizer } from "../../../tokenizer/baselines/word.ts";
import { loadAnyTokenizer, TOKENS_JSON } from "../../../tokenizer/load.ts";
import { RecipeError } from "../../errors.ts";
import { bytes, count } from "../show.ts";
import { decodeText, decompressed, openInput, readWhole } from "./input.ts";
import type { TokenizerFolder } from "./tokenizer-folder.ts";
import type { Summary } from "./train.ts";

export type ListModel = "character" | "word";

/** For "unknown", and for the end of a text. */
const RESERVED_IDS = 2;

/** Writes `tokens.json` to the folder. The texts are held in memory. */
export async function trainList(
  files: readonly string[],
  { model, vocabSize, minFrequency }: { model: ListModel; vocabSize: number; minFrequency?: number },
  folder: TokenizerFolder,
  signal: AbortSignal,
): Promise<Summary> {
  if (vocabSize <= RESERVED_IDS) {
    throw new RecipeError(
      `--vocab-size: expected ${RESERVED_IDS + 1} or more for a list of ${model}s, got ${vocabSize}`,
    );
  }
  const texts: string[] = [];
  let textBytes = 0;
  for (const file of files) {
    signal.throwIfAborted();
    const text = await readWhole(decompressed(await openInput(file)), file);
    textBytes += text.length;
    texts.push(decodeText(text));
  }
  const keep = {
    name: `${model}s`,
    maxTokens: vocabSize - RESERVED_IDS,
    ...(minFrequency === undefined ? {} : { minCount: minFrequency }),
  };
  const trained = model === "word" ? buildWordTokenizer(texts, keep) : buildCharacterTokenizer(texts, keep);
  await saveTokenList(trained, join(folder.staging, TOKENS_JSON));
  const { digest } = await loadAnyTokenizer(folder.staging);
  if (digest !== trained.digest) {
    throw new Error(`${folder.staging}: what was written is not what was trained; this is a fault of the program`);
  }
  return {
    json: { model, vocabSize: trained.vocabSize, digest, textBytes },
    lines: [
      `${count(trained.vocabSize)} ids: ${count(trained.tokens.length)} ${model}s, unknown, end of text; from ${bytes(textBytes)} (digest ${digest.slice(0, 16)})`,
    ],
    files: [TOKENS_JSON],
  };
}
