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
      /** Told when the span is first read; it is read again behind each stage that looks below the page. */
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
  /**
   * `reading`: pages are read, and written as well where they can be decided as they come. `deciding`: all are read, and those
   * that have others like them, or passages in common, are being decided.
   */
  readonly phase: "reading" | "deciding" | "writing" | "done";
  /**
   * Name of a stage that looks below the page, while all pages are read up to it, and while it decides: the run has then one
   * more part, in which spans are counted anew.
   */
  readonly part?: string;
  /** Spans that are read in this part of the run, or written. */
  readonly spansDone: number;
  readonly spans: number;
  /** Bytes of the inputs that are read: behind the first stage that looks below the page it is all of them. */
  readonly bytesDone: number;
  readonly bytes: number;
  readonly pages: number;
  readonly kept: number;
  readonly quarantined: number;
  /** Pages that each stage let through, in order, `source` first. */
  readonly funnel: readonly (readonly [stage: string, passed: number])[];
  readonly tokens: number;
  readonly elapsedSeconds: number;
  /** `undefined` as long as it would be a guess. */
  readonly etaSeconds: number | undefined;
  readonly rssMb: number;
}
