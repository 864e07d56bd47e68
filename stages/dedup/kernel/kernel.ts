/**
 * The signing kernel: shingle hashes and minima in WebAssembly with SIMD (assembly/, where layout.ts draws the memory).
 * `shingleHashes` (../shingles.ts) and `minima` (../minhash.ts) say what it computes.
 */
import { compileWasm, WASM_MOST_PAGES, WASM_PAGE_BYTES } from "../../../pipeline/wasm.ts";
import type { Permutations } from "../minhash.ts";
import { ASTRAL_BLOCK, astralClasses, foldTable } from "../word-class.ts";

/** What index.ts exports. Addresses and sizes in bytes. */
interface Exports {
  layOut(permutations: number): void;
  foldAddress(): number;
  astralAddress(): number;
  multipliersAddress(): number;
  offsetsAddress(): number;
  minimaAddress(): number;
  textAddress(): number;
  bytesFor(units: number): number;
  shingle(units: number, ngram: number): number;
  sortDistinct(hashes: number, count: number): number;
  sorted(): number;
  minima(hashes: number, count: number): void;
}

const WORD_BYTES = 4;
const UNIT_BYTES = 2;
const BEYOND_BASIC_PLANE = 0x1_0000;
const NEEDS_LOWERING = -1;
/** Room is made for so many units at least, and for more by doubling. */
const LEAST_UNITS = 1 << 15;
/** More room than this is given back after use: one huge page must not pin its memory. */
const MAX_KEPT_UNITS = 1 << 22;

let compiled: WebAssembly.Module | undefined;

/** Computes in a memory of its own, which it lends: views are valid until the next `viewShingles` or `viewHashes`. */
export class SigningKernel {
  readonly #permutations: Permutations;
  #room: Room;

  constructor(permutations: Permutations) {
    this.#permutations = permutations;
    this.#room = new Room(LEAST_UNITS, permutations);
  }

  /** The hashes of the text's n-grams of words in order, repeats included; none if it has fewer than `ngram` words. */
  viewShingles(text: string, ngram: number): Uint32Array {
    let count = this.#shingle(text, ngram);
    if (count === NEEDS_LOWERING) count = this.#shingle(text.toLowerCase(), ngram);
    return this.#room.view(this.#room.textAddress, count);
  }

  /** Hashes from elsewhere. */
  viewHashes(hashes: Uint32Array): Uint32Array {
    const room = this.#roomFor((hashes.length * WORD_BYTES) / UNIT_BYTES);
    const view = room.view(room.textAddress, hashes.length);
    view.set(hashes);
    return view;
  }

  /** Hashes that were just viewed as a set: ascending, each once. They are nowhere else then. */
  viewDistinct({ byteOffset, length }: Uint32Array): Uint32Array {
    const { wasm } = this.#room;
    if (length === 0) return this.#room.view(byteOffset, 0);
    const distinct = wasm.sortDistinct(byteOffset, length);
    return this.#room.view(wasm.sorted(), distinct);
  }

  /** The minima of hashes that were just viewed. */
  viewMinima({ byteOffset, length }: Uint32Array): Uint32Array {
    const { wasm } = this.#room;
    wasm.minima(byteOffset, length);
    return this.#room.view(wasm.minimaAddress(), this.#permutations.count);
  }

  #shingle(text: string, ngram: number): number {
    const { textBytes, wasm } = this.#roomFor(text.length);
    textBytes.write(text, "utf16le");
    return wasm.shingle(text.length, ngram);
  }

  #roomFor(units: number): Room {
    const { mostUnits } = this.#room;
    if (units > mostUnits || (mostUnits > MAX_KEPT_UNITS && units <= MAX_KEPT_UNITS)) {
      this.#room = new Room(Math.max(LEAST_UNITS, 2 ** Math.ceil(Math.log2(units))), this.#permutations);
    }
    return this.#room;
  }
}

/** An instance with room for so many units. Its memory cannot shrink: less room is another instance. */
class Room {
  readonly mostUnits: number;
  readonly wasm: Exports;
  readonly textAddress: number;
  /** Where a text is written. */
  readonly textBytes: Buffer;
  readonly #words: Uint32Array;

  constructor(mostUnits: number, { count, multipliers, offsets }: Permutations) {
    compiled ??= compileWasm(new URL("kernel.wasm", import.meta.url));
    const memory = new WebAssembly.Memory({ initial: 1, maximum: WASM_MOST_PAGES });
    const classify = (codePoint: number): void => {
      const first = codePoint - (codePoint % ASTRAL_BLOCK);
      const at = wasm.astralAddress() + first - BEYOND_BASIC_PLANE;
      new Uint8Array(memory.buffer).set(astralClasses(first), at);
    };
    const wasm = new WebAssembly.Instance(compiled, { env: { memory, classify } }).exports as Exports;
    wasm.layOut(count);
    this.mostUnits = mostUnits;
    this.wasm = wasm;
    this.textAddress = wasm.textAddress();
    memory.grow(Math.ceil((this.textAddress + wasm.bytesFor(mostUnits)) / WASM_PAGE_BYTES));
    const { buffer } = memory;
    this.textBytes = Buffer.from(buffer, this.textAddress);
    this.#words = new Uint32Array(buffer);
    new Uint16Array(buffer).set(foldTable(), wasm.foldAddress() / UNIT_BYTES);
    this.#words.set(multipliers, wasm.multipliersAddress() / WORD_BYTES);
    this.#words.set(offsets, wasm.offsetsAddress() / WORD_BYTES);
  }

  view(address: number, length: number): Uint32Array {
    const first = address / WORD_BYTES;
    return this.#words.subarray(first, first + length);
  }
}
