/**
 * The worker pool: piscina, and what it takes to survive hostile pages. A worker that hangs on a page or runs out of
 * heap is replaced, the page is convicted, and its span is tried again without it.
 */
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { Piscina } from "piscina";
import type { Conviction, Convictions } from "./convictions.ts";
import { FormatError, oneLine, RecipeError, RetryError } from "./errors.ts";
import { beatMemory, beginJournal, clearBeat, type PagePlace, readBeat } from "./heartbeat.ts";
import { engineModule } from "./modules.ts";
import type { Span } from "./source.ts";
import type { ReadTask, TaskFailure, TaskResult, WorkerSetup } from "./worker.ts";

export interface PoolOptions {
  readonly workers: number;
  readonly pageSeconds: number;
  readonly workerHeapMb: number;
  readonly journal: string;
  readonly convictions: Convictions;
  readonly onConviction: (conviction: Conviction, span: Span) => void;
}

const WATCH_EVERY_MS = 250;

/** How often one task may lose its worker before a page is convicted, or the run gives up. */
const MAX_DEATHS_IN_A_ROW = 4;

export class WorkerPool {
  readonly #gate: Gate;
  readonly #pool: Piscina;
  readonly #options: PoolOptions;
  readonly #beats: SharedArrayBuffer;
  readonly #freeSlots: number[];
  readonly #running = new Map<number, RunningTask>();
  readonly #watch: NodeJS.Timeout;
  /** Workers lost to pages. */
  replaced = 0;

