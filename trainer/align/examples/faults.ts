/**
 * Rows that nothing can be learned from. Each is counted under a reason, with its place; or the first one ends the reading,
 * where that is asked for. When most rows are faulty the file is not what it was taken for, and is refused.
 */
import { FormatError } from "../../../pipeline/errors.ts";

/** What can be wrong with a row. */
export const FAULT_REASONS = {
  "not-json": "a line that is not JSON",
  "no-object": "a row that is no object",
  "missing-field": "a field of the format is not there, or is of another type",
  "empty-prompt": "nothing is asked",
  "empty-response": "nothing is said",
  "no-last-answer": "a dialogue that does not end with the assistant's turn",
  "prompts-differ": "the answers of a pair are to different prompts",
  "equal-answers": "the answers of a pair are equal",
  "no-system-slot": "a system message, for which the template has no place",
  "several-turns": "a dialogue of several turns, and a template for one",
  "prompt-too-long": "the prompt leaves no room for a response",
  "too-long": "prompt and response are longer than the context",
} as const;
export type FaultReason = keyof typeof FAULT_REASONS;

/** Thrown where a row is read, rendered or encoded, without its place. */
export class RowFault extends Error {
  override readonly name = "RowFault";
  readonly reason: FaultReason;

  constructor(reason: FaultReason, detail: string) {
    super(detail);
    this.reason = reason;
  }
}

export const ON_FAULT = ["skip", "refuse"] as const;
/** `skip` leaves a faulty row out and counts it; `refuse` ends at the first one. */
export type OnFault = (typeof ON_FAULT)[number];

export interface FaultReport {
  /** Rows that were looked at. */
  readonly rows: number;
  /** How many of them were left out. */
  readonly faulty: number;
  readonly reasons: Readonly<Partial<Record<FaultReason, ReasonReport>>>;
}

export interface ReasonReport {
  readonly count: number;
  /** The first ones. */
  readonly places: readonly string[];
}

/** Places that are kept of each reason. */
const PLACES_KEPT = 20;

/** Counts rows, and the faults among them. */
export class FaultCounter {
  readonly #onFault: OnFault;
  readonly #reasons = new Map<FaultReason, { count: number; readonly places: string[] }>();
  #rows = 0;
  #faulty = 0;
  #first: string | undefined;

  constructor(onFault: OnFault = "skip") {
    this.#onFault = onFault;
  }

  /** What `make` gives for the row at `place`, or nothing where it throws a RowFault. */
  attempt<T>(place: string, make: () => T): T | undefined {
    this.#rows++;
    try {
      return make();
    } catch (error) {
      if (!(error instanceof RowFault)) throw error;
      this.#add(place, error);
      return undefined;
    }
  }

  /** Raises FormatError where more than half of the rows are faulty. `what` names them in the message. */
  finish(what: string): FaultReport {
    const reasons = Object.fromEntries([...this.#reasons].sort(([a], [b]) => (a < b ? -1 : 1)));
    if (2 * this.#faulty > this.#rows) {
      const counts = Object.entries(reasons).map(([reason, { count }]) => `${reason} ${count}`);
      throw new FormatError(
        `${what}: ${this.#faulty} of ${this.#rows} rows are faulty (${counts.join(", ")}), expected half at most; ` +
          `the first is ${this.#first}`,
      );
    }
    return { rows: this.#rows, faulty: this.#faulty, reasons };
  }

  #add(place: string, { reason, message }: RowFault): void {
    const told = `${place}: ${reason}: ${message}`;
    if (this.#onFault === "refuse") {
      throw new FormatError(`${told}; mend the row, or leave out such rows with onFault: skip`);
    }
    this.#faulty++;
    this.#first ??= told;
    const found = this.#reasons.get(reason) ?? { count: 0, places: [] };
    found.count++;
    if (found.places.length < PLACES_KEPT) found.places.push(place);
    this.#reasons.set(reason, found);
  }
}
