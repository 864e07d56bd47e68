import type { WindowRuns } from "./minimizers.ts";

const CELLS_PER_BYTE = 4;
/** Keys have 32 bits: more cells would stay empty. */
const MOST_BYTES = 2 ** 32 / CELLS_PER_BYTE;
const FIRST_BYTES = 1 << 20;
const GROWTH = 16;
/** Of keys that were met once, this share at most seems to have been met again, while there is memory to grow into. */
const FULLEST = 1 / 16;

/**
 * Remembers of keys whether they were met once or more often, in two bits each. Keys whose first bits agree share a cell,
 * so a key may seem to have been met more often than it was, and never less often.
 */
export class GramCounts {
  readonly #cells: Uint8Array;
  readonly #shift: number;
  readonly #memoryBytes: number;
  #keys = 0;
  /** Windows whose minimizer had been met before. */
  metAgain = 0;

  /** Takes as much of `memoryBytes` as is good for few keys; `larger` is for more. */
  constructor(memoryBytes: number, bytes = FIRST_BYTES) {
    const bits = Math.floor(Math.log2(Math.max(1024, Math.min(memoryBytes, bytes, MOST_BYTES))));
    this.#cells = new Uint8Array(2 ** bits);
    this.#shift = 32 - Math.log2(CELLS_PER_BYTE) - bits;
    this.#memoryBytes = memoryBytes;
  }

  get bytes(): number {
    return this.#cells.length;
  }

  /** Empty counts for more keys, once so many were counted that it is worth counting again, and memory allows it. */
  larger(): GramCounts | undefined {
    const { length } = this.#cells;
    if (this.#keys <= length * CELLS_PER_BYTE * FULLEST || 2 * length > Math.min(this.#memoryBytes, MOST_BYTES)) {
      return undefined;
    }
    return new GramCounts(this.#memoryBytes, GROWTH * length);
  }

  /** Counts the minimizers of runs. */
  add({ count, starts, keys, isPeriodic }: WindowRuns): void {
    const cells = this.#cells;
    const shift = this.#shift;
    let windows = 0;
    for (let run = 0; run < count; run++) {
      const cell = keys[run]! >>> shift;
      const at = (cell & 3) << 1;
      const byte = cells[cell >>> 2]!;
      const before = (byte >>> at) & 3;
      const after = Math.min(2, before + 1 + isPeriodic[run]!);
      if (before !== after) cells[cell >>> 2] = byte + ((after - before) << at);
      if (before + isPeriodic[run]! > 0) windows += starts[run + 1]! - starts[run]!;
    }
    this.#keys += count;
    this.metAgain += windows;
  }

  /** Writes for each run whether its minimizer was met more than once: 1 or 0. */
  mark({ count, keys }: WindowRuns, isRepeated: Uint8Array): void {
    const cells = this.#cells;
    const shift = this.#shift;
    for (let run = 0; run < count; run++) {
      const cell = keys[run]! >>> shift;
      isRepeated[run] = (cells[cell >>> 2]! >>> (((cell & 3) << 1) + 1)) & 1;
    }
  }
}
