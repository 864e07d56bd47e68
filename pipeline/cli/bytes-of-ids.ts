import { ByteLevelTokenizer } from "../../tokenizer/byte-level.ts";
import type { Tokenizer } from "../tokenizer.ts";

/** Bytes that each id spells, 0 for special ones: to tell losses in bits a byte. */
export function bytesOfIds(tokenizer: Tokenizer): Uint32Array {
  const special = new Set(tokenizer instanceof ByteLevelTokenizer ? tokenizer.special.values() : [tokenizer.endOfText]);
  return Uint32Array.from({ length: tokenizer.vocabSize }, (_, id) => {
    if (special.has(id)) return 0;
    try {
      return tokenizer.decode([id]).length;
    } catch {
      return 0; // No token has this id.
    }
  });
}
