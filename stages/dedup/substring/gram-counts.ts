import type { WindowRuns } from "./minimizers.ts";

const CELLS_PER_BYTE = 4;

/**
 * Remembers of keys whether they were met once or more often, in two bits each. Keys whose first bits agree share a cell,
 * so a key may seem to have been met more often than it was, and never less often.
 */
export class GramCounts {
  readonly #cells: Uint8Array;
  readonly #shift: number;

  /** `memory` is all zeros; its length is a power of two. */
  constructor(memory: ArrayBuffer) {
    // Keys have 32 bits: more cells would stay empty.
    const bytes = Math.min(memory.byteLength, 2 ** 32 / CELLS_PER_BYTE);
    this.#cells = new Uint8Array(memory, 0, bytes);
    this.#shift = 32 - Math.log2(bytes * CELLS_PER_BYTE);
  }

  /** Counts the minimizers of runs. Returns how many windows there are whose minimizer had been met before. */
  add({ count, starts, keys, isPeriodic }: WindowRuns): number {
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
    return windows;
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
