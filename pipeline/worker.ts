/**
 * A worker thread: builds the stages once from their specs, then takes spans, page by page, through source, stages and
 * the sink's encoder. What it makes goes to disk as a span entry; only accounts travel to the main thread.
 *
 * Pages are encoded here although deduplication, later on, drops some: encoding costs a hundredth of extraction, and so
 * a page that hangs or breaks the encoder is known before any page is dropped for likeness to it.
 */
import { createHash } from "node:crypto";
import { openSync } from "node:fs";
import { workerData } from "node:worker_threads";
import type { Conviction } from "./convictions.ts";
import { type Document, isDocument, type Page, type SourceRef } from "./document.ts";
import { RecipeError, RetryError, StageError } from "./errors.ts";
import { failpoint } from "./failpoints.ts";
import { Heart } from "./heartbeat.ts";
import { buildChain, type Chain, endedAt, judgePage, type Outcome, pageUnderWay } from "./judge.ts";
import { definitionOf, installResolveHook } from "./modules.ts";
import { type CheckedRecipe, contextFor, type MiddleDefinition } from "./recipe.ts";
import { outcomeOf, RowWriter } from "./row-writer.ts";
import { isRejected, type Loss, type SourceItem, type SourceLog, type Span } from "./source.ts";
import { EntryReader, type SpanMeta } from "./span-entry.ts";
import type { EncodedPage, SinkDefinition, SourceDefinition, StageSpec } from "./stage.ts";
import { StepClock } from "./step-clock.ts";

/** What a worker is given when it starts: plain data. */
export interface WorkerSetup {
  readonly source: StageSpec;
  readonly stages: readonly StageSpec[];
  readonly sink: StageSpec;
  /** After so many stages, ascending, what pages have become has a cache entry of its own; see `Plan.keptAfter`. */
  readonly keptAfter: readonly number[];
  readonly baseDir: string;
  readonly seed: number;
  readonly dropped: CheckedRecipe["dropped"];
  readonly scores: CheckedRecipe["scores"];
  /** Whether pages will be ranked; see `RowOptions`. */
  readonly isRanked: boolean;
  readonly beats: SharedArrayBuffer;
  readonly journal: string;
}

/** One span to read. */
export interface ReadTask {
  readonly slot: number;
  readonly attempt: string;
  readonly span: Span;
  /** Folders of the entries after the stages of `keptAfter`; none when nothing is kept on the way. */
  readonly keptDirs: readonly string[];
  readonly readDir: string;
  /** How many of `keptDirs` are there for certain: what the main thread has decided must not be passed by. */
  readonly from: number;
  /** How many of `keptDirs` are to be there afterwards; the rest of the way is not gone if that is said. */
  readonly until?: number | undefined;
  readonly convictions: readonly Conviction[];
}

export interface TaskResult {
  /** How the task was met: from a finished entry, from what earlier stages left, or by doing all of it. */
  readonly met: "reused" | "extracted" | "done";
  readonly pages: number;
  readonly kept: number;
  readonly lostBytes: number;
  /** Where the time went, in the order of `timedSteps`. */
  readonly seconds: readonly number[];
}

/** What the task threw. Errors lose their class when they are posted, so they travel as data. */
export type TaskFailure = {
  readonly failed: { readonly name: string; readonly message: string; readonly code: string | undefined };
};

let setup: WorkerSetup;
let journal: number;
/** Of the task that is running: a worker runs one at a time. */
let clock: StepClock;
let built: Promise<Built> | undefined;

/** Everything that the specs name, with its state loaded. */
interface Built {
  readonly source: SourceDefinition;
  readonly chain: Chain;
  readonly sink: SinkDefinition;
  readonly sinkState: unknown;
}

