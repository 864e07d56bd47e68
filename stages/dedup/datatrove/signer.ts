/** The fast twin of `signature.ts`: datatrove's signatures, and from them the keys that an index of ours looks up. */
import type { Signature } from "../../../pipeline/stage.ts";
import type { Words } from "../../../pipeline/text/words.ts";
import { cutEnglishWords } from "../../../pipeline/text/words-english.ts";
import { hasRoom } from "../buffer-room.ts";
import { bandKeys } from "../minhash.ts";
import { Signer } from "../signer.ts";
import { DatatroveKernel } from "./kernel/kernel.ts";
import { type DatatroveParameters, datatroveParameters } from "./parameters.ts";
import type { DatatroveConfig } from "./signature.ts";
import { TextSimplifier } from "./simplify-text-fast.ts";

/** Bytes of UTF-8 that a UTF-16 unit takes at most: a pair of them takes four. */
const MOST_BYTES_PER_UNIT = 3;
const SPACE = 0x20;

/** Signs pages; its buffers are one worker's. */
export class DatatroveSigner {
  readonly #config: DatatroveConfig;
  readonly #parameters: DatatroveParameters;
  #kernel: DatatroveKernel;
  readonly #simplifier = new TextSimplifier();
  /** Verification is ours: over our shingles, whatever candidates were found by. */
  readonly #evidence: Signer | undefined;

  constructor(config: DatatroveConfig & { readonly verify: boolean }) {
    const { bands, rows, ngram, seed, verify } = config;
    this.#config = config;
    this.#parameters = datatroveParameters(seed, bands * rows);
    this.#kernel = new DatatroveKernel(config, this.#parameters);
    this.#evidence = verify ? new Signer({ bands: 1, rows: 1, ngram, seed, verify }) : undefined;
  }

  /** `null` for a page of fewer words than a shingle has, by datatrove's count or, if evidence is made, by ours. */
  sign(text: string): Signature | null {
    const evidence = this.#evidence?.sign(text)?.evidence;
    if (this.#evidence !== undefined && evidence === undefined) return null;
    const hashes = this.viewHashes(text);
    if (hashes === null) return null;
    const { bands, rows } = this.#config;
    // A hash is two words to the key of a band: 64 bits of all bits of its rows.
    const keys = bandKeys(new Uint32Array(hashes.buffer, hashes.byteOffset, 2 * hashes.length), bands, 2 * rows);
    return evidence === undefined ? { keys } : { keys, evidence };
  }

  /** Lends the signature, as `datatroveSignature` has it; valid until the next call. */
  viewHashes(text: string): BigUint64Array | null {
    const words = cutEnglishWords(this.#simplifier.simplify(text));
    if (words.length < this.#config.ngram) return null;
    const bytes = MOST_BYTES_PER_UNIT * words.text.length + words.length;
    // A kernel's memory cannot shrink: less room is another kernel.
    if (!hasRoom(this.#kernel.bytes.length, bytes)) this.#kernel = new DatatroveKernel(this.#config, this.#parameters);
    this.#kernel.reserve(words.length, bytes);
    writeWords(words, this.#kernel);
    return this.#kernel.viewMinima(words.length);
  }
}

/** Writes the words as UTF-8 with a space between: every shingle is then a run of bytes. */
function writeWords({ text, length, starts, ends }: Words, kernel: DatatroveKernel): void {
  const { bytes, bytesAt } = kernel;
  let at = 0;
  for (let word = 0; word < length; word++) {
    kernel.starts[word] = bytesAt + at;
    const end = ends[word]!;
    for (let i = starts[word]!; i < end; i++) {
      const unit = text.charCodeAt(i);
      if (unit < 0x80) bytes[at++] = unit;
      else {
        const codePoint = text.codePointAt(i)!;
        if (codePoint > 0xffff) i++;
        at = writeBeyondAscii(codePoint, bytes, at);
      }
    }
    kernel.ends[word] = bytesAt + at;
    bytes[at++] = SPACE;
  }
}

function writeBeyondAscii(codePoint: number, bytes: Uint8Array, at: number): number {
  if (codePoint < 0x800) {
    bytes[at++] = 0xc0 | (codePoint >> 6);
  } else {
    if (codePoint <= 0xffff) {
      if ((codePoint & 0xf800) === 0xd800) codePoint = 0xfffd; // half a pair
      bytes[at++] = 0xe0 | (codePoint >> 12);
    } else {
      bytes[at++] = 0xf0 | (codePoint >> 18);
      bytes[at++] = 0x80 | ((codePoint >> 12) & 0x3f);
    }
    bytes[at++] = 0x80 | ((codePoint >> 6) & 0x3f);
  }
  bytes[at++] = 0x80 | (codePoint & 0x3f);
  return at;
}
