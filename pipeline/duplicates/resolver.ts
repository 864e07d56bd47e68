/** Duplicates as pages come, in input order: the first of like pages stays. */
import { type EntryReader, entryFile, type PageRow, type SpanMeta } from "../span-entry.ts";
import { PAGES_A_TURN, takeTurns } from "../take-turns.ts";
import type { EarlierPage, EarlierRuns } from "./earlier-runs.ts";
import { type Candidate, type DedupStage, type Match, placeOf, Stars, signatureAt } from "./stars.ts";
import { wordsOf } from "./typed-arrays.ts";

/** A row with its last word: as the worker left it, or dropped as a duplicate. */
export interface FinalRow {
  readonly row: PageRow;
  readonly outcome: PageRow["outcome"];
  readonly stage: string;
  readonly reason: string;
  readonly value: number | undefined;
  /** Id of the kept page it duplicates. */
  readonly twin?: string | undefined;
  /** Where the twin is told of, if it is of an earlier run. */
  readonly earlier?: EarlierPage | undefined;
}

/** The last word on a row, given whether it is a duplicate; of a page of an earlier run perhaps. */
export function finalRow(row: PageRow, match?: Match, runs?: EarlierRuns): FinalRow {
  if (match !== undefined) {
    const { stage, reason, similarity, twin } = match;
    const earlier = match.earlier === undefined ? undefined : runs?.page(stage, match.earlier);
    return { row, outcome: "dropped", stage: stage.label, reason, value: similarity, twin, earlier };
  }
  const { outcome, stage, reason, value, twin, earlier } = row;
  return { row, outcome, stage, reason, value, twin, earlier };
}

/** Numbers for signatures that several rows of an entry share; `undefined` for the others. */
export class SharedSignatures {
  readonly #stages: readonly DedupStage[];
  #numbers: Map<number, number>[] = [];
  #next = 0;

  constructor(stages: readonly DedupStage[]) {
    this.#stages = stages;
  }

  /** Looks at the rows of the next entry. */
  read(rows: readonly PageRow[]): void {
    this.#numbers = this.#stages.map((stage) => {
      const numbers = new Map<number, number>();
      let last: number | undefined;
      for (const row of rows) {
        const at = signatureAt(row, stage)?.keys[0];
        if (at !== undefined && at === last && !numbers.has(at)) numbers.set(at, this.#next++);
        last = at;
      }
      return numbers;
    });
  }

  /** Of the signature whose keys begin at `at` in the entry that was read last. */
  numberOf(stage: number, at: number): number | undefined {
    return this.#numbers[stage]!.get(at);
  }
}

export class DuplicateResolver {
  readonly #stages: readonly DedupStage[];
  readonly #stars: Stars;
  readonly #shared: SharedSignatures;
  readonly #earlier: EarlierRuns | undefined;

  constructor(stages: readonly DedupStage[], earlier?: EarlierRuns) {
    this.#stages = stages;
    this.#stars = new Stars(stages);
    this.#shared = new SharedSignatures(stages);
    this.#earlier = earlier;
  }

  /** Takes the pages of earlier runs. Returns whether they fit in `maxBytes`; if not, it has given up. */
  async takeEarlier(maxBytes: number, signal?: AbortSignal): Promise<boolean> {
    for (const [k, stage] of this.#stages.entries()) {
      let n = 0;
      for (const entry of this.#earlier?.entries(stage) ?? []) {
        this.#stars.addEarlier(k, n++, entry);
        if (n % PAGES_A_TURN !== 0) continue;
        await takeTurns(signal);
        if (this.bytes > maxBytes) return false;
      }
    }
    return this.bytes <= maxBytes;
  }

  /** Bytes held by all indexes. */
  get bytes(): number {
    return this.#stars.bytes;
  }

  /** Decides the pages of the next span in order. */
  resolve(entry: EntryReader<SpanMeta>): FinalRow[] {
    const { rows } = entry.meta;
    this.#shared.read(rows);
    return rows.map((row) => finalRow(row, this.#stars.decide(this.#candidate(row, entry)), this.#earlier));
  }

  #candidate(row: PageRow, entry: EntryReader<SpanMeta>): Candidate {
    return {
      id: row.id,
      stays: row.outcome === "kept",
      signature: (k) => {
        const signed = signatureAt(row, this.#stages[k]!);
        if (signed === undefined) return undefined;
        return {
          keys: () => wordsOf(entry.read("keys", signed.keys)),
          evidence: placeOf(entryFile(entry.dir, "evidence"), signed.evidence),
          sharedAs: this.#shared.numberOf(k, signed.keys[0]),
        };
      },
    };
  }

  close(): void {
    this.#stars.close();
  }
}