export default async function work(task: ReadTask): Promise<TaskResult | TaskFailure> {
  try {
    if (setup === undefined) {
      setup = workerData as WorkerSetup;
      journal = openSync(setup.journal, "r+");
      installResolveHook();
    }
    clock = new StepClock(setup.stages.length + 3);
    const heart = new Heart(setup.beats, task.slot, journal);
    try {
      const { met, meta } = await readSpan(task, heart);
      clock.engine();
      return {
        met,
        pages: meta.rows.length,
        kept: meta.rows.filter((row) => row.outcome === "kept").length,
        lostBytes: meta.account.losses.reduce((sum, loss) => sum + loss.bytes, 0),
        seconds: clock.seconds,
      };
    } finally {
      heart.stop();
    }
  } catch (error) {
    const { name, message, code }: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error));
    return { failed: { name, message, code } };
  }
}

/** Not before it is needed: a run that finds everything in the cache loads no model. */
async function build(): Promise<Built> {
  const context = contextFor(setup.baseDir, setup.seed);
  const source = (await definitionOf(setup.source, "source")) as SourceDefinition;
  const sink = (await definitionOf(setup.sink, "sink")) as SinkDefinition;
  const bounds = await Promise.all(
    setup.stages.map(async (spec) => ({ spec, definition: (await definitionOf(spec, spec.name)) as MiddleDefinition })),
  );
  const chain = await buildChain(bounds, context, setup.scores);
  return { source, chain, sink, sinkState: await sink.setup?.(setup.sink.params as never, context) };
}

async function readSpan(task: ReadTask, heart: Heart): Promise<{ met: TaskResult["met"]; meta: SpanMeta }> {
  const last = task.until === undefined ? task.readDir : task.keptDirs[task.until - 1]!;
  const finished = EntryReader.open<SpanMeta>(last);
  if (finished !== undefined) {
    finished.close();
    return { met: "reused", meta: finished.meta };
  }
  built ??= build();
  const all = await built;
  const found = deepestKept(task);
  if ((found?.depth ?? 0) < task.from) {
    throw new RetryError(`${task.keptDirs[task.from - 1]}: damaged since it was written; run again to make it anew`);
  }
  const way = new Way(all, task, heart, found?.depth ?? 0);
  try {
    if (found === undefined) return { met: "done", meta: await readSource(all, way, task, heart) };
    const { rows, account } = found.entry.meta;
    for (const [n, row] of rows.entries()) {
      heart.page(task.span.index, row.ordinal);
      await way.goOn(outcomeOf(row, found.entry), row.ordinal);
      heart.rest(n + 1, 0);
    }
    return { met: "extracted", meta: way.commit(account) };
  } catch (error) {
    way.abandon();
    throw error;
  } finally {
    found?.entry.close();
  }
}

/** What earlier work kept of the span, after as many stages as there are. */
function deepestKept({ keptDirs, until }: ReadTask): { depth: number; entry: EntryReader<SpanMeta> } | undefined {
  for (let depth = until ?? keptDirs.length; depth > 0; depth--) {
    const entry = EntryReader.open<SpanMeta>(keptDirs[depth - 1]!);
    if (entry !== undefined) return { depth, entry };
  }
  return undefined;
}

/** The whole way, from the source on. */
async function readSource(all: Built, way: Way, task: ReadTask, heart: Heart): Promise<SpanMeta> {
  const log = new Account();
  let ordinal = 0;
  clock.source();
  for await (const item of all.source.read(task.span, setup.source.params as never, log)) {
    clock.engine();
    heart.page(task.span.index, ordinal);
    failpoint("read");
    await way.enter(item, ordinal);
    heart.rest(++ordinal, progressKib(item.source, task.span));
    clock.source();
  }
  clock.engine();
  return way.commit(log.close());
}

/**
 * The way of a span's pages through the stages, in legs: after each but the last, what pages have become is kept in an entry;
 * after the last it is encoded, into the span's own entry.
 *
 *     source ─▶ extraction ─▶ kept ─▶ shared stages ─▶ kept ─▶ other stages, encoder ─▶ the span's entry
 */
