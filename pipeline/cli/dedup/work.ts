/** What the methods of one call share: the documents, which of them are left, and where pairs go. */
import type { SetupContext } from "../../stage.ts";
import type { ProgressLine } from "../progress.ts";
import { percent } from "../show.ts";
import { type DocumentRow, Documents, type Ids } from "./documents.ts";
import type { LineWriter } from "./line-writer.ts";
import type { Scratch } from "./scratch.ts";

export interface Pair {
  readonly one: number;
  readonly other: number;
  readonly similarity: number;
  readonly reason: string;
  /** The method's. */
  readonly name: string;
  /** Which of the two was dropped for likeness to the other, if one was. */
  readonly removed?: number | undefined;
  /** Of two that share a passage, the one that lost it. */
  readonly cut?: number | undefined;
}

export class Work {
  readonly scratch: Scratch;
  readonly ids: Ids;
  readonly documentCount: number;
  /** Whether pairs, or what they make up, are asked for. */
  readonly pairsWanted: boolean;
  /** The field that says which document is best. */
  readonly bestBy: string | undefined;
  readonly onLink: (one: number, other: number) => void;
  /** What was left out, in words. */
  readonly limits: string[] = [];
  /** What else people should know. */
  readonly notes: string[] = [];
  /** Of each method: reason → documents. */
  readonly removed = new Map<string, Map<string, number>>();
  readonly pairCounts = new Map<string, number>();
  /** Of each method that cuts passages: what went of all documents. */
  readonly cuts = new Map<string, { documents: number; passages: number; characters: number }>();
  readonly failures: string[] = [];
  failed = 0;
  #documents: Documents;
  readonly #left: Uint8Array;
  readonly #pairs: LineWriter | undefined;
  readonly #progress: ProgressLine;

  constructor(fields: {
    readonly documents: Documents;
    readonly ids: Ids;
    readonly scratch: Scratch;
    readonly pairs: LineWriter | undefined;
    readonly bestBy: string | undefined;
    readonly onLink: ((one: number, other: number) => void) | undefined;
    readonly progress: ProgressLine;
  }) {
    this.#documents = fields.documents;
    this.#pairs = fields.pairs;
    this.#progress = fields.progress;
    this.ids = fields.ids;
    this.scratch = fields.scratch;
    this.bestBy = fields.bestBy;
    this.documentCount = fields.ids.count;
    this.pairsWanted = fields.pairs !== undefined || fields.onLink !== undefined;
    this.onLink = fields.onLink ?? (() => {});
    this.#left = new Uint8Array(this.documentCount).fill(1);
  }

  readonly isLeft = (number: number): boolean => this.#left[number] === 1;

  get leftCount(): number {
    return this.#left.reduce((sum, left) => sum + left, 0);
  }

  /** The documents that are left, as those before have left them. */
  async *rows(step: string): AsyncGenerator<DocumentRow, void, undefined> {
    for await (const row of this.#documents.rows()) {
      this.progress(step, this.#documents.shareRead);
      if (this.isLeft(row.number)) yield row;
    }
  }

  /** Steps take their own time each: what one says of the time that is left would say nothing of the others'. */
  progress(step: string, share: number | undefined): void {
    this.#progress.show(undefined, () => (share === undefined ? step : `${step} ${percent(share, 1)}`));
  }

  drop(number: number, name: string, reason: string): void {
    this.#left[number] = 0;
    const reasons = this.removed.get(name) ?? new Map<string, number>();
    this.removed.set(name, reasons.set(reason, (reasons.get(reason) ?? 0) + 1));
  }

  countCuts(name: string, passages: number, characters: number): void {
    const sum = this.cuts.get(name) ?? { documents: 0, passages: 0, characters: 0 };
    this.cuts.set(name, {
      documents: sum.documents + (passages > 0 ? 1 : 0),
      passages: sum.passages + passages,
      characters: sum.characters + Math.round(characters),
    });
  }

  /** A stage threw on the document, which goes no further. */
  fail(number: number, detail: string): void {
    this.#left[number] = 0;
    this.failed++;
    if (this.failures.length < MAX_FAILURES_SHOWN) this.failures.push(`${this.ids.of(number)}: ${detail}`);
  }

  async pair({ one, other, similarity, reason, name, removed, cut }: Pair): Promise<void> {
    if (this.#pairs === undefined) return;
    const method = reason.endsWith(UNVERIFIED) ? `${name}${UNVERIFIED}` : name;
    this.pairCounts.set(method, (this.pairCounts.get(method) ?? 0) + 1);
    const [a, b] = one < other ? [one, other] : [other, one];
    const named = (number: number | undefined) => (number === undefined ? "null" : this.ids.of(number));
    const loser = cut === undefined ? "" : `, "cut": ${named(cut)}`;
    await this.#pairs.write(
      `{"a": ${named(a)}, "b": ${named(b)}, "similarity": ${rounded(similarity)}, "method": ${JSON.stringify(method)}, "removed": ${named(removed)}${loser}}`,
    );
  }

  /** The documents that are left lie in another file now: their numbers, in its order. */
  async moveTo(file: string, numbers: readonly number[], context: SetupContext): Promise<void> {
    this.#documents = await Documents.open(file, context, numbers);
  }
}

const UNVERIFIED = "-unverified";
const MAX_FAILURES_SHOWN = 5;

/** Six digits tell any two fractions of sets below a thousand shingles apart. */
const rounded = (similarity: number) => Math.round(similarity * 1e6) / 1e6;
