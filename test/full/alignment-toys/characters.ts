/** A vocabulary of the few characters that the toy tasks are written in: a model spends nothing on others. */
import { createHash } from "node:crypto";
import type { Tokenizer } from "../../../pipeline/tokenizer.ts";

const ALPHABET = '0123456789+\n jtp{}:"<>/a';
const bytes = Buffer.from(ALPHABET);
const idOf = new Map(Array.from(bytes, (byte, id) => [byte, id]));

export const CHARACTERS: Tokenizer & { readonly endOfText: number } = {
  name: "characters",
  vocabSize: bytes.length + 1,
  endOfText: bytes.length,
  digest: createHash("sha256").update(ALPHABET).digest("hex"),
  encode: (text) => CHARACTERS.encodeBytes(Buffer.from(text)),
  encodeBytes: (utf8) =>
    Uint32Array.from(utf8, (byte) => {
      const id = idOf.get(byte);
      if (id === undefined) throw new RangeError(`no token for the byte ${byte}; expected one of ${ALPHABET}`);
      return id;
    }),
  decode: (ids) =>
    Uint8Array.from(
      Array.from(ids).filter((id) => id < bytes.length),
      (id) => bytes[id]!,
    ),
};
