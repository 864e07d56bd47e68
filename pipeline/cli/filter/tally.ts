import { count } from "../show.ts";
import type { ErrorLine, VerdictLine } from "./verdicts.ts";

/** Counts what was printed, for the line at the end. */
export class Tally {
  #kept = 0;
  #failed = 0;
  /** "stage reason" → documents. */
  readonly #dropped = new Map<string, number>();

  add(line: VerdictLine | ErrorLine): void {
    if ("error" in line) this.#failed++;
    else if (line.kept) this.#kept++;
    else {
      const why = `${line.stage} ${line.reason}`;
      this.#dropped.set(why, (this.#dropped.get(why) ?? 0) + 1);
    }
  }

  /** Whether there were documents, and a stage threw on every one: then it is the call that is wrong. */
  get failedAll(): boolean {
    return this.#failed > 0 && this.#kept === 0 && this.#dropped.size === 0;
  }

  /** e.g. "kept 2 of 5 documents; dropped 2 (length too-few-words 2); failed 1" */
  summary(): string {
    const dropped = [...this.#dropped.values()].reduce((sum, n) => sum + n, 0);
    const reasons = [...this.#dropped].sort(([, a], [, b]) => b - a).map(([why, n]) => `${why} ${count(n)}`);
    const all = this.#kept + dropped + this.#failed;
    return [
      `kept ${count(this.#kept)} of ${count(all)} ${all === 1 ? "document" : "documents"}`,
      ...(dropped > 0 ? [`dropped ${count(dropped)} (${reasons.join(", ")})`] : []),
      ...(this.#failed > 0 ? [`failed ${count(this.#failed)}`] : []),
    ].join("; ");
  }
}
