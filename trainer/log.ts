/** What happened at which step: a JSON object a line, in the run's folder. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";

export type LogEntry =
  | {
      readonly type: "step";
      readonly step: number;
      readonly loss: number;
      readonly rate: number;
      readonly norm: number;
      readonly tokens: number;
      readonly seconds: number;
    }
  | {
      readonly type: "evaluation";
      readonly step: number;
      readonly loss: number;
      readonly bitsPerByte?: number;
      readonly tokens: number;
      readonly bytes: number;
    };

export class TrainingLog {
  readonly entries: LogEntry[];
  readonly #path: string;

  /** Opens the log of a run that goes on behind `step`: what was written of later steps, before it was ended, goes. */
  constructor(path: string, step: number) {
    this.#path = path;
    this.entries = existsSync(path) ? entriesUpTo(readFileSync(path, "utf8"), step) : [];
    writeFileSync(path, this.entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
  }

  add(entry: LogEntry): void {
    this.entries.push(entry);
    appendFileSync(this.#path, `${JSON.stringify(entry)}\n`);
  }

  losses(): number[] {
    return this.entries.flatMap((entry) => (entry.type === "step" ? [entry.loss] : []));
  }
}

/** The last line may be half of one. */
function entriesUpTo(text: string, step: number): LogEntry[] {
  const entries: LogEntry[] = [];
  for (const line of text.split("\n")) {
    try {
      const entry = JSON.parse(line) as LogEntry;
      if (entry.step <= step) entries.push(entry);
    } catch {}
  }
  return entries;
}