class Way {
  readonly #all: Built;
  readonly #task: ReadTask;
  readonly #heart: Heart;
  /** Legs that are behind: their entries were found. */
  readonly #begun: number;
  /** By leg, where its end is kept. */
  readonly #kept: readonly (RowWriter | undefined)[];
  /** Not there where the way is not gone to its end. */
  readonly #judged: RowWriter | undefined;

  constructor(all: Built, task: ReadTask, heart: Heart, begun: number) {
    this.#all = all;
    this.#task = task;
    this.#heart = heart;
    this.#begun = begun;
    const { attempt, until } = task;
    this.#kept = task.keptDirs
      .slice(0, until)
      .map((dir, leg) => (leg < begun ? undefined : new RowWriter(dir, attempt, true, setup)));
    this.#judged = until === undefined ? new RowWriter(task.readDir, attempt, false, setup) : undefined;
  }

  /** Takes an item of the source. */
  async enter(item: SourceItem, ordinal: number): Promise<void> {
    const page = enteringPage(item);
    if ("outcome" in page) await this.#add(page, ordinal, 0);
    else await this.#leg(page, ordinal, 0);
  }

  /** Takes a page from the entry that was found. */
  async goOn(outcome: Outcome, ordinal: number): Promise<void> {
    const page = pageUnderWay(outcome);
    if (page !== undefined) await this.#leg(page, ordinal, this.#begun, outcome);
    else await this.#add(outcome, ordinal, this.#begun);
  }

