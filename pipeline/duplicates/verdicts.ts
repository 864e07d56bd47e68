import { PageIds } from "../page-ids.ts";
import type { PageRow } from "../span-entry.ts";
import type { EarlierRuns } from "./earlier-runs.ts";
import { type FinalRow, finalRow } from "./resolver.ts";
import type { DedupStage, Match } from "./stars.ts";

/** In place of a stage. */
const STAYS = 0xff;
/** In place of a number among the pages of earlier runs. */
const OWN = 0xffff_ffff;

/** Which rows of which entry are duplicates: 34 bytes for each page that shares a key. */
export class Verdicts {
  readonly #stages: readonly DedupStage[];
  readonly #firstRows: readonly number[];
  readonly #rows: Uint32Array;
  readonly #stage: Uint8Array;
  readonly #reason: Uint8Array;
  readonly #reasons: string[] = [];
  readonly #similarity: Float64Array;
  readonly #twins: PageIds;
  /** Number of the twin among the pages of earlier runs; `OWN` for one of this run. */
  readonly #earlier: Uint32Array;
  readonly #runs: EarlierRuns | undefined;

  /** `firstRows`: number of each entry's first row; `rows`: numbers of the rows that may be duplicates, ascending. */
  constructor(stages: readonly DedupStage[], firstRows: readonly number[], rows: Uint32Array, runs?: EarlierRuns) {
    this.#runs = runs;
    this.#earlier = new Uint32Array(rows.length).fill(OWN);
    this.#stages = stages;
    this.#firstRows = firstRows;
    this.#rows = rows;
    this.#stage = new Uint8Array(rows.length).fill(STAYS);
    this.#reason = new Uint8Array(rows.length);
    this.#similarity = new Float64Array(rows.length);
    this.#twins = new PageIds(rows.length);
  }

  /** The n-th of `rows` is a duplicate. */
  set(n: number, { stage, reason, similarity, twin, earlier = OWN }: Match): void {
    this.#earlier[n] = earlier;
    let r = this.#reasons.indexOf(reason);
    if (r < 0) r = this.#reasons.push(reason) - 1;
    this.#stage[n] = this.#stages.indexOf(stage);
    this.#reason[n] = r;
    this.#similarity[n] = similarity;
    this.#twins.set(n, twin);
  }

  /** The rows of the e-th entry, each with its last word. */
  rowsOf(e: number, rows: readonly PageRow[]): FinalRow[] {
    const first = this.#firstRows[e]!;
    let n = lowerBound(this.#rows, first);
    return rows.map((row, i) => {
      if (this.#rows[n] !== first + i) return finalRow(row, undefined);
      return finalRow(row, this.#matchAt(n++), this.#runs);
    });
  }

  #matchAt(n: number): Match | undefined {
    if (this.#stage[n] === STAYS) return undefined;
    const reason = this.#reasons[this.#reason[n]!]!;
    const earlier = this.#earlier[n] === OWN ? undefined : this.#earlier[n];
    return {
      stage: this.#stages[this.#stage[n]!]!,
      reason,
      similarity: this.#similarity[n]!,
      twin: this.#twins.of(n),
      earlier,
    };
  }
}

/** Place of the first of ascending values that is not below `value`. */
function lowerBound(values: Uint32Array, value: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
