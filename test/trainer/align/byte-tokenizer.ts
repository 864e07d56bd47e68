/** A tokenizer whose ids are UTF-8 bytes; 256 ends a text. */
import type { Tokenizer } from "../../../pipeline/tokenizer.ts";

export const BYTES: Tokenizer & { readonly endOfText: number } = {
  name: "bytes",
  vocabSize: 257,
  endOfText: 256,
  digest: "0".repeat(64),
  encode: (text) => Uint32Array.from(Buffer.from(text, "utf8")),
  encodeBytes: (utf8) => Uint32Array.from(utf8),
  decode: (ids) => Uint8Array.from(Array.from(ids).filter((id) => id < 256)),
};

/** The text of ids, without the end. */
export function textOf(ids: ArrayLike<number>): string {
  return Buffer.from(BYTES.decode(ids)).toString("utf8");
}