  /** Commits every entry. */
  commit(account: SpanMeta["account"]): SpanMeta {
    const metas = [...this.#kept, this.#judged].map((writer) => writer?.commit(account));
    return metas.findLast((meta) => meta !== undefined)!;
  }

  abandon(): void {
    for (const writer of [...this.#kept, this.#judged]) writer?.abandon();
  }

  /** A page through the stages of a leg, and on; `before` is what the legs behind it left. */
  async #leg(page: Page, ordinal: number, leg: number, before?: Outcome): Promise<void> {
    const from = leg === 0 ? 0 : setup.keptAfter[leg - 1]!;
    const to = setup.keptAfter[leg] ?? this.#all.chain.stages.length;
    for (const after of await judge(page, this.#all, from, to, ordinal, this.#task, this.#heart, before)) {
      const outcome: Outcome =
        before === undefined
          ? after
          : {
              ...after,
              cuts: before.cuts,
              scores: [...before.scores, ...after.scores],
              signatures: new Map([...before.signatures, ...after.signatures]),
            };
      await this.#add(outcome, ordinal, leg);
    }
  }

  /** What a page has become at the end of a leg. */
  async #add(outcome: Outcome, ordinal: number, leg: number): Promise<void> {
    const page = pageUnderWay(outcome);
    if (leg < setup.keptAfter.length) {
      this.#kept[leg]?.add(outcome, ordinal);
      if (leg + 1 === this.#task.until) return;
      if (page !== undefined) await this.#leg(page, ordinal, leg + 1, outcome);
      else await this.#add(outcome, ordinal, leg + 1);
      return;
    }
    if (page === undefined) {
      this.#judged!.add(outcome, ordinal);
      return;
    }
    const encoded = encode(outcome, this.#all, ordinal, this.#task, this.#heart);
    if ("bytes" in encoded) this.#judged!.add(outcome, ordinal, encoded);
    else this.#judged!.add(encoded, ordinal);
  }
}

/** A source item as a page that enters the stages, or as the outcome that it is already. */
function enteringPage(item: SourceItem): Page | Outcome {
  if (isRejected(item)) {
    const { rejected, ...page } = item;
    const { reason, value } = rejected;
    return {
      outcome: "dropped",
      page: { ...page, text: "" },
      stageIndex: -1,
      stage: setup.source.name,
      reason,
      value,
      scores: [],
      signatures: new Map(),
    };
  }
  if (!/^[0-9a-f]{32}$/.test(item.id)) {
    throw new RecipeError(
      `source ${setup.source.name}: page id ${JSON.stringify(item.id)}: expected 32 hex digits (use pageId)`,
    );
  }
  return isDocument(item) ? { ...item, text: item.text.toWellFormed() } : item;
}

/** Judges a page; a convicted one runs up to the stage that it was convicted in, and is quarantined there. */
async function judge(
  page: Page,
  all: Built,
  from: number,
  to: number,
  ordinal: number,
  task: ReadTask,
  heart: Heart,
  before: Outcome | undefined,
): Promise<Outcome[]> {
  const conviction = task.convictions.find(({ ordinal: n, stage }) => n === ordinal && stage >= from && stage < to);
  const onStage = (index: number) => {
    clock.stage(index);
    heart.stage(index);
  };
  const dropped = before?.outcome === "dropped" ? before : undefined;
  const outcomes = await judgePage(page, all.chain, from, conviction?.stage ?? to, onStage, dropped);
  clock.engine();
  if (conviction === undefined) return outcomes.map(asDocument);
  const { stage, reason, detail } = conviction;
  return outcomes.map((outcome) =>
    pageUnderWay(outcome) === undefined
      ? outcome
      : quarantined(outcome, stage, all.chain.stages[stage]!.name, reason, detail),
  );
}

/**
 * A page that passed every stage, as the bytes it will be in the output; quarantined if the sink cannot take it. One that
 * was only measured on is encoded, too: whether that works, and into how many tokens, is part of the measurement.
 */
function encode(outcome: Outcome, all: Built, ordinal: number, task: ReadTask, heart: Heart): EncodedPage | Outcome {
  const sinkStage = setup.stages.length;
  const conviction = task.convictions.find(({ ordinal: n, stage }) => n === ordinal && stage === sinkStage);
  if (conviction !== undefined)
    return quarantined(outcome, sinkStage, setup.sink.name, conviction.reason, conviction.detail);
  const page = pageUnderWay(outcome)!;
  clock.stage(sinkStage);
  heart.stage(sinkStage);
  failpoint("encode");
  try {
    return all.sink.encode(page as Document, setup.sink.params as never, all.sinkState);
  } catch (error) {
    return quarantined(
      outcome,
      sinkStage,
      setup.sink.name,
      "threw",
      new StageError(setup.sink.name, page.id, error).message,
    );
  } finally {
    clock.engine();
  }
}

/** What is still raw when extraction is over, no extractor took. */
function asDocument(outcome: Outcome): Outcome {
  if (outcome.outcome !== "kept" || isDocument(outcome.page)) return outcome;
  return { ...outcome, outcome: "dropped", stage: "extract", reason: "no-extractor" };
}

function quarantined(outcome: Outcome, stageIndex: number, stage: string, reason: string, detail: string): Outcome {
  return endedAt(outcome, { outcome: "quarantined", stageIndex, stage, reason, detail });
}

/** How far into the span a page ends. Sources read ahead, so the bytes read would promise too much. */
function progressKib({ offset, length }: SourceRef, { start, end }: Span): number {
  return Math.max(0, Math.min(end, offset + length) - start) >> 10;
}

class Account implements SourceLog {
  readonly #skipped: Record<string, number> = {};
  readonly #losses: Loss[] = [];
  readonly #hash = createHash("sha256");
  bytes = 0;

  skipped(kind: string): void {
    this.#skipped[kind] = (this.#skipped[kind] ?? 0) + 1;
  }

  lost(loss: Loss): void {
    this.#losses.push(loss);
  }

  bytesRead(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    this.#hash.update(chunk);
  }

  close(): SpanMeta["account"] {
    return { skipped: this.#skipped, losses: this.#losses, bytesRead: this.bytes, sha256: this.#hash.digest("hex") };
  }
}
