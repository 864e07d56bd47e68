/** What happened at which step: a JSON object a line, in the run's folder. */
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Evaluation } from "./evaluate.ts";
import type { StepReport } from "./train.ts";

/** In a run's folder. */
export const TRAINING_LOG = "log.jsonl";

/** A line of it. */
export type LogEntry =
  | ({ readonly type: "step" } & StepReport)
  | ({ readonly type: "evaluation"; readonly step: number } & Evaluation);

/** A point of the loss curve, in nats a token. */
export interface LossPoint {
  readonly step: number;
  readonly loss: number;
}

/** The losses that were computed in training, or measured in evaluations. */
export function lossesOf(entries: readonly LogEntry[], type: LogEntry["type"]): LossPoint[] {
  return entries.filter((entry) => entry.type === type).map(({ step, loss }) => ({ step, loss }));
}

/** The log of one run: read back when it goes on. */
export class StepLog<Entry extends { readonly step: number } = LogEntry> {
  readonly entries: Entry[];
  readonly #path: string;

  /** Opens the log of a run that goes on behind `step`: what was written of later steps, before it was ended, goes. */
  constructor(path: string, step: number) {
    this.#path = path;
    this.entries = readStepLog<Entry>(path, step);
    // Renamed into place: a kill or a full disk must not cost the steps that are kept.
    writeFileSync(`${path}.tmp`, this.entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
    renameSync(`${path}.tmp`, path);
  }

  add(entry: Entry): void {
    this.entries.push(entry);
    appendFileSync(this.#path, `${JSON.stringify(entry)}\n`);
  }
}

/** What was written up to a step; nothing where there is no log. The last line may be half of one. */
export function readStepLog<Entry extends { readonly step: number } = LogEntry>(
  path: string,
  step = Number.POSITIVE_INFINITY,
): Entry[] {
  if (!existsSync(path)) return [];
  const entries: Entry[] = [];
  for (const line of readFileSync(path, "utf8").split("\n")) {
    try {
      const entry = JSON.parse(line) as Entry;
      if (entry.step <= step) entries.push(entry);
    } catch {}
  }
  return entries;
}
