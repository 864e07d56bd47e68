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
import { RecipeError, StageError } from "./errors.ts";
import { failpoint } from "./failpoints.ts";
import { Heart } from "./heartbeat.ts";
import { buildChain, type Chain, type End, endedAt, judgePage, type Outcome, pageUnderWay } from "./judge.ts";
import { definitionOf, installResolveHook } from "./modules.ts";
import { type CheckedRecipe, contextFor, type MiddleDefinition } from "./recipe.ts";
import { isInSample } from "./rejects.ts";
import { isRejected, type Loss, type SourceItem, type SourceLog, type Span } from "./source.ts";
import { EntryReader, EntryWriter, type OnwardRow, type PageRow, type Piece, type SpanMeta } from "./span-entry.ts";
import type { EncodedPage, Signature, SinkDefinition, SourceDefinition, StageSpec } from "./stage.ts";
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
  readonly beats: SharedArrayBuffer;
  readonly journal: string;
}

/** One span to read. */
export interface ReadTask {
  readonly slot: number;
  readonly attempt: string;
  readonly span: Span;
  /** Folders of the entries after the stages of `keptAfter`; none when nothing is cached. */
  readonly keptDirs: readonly string[];
  readonly readDir: string;
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
  const finished = EntryReader.open<SpanMeta>(task.readDir);
  if (finished !== undefined) {
    finished.close();
    return { met: "reused", meta: finished.meta };
  }
  built ??= build();
  const all = await built;
  const found = deepestKept(task);
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
function deepestKept({ keptDirs }: ReadTask): { depth: number; entry: EntryReader<SpanMeta> } | undefined {
  for (let depth = keptDirs.length; depth > 0; depth--) {
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
  readonly #judged: RowWriter;

  constructor(all: Built, task: ReadTask, heart: Heart, begun: number) {
    this.#all = all;
    this.#task = task;
    this.#heart = heart;
    this.#begun = begun;
    this.#kept = task.keptDirs.map((dir, leg) => (leg < begun ? undefined : new RowWriter(dir, task.attempt, true)));
    this.#judged = new RowWriter(task.readDir, task.attempt, false);
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
    for (const writer of this.#kept) writer?.commit(account);
    return this.#judged.commit(account);
  }

  abandon(): void {
    for (const writer of this.#kept) writer?.abandon();
    this.#judged.abandon();
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
      if (page !== undefined) await this.#leg(page, ordinal, leg + 1, outcome);
      else await this.#add(outcome, ordinal, leg + 1);
      return;
    }
    if (page === undefined) {
      this.#judged.add(outcome, ordinal);
      return;
    }
    const encoded = encode(outcome, this.#all, ordinal, this.#task, this.#heart);
    if ("bytes" in encoded) this.#judged.add(outcome, ordinal, encoded);
    else this.#judged.add(encoded, ordinal);
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

type SignaturePieces = NonNullable<PageRow["signatures"]>[number];

/** Writes outcomes as rows of an entry. */
class RowWriter {
  readonly #entry: EntryWriter;
  readonly #rows: PageRow[] = [];
  readonly #isGoneOnFrom: boolean;
  /** By stage, what was stored last: parts of a split page carry the signature of the whole. */
  readonly #stored = new Map<number, { readonly signature: Signature; readonly pieces: SignaturePieces }>();

  /** An entry that later stages go on from keeps every text; the last one what people may want to read. */
  constructor(dir: string, attempt: string, isGoneOnFrom: boolean) {
    this.#entry = new EntryWriter(dir, attempt);
    this.#isGoneOnFrom = isGoneOnFrom;
  }

  add(outcome: Outcome, ordinal: number, encoded?: EncodedPage): void {
    const { page, signatures, onward } = outcome;
    const { id, url, date, source, tags } = page;
    const isKept = outcome.outcome === "kept";
    const bytes = bytesOf(page);
    const text = this.#isGoneOnFrom || isSampled(id) ? this.#entry.append("text", bytes) : undefined;
    this.#rows.push({
      ordinal,
      id,
      url,
      date,
      source,
      tags,
      outcome: outcome.outcome,
      stageIndex: outcome.stageIndex,
      stage: outcome.stage,
      reason: outcome.reason,
      value: outcome.value,
      detail: outcome.detail,
      scores: outcome.scores,
      text,
      textBytes: bytes.length,
      signatures: signatures.size === 0 ? undefined : this.#store(signatures),
      payload: isKept && encoded !== undefined ? this.#entry.append("payload", encoded.bytes) : undefined,
      tokens: isKept ? (encoded?.tokens ?? 0) : 0,
      onward: onward && this.#onwardRow(onward, page, text, encoded?.tokens ?? 0),
    });
  }

  /** `dropped`: the page when it was dropped, whose text is stored as `text`. */
  #onwardRow(end: End, dropped: Page, text: Piece | undefined, tokens: number): OnwardRow {
    const { page, outcome, stageIndex, stage, reason, value } = end;
    const bytes = bytesOf(page);
    const row = { outcome, stageIndex, stage, reason, value, textBytes: bytes.length, tokens };
    if (!this.#isGoneOnFrom || outcome !== "kept") return row;
    const { url, date, tags } = page;
    const isSameText = isDocument(page) && isDocument(dropped) && page.text === dropped.text;
    return { ...row, page: { url, date, tags, text: isSameText ? text : this.#entry.append("text", bytes) } };
  }

  #store(signatures: Outcome["signatures"]): PageRow["signatures"] {
    const stored: Record<number, SignaturePieces> = {};
    for (const [stage, signature] of signatures) {
      if (signature === null) continue;
      let last = this.#stored.get(stage);
      if (last?.signature !== signature) {
        last = { signature, pieces: this.#append(signature) };
        this.#stored.set(stage, last);
      }
      stored[stage] = last.pieces;
    }
    return stored;
  }

  #append(signature: Signature): SignaturePieces {
    const keys = this.#entry.append("keys", Buffer.from(signature.keys.slice().buffer));
    if (signature.evidence === undefined) return { keys };
    return { keys, evidence: this.#entry.append("evidence", signature.evidence.slice()) };
  }

  commit(account: SpanMeta["account"]): SpanMeta {
    const meta: SpanMeta = { rows: this.#rows, account };
    this.#entry.commit(meta);
    return meta;
  }

  abandon(): void {
    this.#entry.abandon();
  }
}

function bytesOf(page: Page): Buffer {
  return Buffer.from(isDocument(page) ? page.text : "", "utf8");
}

/** Whether a page's text can be read after the run, if the page is dropped. */
function isSampled(pageId: string): boolean {
  return setup.dropped === "all" || (setup.dropped === "sample" && isInSample(setup.seed, pageId));
}

/** A stored row as the outcome it was made from. */
function outcomeOf(row: PageRow, entry: EntryReader<SpanMeta>): Outcome {
  const { id, url, date, source, tags } = row;
  const textOf = (piece: Piece | undefined): string =>
    piece === undefined ? "" : entry.read("text", piece).toString("utf8");
  const page: Document = { id, url, date, source, tags, text: textOf(row.text) };
  const { outcome, stageIndex, stage, reason, value, detail, scores } = row;
  const base = { outcome, page, stageIndex, stage, reason, value, detail, scores, signatures: new Map() };
  if (row.onward === undefined) return base;
  const { page: further, ...end } = row.onward;
  return { ...base, onward: { ...end, page: { ...page, ...further, text: textOf(further?.text) } } };
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
