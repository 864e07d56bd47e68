/** What a run tells while it goes: the same objects feed the live view, `--json`, and events.jsonl. */
export type RunEvent =
  | {
      readonly type: "start";
      readonly out: string;
      readonly inputs: number;
      readonly spans: number;
      readonly bytes: number;
      readonly workers: number;
      readonly warnings: readonly string[];
    }
  | Progress
  | {
      readonly type: "span";
      readonly span: number;
      readonly file: string;
      readonly work: "reused" | "extracted" | "done";
      readonly pages: number;
      readonly kept: number;
      readonly lostBytes: number;
    }
  | {
      readonly type: "convicted";
      readonly file: string;
      readonly span: number;
      readonly ordinal: number;
      readonly stage: string;
      readonly reason: string;
      readonly detail: string;
    }
  | { readonly type: "restart"; readonly cause: string; readonly suspects: number }
  | { readonly type: "log"; readonly text: string };

/** The state of the whole run, about twice a second. */
export interface Progress {
  readonly type: "progress";
  /** `deciding`: all pages are read, and those that have others like them are being decided. */
  readonly phase: "reading" | "deciding" | "writing" | "done";
  readonly spansDone: number;
  readonly spans: number;
  readonly bytesDone: number;
  readonly bytes: number;
  readonly pages: number;
  readonly kept: number;
  readonly quarantined: number;
  /** Pages that each stage let through, in order, `source` first. */
  readonly funnel: readonly (readonly [stage: string, passed: number])[];
  readonly tokens: number;
  readonly elapsedSeconds: number;
  readonly etaSeconds: number | undefined;
  readonly rssMb: number;
}
