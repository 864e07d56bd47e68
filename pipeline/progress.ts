/** Measures a run as it goes and tells it twice a second. */
import type { Progress, RunEvent } from "./events.ts";
import type { RunCounts } from "./manifest.ts";
import type { Plan } from "./plan.ts";
import type { WorkerPool } from "./pool.ts";
import type { Span } from "./source.ts";
import { labelOf } from "./stage.ts";

const EVERY_MS = 500;

/** A look at all spans: each is read, or written, once. */
export interface Part {
  readonly phase: Progress["phase"];
  /** Name of the stage below the page that all pages are read up to, or that decides. */
  readonly stage?: string;
  /** Whether the run is over with it. */
  readonly isLast: boolean;
}

/** An ETA from less than this share of a part would be a guess. */
const ETA_FROM_SHARE = 0.02;

export class ProgressMeter {
  readonly #plan: Plan;
  readonly #bytes: number;
  readonly #counts: RunCounts;
  readonly #pool: WorkerPool;
  readonly #emit: (event: RunEvent) => void;
  readonly #started = Date.now();
  readonly #timer: NodeJS.Timeout;
  #part: Part = { phase: "reading", isLast: false };
  #partStarted = this.#started;
  /** Share of the part that was done before it began. */
  #shareBefore = 0;
  #spansDone = 0;
  #bytesRead = 0;
  #pagesRead = 0;

  constructor(plan: Plan, bytes: number, counts: RunCounts, pool: WorkerPool, emit: (event: RunEvent) => void) {
    this.#plan = plan;
    this.#bytes = bytes;
    this.#counts = counts;
    this.#pool = pool;
    this.#emit = emit;
    this.#timer = setInterval(() => this.#tell(), EVERY_MS);
    this.#timer.unref();
  }

  /** Another look at all spans begins, at the span of that number. */
  begin(part: Part, spansDone = 0): void {
    this.#part = part;
    this.#partStarted = Date.now();
    this.#spansDone = spansDone;
    this.#shareBefore = this.#share(0);
    this.#tell();
  }

  /** The spans that are left cannot be written as they come: they are read first. */
  readOn(): void {
    this.#part = { phase: "reading", isLast: false };
  }

  /** A span has been read to its end; `pages`: those that are new to the run. */
  spanRead(span: Span, pages: number): void {
    this.#pagesRead += pages;
    if (this.#part.phase === "reading") this.#spansDone++;
    if (this.#isFirstReading) this.#bytesRead += span.end - span.start;
  }

  /** … and its pages are in the output. */
  spanWritten(): void {
    if (this.#part.phase === "writing") this.#spansDone++;
  }

  phase(phase: Progress["phase"]): void {
    this.#part = { ...this.#part, phase };
    this.#tell();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #share(kibUnderWay: number): number {
    if (this.#isFirstReading) return ratio(this.#bytesRead + kibUnderWay * 1024, this.#bytes);
    return ratio(this.#spansDone, this.#plan.spans.length);
  }

  /** Of the last part only: how long others take is not known before they begin. */
  #etaSeconds(share: number): number | undefined {
    const done = share - this.#shareBefore;
    if (!this.#part.isLast || this.#part.phase === "deciding" || done < ETA_FROM_SHARE) return undefined;
    return ((Date.now() - this.#partStarted) / 1000) * ((1 - share) / done);
  }

  #tell(): void {
    const counts = this.#counts;
    const { phase, stage } = this.#part;
    // Behind it the pages under way have been counted.
    const underWay = this.#isFirstReading ? this.#pool.underWay() : { pages: 0, kib: 0 };
    const share = this.#share(underWay.kib);
    this.#emit({
      type: "progress",
      phase,
      ...(stage === undefined ? {} : { part: stage }),
      spansDone: this.#spansDone,
      spans: this.#plan.spans.length,
      bytesDone: Math.min(this.#bytes, this.#bytesRead + underWay.kib * 1024),
      bytes: this.#bytes,
      pages: this.#pagesRead + underWay.pages,
      kept: counts.kept,
      quarantined: counts.quarantined,
      funnel: counts.funnel,
      tokens: counts.tokens,
      elapsedSeconds: (Date.now() - this.#started) / 1000,
      etaSeconds: this.#etaSeconds(share),
      rssMb: Math.round(process.memoryUsage.rss() / 2 ** 20),
    });
  }

  get #isFirstReading(): boolean {
    const { phase, stage } = this.#part;
    const [first] = this.#plan.barriers;
    if (phase !== "reading") return false;
    return first === undefined || stage === labelOf(this.#plan.recipe.stages[first]!.spec);
  }
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 1 : Math.min(1, part / whole);
}