  constructor(setup: Omit<WorkerSetup, "beats" | "journal">, options: PoolOptions) {
    this.#options = options;
    this.#gate = new Gate(options.workers);
    this.#freeSlots = Array.from({ length: options.workers }, (_, slot) => slot);
    this.#beats = beatMemory(options.workers);
    beginJournal(options.journal);
    this.#pool = new Piscina({
      filename: engineModule("pipeline/worker").href,
      minThreads: options.workers,
      maxThreads: options.workers,
      idleTimeout: Number.POSITIVE_INFINITY,
      atomics: "disabled",
      resourceLimits: { maxOldGenerationSizeMb: options.workerHeapMb },
      workerData: { ...setup, beats: this.#beats, journal: options.journal } satisfies WorkerSetup,
    });
    this.#pool.on("error", () => {}); // Every task reports its own end; an idle worker's death is nobody's.
    this.#watch = setInterval(() => this.#watchPages(), WATCH_EVERY_MS);
    this.#watch.unref();
  }

  /**
   * Lets one task run at a time (so that a page that takes the process down is alone in the journal), or as many as
   * there are workers.
   */
  set solo(solo: boolean) {
    this.#gate.widen(solo ? 1 : this.#options.workers);
  }

  /** Pages and KiB of the tasks that are running now. */
  underWay(): { pages: number; kib: number } {
    let pages = 0;
    let kib = 0;
    for (const slot of this.#running.keys()) {
      const beat = readBeat(this.#beats, slot);
      pages += beat.pagesDone;
      kib += beat.kibDone;
    }
    return { pages, kib };
  }

  async close(): Promise<void> {
    clearInterval(this.#watch);
    await this.#pool.destroy();
  }

  /**
   * Reads a span. `key` names the span and the stages, for convictions. A page that hangs, or twice in a row ends its
   * worker, is convicted, and the span is tried again without it.
   */
  async read(task: SpanTask, key: string, signal: AbortSignal): Promise<TaskResult> {
    await this.#gate.enter();
    const slot = this.#freeSlots.pop()!;
    let struckOrdinal: number | undefined;
    let deaths = 0;
    try {
      for (;;) {
        const end = await this.#attempt(task, key, slot, signal);
        if ("met" in end) return end;
        this.replaced++;
        const { place, hung } = end;
        if (++deaths > MAX_DEATHS_IN_A_ROW) {
          throw new RetryError(
            `${task.span.file}: span ${task.span.index} ended its worker ${deaths} times, each time on another page (${oneLine(end.error)}); the pages together may need more heap than one of them: raise limits.workerHeapMb, or lower the source's spanBytes`,
          );
        }
        if (place === undefined) continue;
        // A full heap may be the fault of many pages: only the page that fills a second, fresh one is convicted.
        if (!hung && struckOrdinal !== place.ordinal) {
          struckOrdinal = place.ordinal;
          continue;
        }
        const { ordinal, stage } = place;
        const conviction: Conviction = { key, ordinal, stage, ...this.#charge(end) };
        deaths = 0;
        this.#options.convictions.add(conviction);
        this.#options.onConviction(conviction, task.span);
      }
    } finally {
      this.#freeSlots.push(slot);
      this.#gate.leave();
    }
  }

  async #attempt(task: SpanTask, key: string, slot: number, signal: AbortSignal): Promise<TaskResult | WorkerDeath> {
    signal.throwIfAborted();
    const attempt = randomUUID();
    const running: RunningTask = { stop: new AbortController(), page: undefined, ticks: 0, hungOn: undefined };
    clearBeat(this.#beats, slot);
    this.#running.set(slot, running);
    let result: TaskResult | TaskFailure;
    try {
      const order: ReadTask = { ...task, slot, attempt, convictions: this.#options.convictions.of(key) };
      result = (await this.#pool.run(order, {
        signal: AbortSignal.any([running.stop.signal, signal]),
      })) as typeof result;
    } catch (error) {
      // Workers return their errors as data: whatever else ends a task is the worker's end.
      signal.throwIfAborted();
      for (const dir of [task.readDir, ...task.keptDirs]) {
        rmSync(`${dir}.${attempt}.tmp`, { recursive: true, force: true });
      }
      const beat = readBeat(this.#beats, slot);
      return { error, hung: running.hungOn !== undefined, place: running.hungOn ?? (beat.running ? beat : undefined) };
    } finally {
      this.#running.delete(slot);
    }
    if ("failed" in result) throw revive(result);
    return result;
  }

  #charge({ hung, error }: WorkerDeath): Pick<Conviction, "reason" | "detail"> {
    const { pageSeconds, workerHeapMb } = this.#options;
    if (hung) return { reason: "deadline", detail: `took longer than ${pageSeconds} s` };
    if ((error as { code?: string }).code === "ERR_WORKER_OUT_OF_MEMORY") {
      return { reason: "out-of-memory", detail: `needed more than ${workerHeapMb} MB of heap` };
    }
    return { reason: "crashed-the-process", detail: `ended its worker thread twice (${oneLine(error)})` };
  }

  /** Counts its own ticks on a page, not the clock's seconds: a laptop that slept must not convict anybody. */
  #watchPages(): void {
    const maxTicks = (this.#options.pageSeconds * 1000) / WATCH_EVERY_MS;
    for (const [slot, task] of this.#running) {
      const beat = readBeat(this.#beats, slot);
      if (!beat.running || beat.ordinal !== task.page) {
        task.page = beat.running ? beat.ordinal : undefined;
        task.ticks = 0;
      } else if (++task.ticks > maxTicks && task.hungOn === undefined) {
        task.hungOn = beat;
        task.stop.abort();
      }
    }
  }
}

export type SpanTask = Pick<ReadTask, "span" | "keptDirs" | "readDir" | "from" | "until">;

interface RunningTask {
  readonly stop: AbortController;
  /** Ordinal of the page at the last look, and for how many looks it has been there. */
  page: number | undefined;
  ticks: number;
  hungOn: PagePlace | undefined;
}

interface WorkerDeath {
  readonly error: unknown;
  readonly hung: boolean;
  /** The page that the worker was on. */
  readonly place: PagePlace | undefined;
}

/** Lets a number of tasks in at a time, first come first served. */
class Gate {
  #width: number;
  #inside = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(width: number) {
    this.#width = width;
  }

  async enter(): Promise<void> {
    if (this.#inside < this.#width) this.#inside++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  leave(): void {
    this.#inside--;
    this.#admit();
  }

  widen(width: number): void {
    this.#width = width;
    this.#admit();
  }

  #admit(): void {
    while (this.#inside < this.#width && this.#waiting.length > 0) {
      this.#inside++;
      this.#waiting.shift()!();
    }
  }
}

function revive({ failed: { name, message, code } }: TaskFailure): Error {
  const Class = { RecipeError, FormatError, RetryError }[name] ?? Error;
  return Object.assign(
    new Class(Class === Error && name !== "Error" ? `${name}: ${message}` : message),
    code === undefined ? {} : { code },
  );
}
