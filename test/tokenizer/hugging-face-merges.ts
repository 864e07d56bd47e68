import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BPE, byteLevelPreTokenizer, Tokenizer } from "tokenizers";
import { BYTE_COUNT, BYTE_OF_ID } from "../../tokenizer/train/byte-symbols.ts";
import type { Vocabulary } from "../../tokenizer/vocabulary.ts";

/** Hugging Face's trainer cannot be set from JavaScript: its defaults are 30,000 ids, no special tokens, any frequency. */
export const HUGGING_FACE_SIZE = 30_000;

/** Merges that Hugging Face learns from a file, its parts joined by a space; bytes are written as GPT-2 writes them. */
export function huggingFaceMerges(file: string, folder: string): string[] {
  const tokenizer = new Tokenizer(BPE.empty());
  tokenizer.setPreTokenizer(byteLevelPreTokenizer(false, true));
  tokenizer.train([file]);
  const saved = join(folder, "hugging-face.json");
  tokenizer.save(saved);
  const { model } = JSON.parse(readFileSync(saved, "utf8")) as { model: { merges: [string, string][] } };
  return model.merges.map((pair) => pair.join(" "));
}

/** A vocabulary's merges, written in the same way. */
export function mergesAsText({ merges = new Uint32Array(), bytes, starts }: Vocabulary): string[] {
  // '!'…'~', '¡'…'¬' and '®'…'ÿ' stand for themselves; the 68 others, in order, for U+0100 and up.
  const printed = new Map(Array.from(BYTE_OF_ID, (byte, id) => [byte, id < BYTE_COUNT - 68 ? byte : id + 68]));
  const textOf = (id: number) =>
    Array.from(bytes.subarray(starts[id], starts[id + 1]), (byte) => String.fromCharCode(printed.get(byte)!)).join("");
  return Array.from({ length: merges.length / 2 }, (_, n) => `${textOf(merges[2 * n]!)} ${textOf(merges[2 * n + 1]!)}`);
}
