/**
 * Windows of a text, parted by their minimizers.
 *
 * Every window holds several *grams*, strings of half its length. Grams have an order that is as good as random, and the
 * least of a window is its *minimizer* (Schleimer, Wilkerson & Aiken 2003, "Winnowing"; Roberts et al. 2004). It follows
 * from the window's bytes alone, so equal windows have equal minimizers wherever they stand; and neighbours mostly share
 * theirs, so that a text falls into runs of windows with one minimizer each: one for about a quarter of a window's bytes.
 * (Cutting DNA into such runs to count its k-mers on disk: Deorowicz et al. 2015, "KMC 2".)
 */
import { absorb, mix32 } from "../../../pipeline/mix.ts";

/** Runs are told a few at a time, so that what is looked up for one does not wait for what is looked up for another. */
export const RUNS_AT_ONCE = 1024;

/** Runs of windows, each with its minimizer. */
export class WindowRuns {
  count = 0;
  /** Where the first window of each run begins, and behind the last run the end of its windows. */
  readonly starts = new Int32Array(RUNS_AT_ONCE + 1);
  readonly keys = new Uint32Array(RUNS_AT_ONCE);
  /** 1 where the minimizer stands in several places of the run. */
  readonly isPeriodic = new Uint8Array(RUNS_AT_ONCE);
}

const MULTIPLIER = 0x2545f491;
const ORDER = 0x85ebca6b;
const KEY = 0x9e3779b1;

export class Minimizers {
  readonly #windowBytes: number;
  readonly #gramBytes: number;
  /** The order of the last grams, by place modulo the length, which is a power of two. */
  readonly #recent: Int32Array;
  /** What a byte adds to the hash when as many as a gram has come after it. */
  readonly #leaving = new Int32Array(256);
  readonly #runs = new WindowRuns();

  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes;
    // A multiple of 4, since keys are hashed 32 bits at a time.
    this.#gramBytes = (windowBytes >>> 3) << 2;
    this.#recent = new Int32Array(2 ** Math.ceil(Math.log2(windowBytes)));
    let power = 1;
    for (let i = 1; i < this.#gramBytes; i++) power = Math.imul(power, MULTIPLIER);
    for (let byte = 0; byte < 256; byte++) this.#leaving[byte] = Math.imul(byte, power);
  }

  /** Lends the runs of the first `length` bytes to `visit`, in as many calls as it takes; none if no window fits. */
  scan(bytes: Uint8Array, length: number, visit: (runs: WindowRuns) => void): void {
    const windowBytes = this.#windowBytes;
    if (length < windowBytes) return;
    const gramBytes = this.#gramBytes;
    const gramsBefore = windowBytes - gramBytes;
    const recent = this.#recent;
    const leaving = this.#leaving;
    const mask = recent.length - 1;
    const view = new DataView(bytes.buffer, bytes.byteOffset, length);

    let hash = 0;
    for (let i = 0; i < gramBytes - 1; i++) hash = (Math.imul(hash, MULTIPLIER) + bytes[i]!) | 0;
    const runs = this.#runs;
    const { starts, keys, isPeriodic } = runs;
    let run = -1;
    let least = 0x7fffffff;
    let leastAt = -1;
    let runLeast = 0;
    let runLeastAt = -1;
    for (let gram = 0, end = gramBytes - 1; end < length; gram++, end++) {
      hash = (Math.imul(hash, MULTIPLIER) + bytes[end]!) | 0;
      const order = Math.imul(hash ^ (hash >>> 15), ORDER);
      hash = (hash - leaving[bytes[gram]!]!) | 0;
      recent[gram & mask] = order;
      const window = gram - gramsBefore;
      // Of equal grams the last is taken, so that in periodic text the least one hardly ever leaves the window.
      if (order <= least) {
        least = order;
        leastAt = gram;
      } else if (leastAt < window) {
        least = 0x7fffffff;
        for (let at = window; at <= gram; at++) {
          if (recent[at & mask]! <= least) {
            least = recent[at & mask]!;
            leastAt = at;
          }
        }
      }
      if (window < 0 || leastAt === runLeastAt) continue;
      const key = this.#keyOf(view, leastAt);
      if (run >= 0 && least === runLeast && key === keys[run]) {
        isPeriodic[run] = 1;
      } else {
        if (++run === RUNS_AT_ONCE) {
          starts[run] = window;
          runs.count = run;
          visit(runs);
          run = 0;
        }
        starts[run] = window;
        keys[run] = key;
        isPeriodic[run] = 0;
        runLeast = least;
      }
      runLeastAt = leastAt;
    }
    runs.count = run + 1;
    starts[runs.count] = length - windowBytes + 1;
    visit(runs);
  }

  #keyOf(view: DataView, at: number): number {
    let key = 0;
    for (let i = 0; i < this.#gramBytes; i += 4) key = absorb(key, view.getInt32(at + i, true), KEY);
    return mix32(key) >>> 0;
  }
}
