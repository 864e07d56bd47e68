import { createHash } from "node:crypto";
import { FormatError } from "../../pipeline/errors.ts";
import type { Tokenizer } from "../../pipeline/tokenizer.ts";

const END_OF_TEXT = "<|endoftext|>";
const BYTES = 256;

/**
 * A token a byte: id and byte are the same number, 256 ends a text. It spells everything, so every other tokenizer's
 * bits per byte can be held against it (Xue et al. 2022, ByT5, arXiv 2105.13626).
 */
export class ByteTokenizer implements Tokenizer {
  readonly name = "bytes";
  readonly vocabSize = BYTES + 1;
  readonly endOfText = BYTES;
  readonly digest = createHash("sha256").update("sluice byte tokenizer 1").digest("hex");

  encode(text: string): Uint32Array {
    return Uint32Array.from(new TextEncoder().encode(text));
  }

  encodeBytes(utf8: Uint8Array): Uint32Array {
    return Uint32Array.from(utf8);
  }

  /** The end of a text is given by its name. */
  decode(ids: ArrayLike<number>): Uint8Array {
    const stretches: Uint8Array[] = [];
    let bytes = new Uint8Array(ids.length);
    let length = 0;
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      if (!(Number.isInteger(id) && id >= 0 && id <= BYTES)) {
        throw new FormatError(`bytes: id ${id} at position ${i} is no token (ids go from 0 to ${BYTES})`);
      }
      if (id < BYTES) {
        bytes[length++] = id;
        continue;
      }
      stretches.push(bytes.subarray(0, length), Buffer.from(END_OF_TEXT));
      bytes = new Uint8Array(ids.length - i - 1);
      length = 0;
    }
    if (stretches.length === 0) return bytes;
    return new Uint8Array(Buffer.concat([...stretches, bytes.subarray(0, length)]));
  }
}
