/**
 * The kernel of datatrove's signatures, compiled to WebAssembly (assembly/): hashes of shingles, and their minima. One
 * instance a signer; `../signature.ts` says what it computes.
 *
 *     memory | the kernel's own | multipliers | offsets | minima | starts | ends | hashes | bytes ▶
 */
import { compileWasm, WASM_MOST_PAGES, WASM_PAGE_BYTES } from "../../../../pipeline/wasm.ts";
import type { DatatroveParameters } from "../parameters.ts";
import type { DatatroveConfig } from "../signature.ts";

/** What index.ts exports. Addresses and sizes in bytes. */
interface Exports {
  memoryStart(): number;
  hashSha1(starts: number, ends: number, last: number, count: number, mask: bigint, out: number): void;
  hashXxhash64(starts: number, ends: number, last: number, count: number, out: number): void;
  hashXxhash32(starts: number, ends: number, last: number, count: number, out: number): void;
  minima64(from: number, to: number, multipliers: number, offsets: number, count: number, out: number): void;
  minima32(from: number, to: number, multipliers: number, offsets: number, count: number, out: number): void;
}

const HASH_BYTES = 8;
const WORD_BYTES = 4;
const ALL_BITS = { 64: 0xffff_ffff_ffff_ffffn, 32: 0xffff_ffffn } as const;

let compiled: WebAssembly.Module | undefined;

export class DatatroveKernel {
  readonly #config: DatatroveConfig;
  readonly #memory = new WebAssembly.Memory({ initial: 1, maximum: WASM_MOST_PAGES });
  readonly #wasm: Exports;
  readonly #parameters: DatatroveParameters;
  readonly #parametersAt: number;
  #mostWords = 0;
  /** Where words' bytes go; `reserve` makes room. */
  bytes = new Uint8Array(0);
  /** Where words begin and end in memory: index in `bytes` + `bytesAt`. */
  starts = new Uint32Array(0);
  ends = new Uint32Array(0);
  bytesAt = 0;

  constructor(config: DatatroveConfig, parameters: DatatroveParameters) {
    compiled ??= compileWasm(new URL("kernel.wasm", import.meta.url));
    this.#wasm = new WebAssembly.Instance(compiled, { env: { memory: this.#memory } }).exports as Exports;
    this.#config = config;
    this.#parameters = parameters;
    this.#parametersAt = this.#wasm.memoryStart();
    this.reserve(1 << 12, 1 << 16);
  }

  /** Makes room for so many words of so many bytes altogether. What was written is gone. */
  reserve(words: number, bytes: number): void {
    if (words <= this.#mostWords && bytes <= this.bytes.length) return;
    this.#mostWords = Math.max(words, this.#mostWords);
    const count = this.#parameters.multipliers.length;
    const startsAt = this.#parametersAt + 3 * count * HASH_BYTES;
    const roomy = Math.max(bytes, this.bytes.length);
    this.bytesAt = startsAt + 2 * this.#wordsBytes + this.#mostWords * HASH_BYTES;
    const pages = Math.ceil((this.bytesAt + roomy) / WASM_PAGE_BYTES);
    const { buffer: before } = this.#memory;
    this.#memory.grow(Math.max(0, pages - before.byteLength / WASM_PAGE_BYTES));
    const { buffer } = this.#memory;
    new BigUint64Array(buffer, this.#parametersAt).set(this.#parameters.multipliers);
    new BigUint64Array(buffer, this.#parametersAt + count * HASH_BYTES).set(this.#parameters.offsets);
    this.starts = new Uint32Array(buffer, startsAt, this.#mostWords);
    this.ends = new Uint32Array(buffer, startsAt + this.#wordsBytes, this.#mostWords);
    this.bytes = new Uint8Array(buffer, this.bytesAt, roomy);
  }

  /** The least images of the shingles of so many words, at least `ngram`; lent until the next call. */
  viewMinima(words: number): BigUint64Array {
    const { ngram, precision } = this.#config;
    const count = this.#parameters.multipliers.length;
    const multipliers = this.#parametersAt;
    const offsets = multipliers + count * HASH_BYTES;
    const minima = offsets + count * HASH_BYTES;
    const hashes = minima + count * HASH_BYTES + 2 * this.#wordsBytes;
    const shingles = words - ngram + 1;
    this.#hash(ngram - 1, shingles, hashes);
    const leastOf = precision === 64 ? this.#wasm.minima64 : this.#wasm.minima32;
    leastOf(hashes, hashes + shingles * HASH_BYTES, multipliers, offsets, count, minima);
    return new BigUint64Array(this.#memory.buffer, minima, count);
  }

  #hash(last: number, shingles: number, out: number): void {
    const { hash, precision } = this.#config;
    const starts = this.starts.byteOffset;
    const ends = this.ends.byteOffset;
    if (hash === "sha1") this.#wasm.hashSha1(starts, ends, last, shingles, ALL_BITS[precision], out);
    else if (precision === 64) this.#wasm.hashXxhash64(starts, ends, last, shingles, out);
    else this.#wasm.hashXxhash32(starts, ends, last, shingles, out);
  }

  /** Of a column of words, in steps of what hashes are aligned to. */
  get #wordsBytes(): number {
    return Math.ceil((this.#mostWords * WORD_BYTES) / HASH_BYTES) * HASH_BYTES;
  }
}
