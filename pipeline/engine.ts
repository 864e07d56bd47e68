/**
 * The engine: a plan becomes a run. One `pipeline` call owns the run's life:
 *
 *     spans ─▶ read, extract, judge, encode in workers ─▶ back in order ─▶ duplicates, one thread ─▶ write
 *
 * A failing step stops the source and ends the threads; a slow one holds the others back.
 */
import { createHash } from "node:crypto";
import { appendFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { EarlierRuns } from "./duplicates/earlier-runs.ts";
import { type Policy, policyOf } from "./duplicates/policy.ts";
import { DuplicateResolver, type FinalRow } from "./duplicates/resolver.ts";
import { decideAll } from "./duplicates/second-look.ts";
import { type DedupStage, dedupStages } from "./duplicates/stars.ts";
import { RetryError } from "./errors.ts";
import type { RunEvent } from "./events.ts";
import { failpoint } from "./failpoints.ts";
import type { PagePlace } from "./heartbeat.ts";
import { finishedRun, type Manifest, manifestId, refuseForeignManifest, runIdentity } from "./manifest.ts";
import { inOrder } from "./ordered.ts";
import { EVENTS, OutFolder } from "./out-folder.ts";
import { RunOutput } from "./output.ts";
import { passBarrier } from "./passages.ts";
import { makePlan, type Plan, type PlannedSpan, planWarnings } from "./plan.ts";
import { WorkerPool } from "./pool.ts";
import { ProgressMeter } from "./progress.ts";
import { type CheckedRecipe, outDir } from "./recipe.ts";
import { EntryReader, type SpanMeta } from "./span-entry.ts";
import { labelOf } from "./stage.ts";
import { secondsByStep, timedSteps } from "./step-clock.ts";
import { SpanStore } from "./store.ts";

export interface EngineOptions {
  readonly workers: number;
  /** Folder of the content-addressed cache; without one, finished spans are kept only until the run is whole. */
  readonly cache: string | undefined;
  /** Replaces a different run that the output folder holds, and does a finished one again. */
  readonly force?: boolean;
  /** See `PlanOptions`. */
  readonly sharedAfter?: readonly number[];
  /** MB that the indexes of deduplication may hold; beyond them what they need is sorted on disk. */
  readonly dedupMemoryMb?: number;
  readonly signal?: AbortSignal;
  readonly emit?: (event: RunEvent) => void;
  /** Pages that were being worked on when an earlier engine process died: until their spans are written, one task runs at a time. */
  readonly suspects?: readonly PagePlace[];
}

/** Runs a recipe to the end and returns its manifest. An interrupted run goes on where it stopped. */
export async function runEngine(recipe: CheckedRecipe, options: EngineOptions): Promise<Manifest> {
  const plan = await makePlan(recipe, { sharedAfter: options.sharedAfter, isCached: options.cache !== undefined });
  const out = await OutFolder.open(outDir(recipe));
  let isOver = !out.isResumed;
  try {
    if (options.force === true) refuseForeignManifest(out.dir);
    const finished = options.force === true ? undefined : finishedRun(out.dir, recipe, plan.inputs);
    isOver = finished !== undefined;
    const manifest = finished ?? (await new Run(plan, out, options).toTheEnd());
    isOver = true;
    return manifest;
  } catch (error) {
    throw withPlaces(error, [out.dir, options.cache]);
  } finally {
    if (isOver) out.removeWork();
    else out.unlock();
  }
}

/** What writing says of a full disk does not tell which. */
function withPlaces(error: unknown, places: readonly (string | undefined)[]): unknown {
  const { code, path, message } = error as NodeJS.ErrnoException;
  if ((code !== "ENOSPC" && code !== "EDQUOT") || path !== undefined) return error;
  const named = places.filter((place) => place !== undefined).join(" or ");
  return new RetryError(`${message}: make room for ${named}, and run again: it goes on from there`, { cause: error });
}

const DEFAULT_DEDUP_MB = 4096;

/** What the steps of a run share while it is under way. */
interface UnderWay {
  readonly pool: WorkerPool;
  readonly earlier: EarlierRuns;
  readonly output: RunOutput;
  readonly meter: ProgressMeter;
  /** Input file → digests of its spans, as they are written. */
  readonly digests: Map<string, string[]>;
  readonly signal: AbortSignal;
  /** The first failure ends every task that is under way; it, and not their endings, is what the run reports. */
  readonly guard: <T>(work: Promise<T>) => Promise<T>;
}

class Run {
  readonly #plan: Plan;
  readonly #out: OutFolder;
  readonly #options: EngineOptions;
  readonly #store: SpanStore;
  readonly #startedAt = new Date();
  readonly #work = { read: 0, extracted: 0, reused: 0 };
  readonly #stepSeconds: number[] = [];
  /** Deduplications behind the last barrier, and which of like pages they keep. */
  readonly #dedups: readonly DedupStage[];
  readonly #policy: Policy;
  readonly #emit: (event: RunEvent) => void;
  readonly #note = (text: string): void => this.#emit({ type: "log", text });

  constructor(plan: Plan, out: OutFolder, options: EngineOptions) {
    this.#plan = plan;
    this.#out = out;
    this.#options = options;
    this.#store = new SpanStore(options.cache ?? join(out.work, "spans"));
    this.#dedups = dedupStages(plan.recipe.stages, (plan.barriers.at(-1) ?? -1) + 1);
    this.#policy = policyOf(this.#dedups);
    const events = join(out.dir, EVENTS);
    if (!out.isResumed) rmSync(events, { force: true });
    this.#emit = (event) => {
      options.emit?.(event);
      if (event.type !== "progress") {
        appendFileSync(events, `${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`);
      }
    };
  }

  async toTheEnd(): Promise<Manifest> {
    const { recipe, spans, inputs } = this.#plan;
    const { workers, signal: outer } = this.#options;
    const bytes = spans.reduce((sum, { span }) => sum + span.end - span.start, 0);
    const warnings = planWarnings(this.#plan);
    this.#emit({
      type: "start",
      out: this.#out.dir,
      inputs: inputs.length,
      spans: spans.length,
      bytes,
      workers,
      warnings,
    });
    const pool = this.#openPool();
    this.#goSoloForSuspects(pool, 0);
    const stop = new AbortController();
    const signal = outer === undefined ? stop.signal : AbortSignal.any([stop.signal, outer]);
    const guard = async <T>(work: Promise<T>): Promise<T> => {
      try {
        return await work;
      } catch (error) {
        stop.abort(error);
        throw error;
      }
    };
    let earlier: EarlierRuns | undefined;
    let output: RunOutput | undefined;
    let meter: ProgressMeter | undefined;
    try {
      earlier = await EarlierRuns.open(recipe, signal);
      output = await RunOutput.open(recipe, this.#out.clearStaging(), this.#dedups);
      meter = new ProgressMeter(this.#plan, bytes, output.counter.counts, pool, this.#emit);
      const digests = new Map<string, string[]>(inputs.map(({ file }) => [file, []]));
      const underWay: UnderWay = { pool, earlier, output, meter, digests, signal, guard };
      await this.#passBarriers(underWay);
      await this.#decideAndWrite(underWay);
      await output.close();
      meter.phase("writing");
      return await this.#publish(output, digests, pool, meter);
    } catch (error) {
      stop.abort(error);
      await output?.abort().catch(() => {});
      outer?.throwIfAborted();
      throw stop.signal.reason;
    } finally {
      meter?.stop();
      earlier?.close();
      await pool.close();
    }
  }

  #openPool(): WorkerPool {
    const { recipe, keptAfter } = this.#plan;
    return new WorkerPool(
      {
        source: recipe.source.spec,
        stages: recipe.stages.map((stage) => stage.spec),
        sink: recipe.sink.spec,
        keptAfter,
        baseDir: recipe.baseDir,
        seed: recipe.seed,
        dropped: recipe.dropped,
        scores: recipe.scores,
        isRanked: dedupStages(recipe.stages).some(({ options }) => options.keep !== "first"),
      },
      {
        workers: this.#options.workers,
        pageSeconds: recipe.limits.pageSeconds,
        workerHeapMb: recipe.limits.workerHeapMb,
        journal: this.#out.journal,
        convictions: this.#store.convictions,
        onConviction: ({ ordinal, stage, reason, detail }, { file, index }) => {
          const name = labelOf((recipe.stages[stage] ?? recipe.sink).spec);
          this.#emit({ type: "convicted", file, span: index, ordinal, stage: name, reason, detail });
        },
      },
    );
  }

  /** The spans in input order, as they have been read; `until`: see `ReadTask`. */
  #readAll(underWay: UnderWay, until?: number): AsyncIterable<PlannedSpan> {
    const { recipe, spans } = this.#plan;
    return inOrder(spans, (planned) => underWay.guard(this.#read(planned, until, underWay)), {
      concurrency: this.#options.workers + 1,
      budgetBytes: recipe.limits.inFlightMb << 20,
      weigh: ({ span }) => span.end - span.start,
    });
  }

  /** Brings all pages behind the last stage that looks below the page. */
  async #passBarriers(underWay: UnderWay): Promise<void> {
    const { recipe, spans, keptAfter, barriers } = this.#plan;
    const { pool, earlier, meter, signal } = underWay;
    for (const [n, barrier] of barriers.entries()) {
      const place = keptAfter.indexOf(barrier);
      meter.begin({ phase: "reading", stage: labelOf(recipe.stages[barrier]!.spec), isLast: false });
      await pipeline(this.#readAll(underWay, place + 1), async (finished: AsyncIterable<PlannedSpan>) => {
        for await (const { span } of finished) this.#goSoloForSuspects(pool, span.index + 1);
      });
      meter.phase("deciding");
      const dirs = spans.map((planned) => this.#store.keptDirs(planned));
      await passBarrier({
        recipe,
        index: barrier,
        from: (barriers[n - 1] ?? -1) + 1,
        before: dirs.map((kept) => kept[place]!),
        after: dirs.map((kept) => kept[place + 1]!),
        scratch: this.#out.clearScratch("passages"),
        memoryBytes: this.#dedupBytes,
        earlier,
        signal,
        note: this.#note,
      });
    }
  }

  /** Reads, decides and writes all spans: those that cannot be decided as they come are decided when all are there. */
  async #decideAndWrite(underWay: UnderWay): Promise<void> {
    const { spans } = this.#plan;
    const { earlier, meter, signal } = underWay;
    const undecided = await this.#writeAsTheyCome(underWay);
    if (undecided === spans.length) return;
    meter.phase("deciding");
    const entries = spans.map((planned) => this.#store.readDir(planned));
    const verdicts = await decideAll(this.#dedups, entries, {
      policy: this.#policy,
      scratch: this.#out.clearScratch("duplicates"),
      memoryBytes: this.#dedupBytes,
      earlier,
      signal,
      note: this.#note,
    });
    meter.begin({ phase: "writing", isLast: true }, undecided);
    for (const [n, planned] of spans.entries()) {
      if (n >= undecided) await this.#write(planned, underWay, ({ meta }) => verdicts.rowsOf(n, meta.rows));
      signal.throwIfAborted();
    }
  }

  /**
   * Reads all spans and writes each as it comes, as long as pages can be decided one by one and the indexes are within their
   * bounds. Returns the number of the first span that is not written.
   */
  async #writeAsTheyCome(underWay: UnderWay): Promise<number> {
    const { pool, earlier, meter, signal } = underWay;
    let resolver = this.#policy.keep === "first" ? new DuplicateResolver(this.#dedups, earlier) : undefined;
    if (resolver !== undefined && !(await resolver.takeEarlier(this.#dedupBytes, signal))) {
      resolver.close();
      resolver = undefined;
    }
    const isLast = resolver !== undefined;
    // Behind a stage that looks below the page all is read: what is left to do is little but writing.
    meter.begin({ phase: isLast && this.#plan.barriers.length > 0 ? "writing" : "reading", isLast });
    let undecided = 0;
    try {
      await pipeline(this.#readAll(underWay), async (finished: AsyncIterable<PlannedSpan>) => {
        for await (const planned of finished) {
          if (resolver !== undefined) {
            const deciding = resolver;
            await this.#write(planned, underWay, (entry) => deciding.resolve(entry));
            undecided = planned.span.index + 1;
            if (resolver.bytes > this.#dedupBytes) {
              resolver.close();
              resolver = undefined;
              meter.readOn();
            }
          }
          this.#goSoloForSuspects(pool, planned.span.index + 1);
        }
      });
      return undecided;
    } finally {
      resolver?.close();
    }
  }

  /** Writes a span's pages, given each one's last word. */
  async #write(
    planned: PlannedSpan,
    { output, meter, digests, guard }: UnderWay,
    resolve: (entry: EntryReader<SpanMeta>) => FinalRow[],
  ): Promise<void> {
    const entry = EntryReader.reopen<SpanMeta>(this.#store.readDir(planned));
    try {
      const rows = resolve(entry);
      failpoint("deduplicate");
      const entryOf = (stage: number) => this.#store.dirOfLeg(this.#plan, planned, stage);
      await guard(output.write(planned.span, entry, rows, entryOf));
      digests.get(planned.span.file)!.push(entry.meta.account.sha256);
    } finally {
      entry.close();
    }
    meter.spanWritten();
  }

  get #dedupBytes(): number {
    return (this.#options.dedupMemoryMb ?? DEFAULT_DEDUP_MB) * 2 ** 20;
  }

  /** Until the last span with a suspect is written, one task runs at a time. */
  #goSoloForSuspects(pool: WorkerPool, spansWritten: number): void {
    pool.solo = this.#options.suspects?.some(({ span }) => span >= spansWritten) ?? false;
  }

  /** `until`: see `ReadTask`. */
  async #read(
    planned: PlannedSpan,
    until: number | undefined,
    { pool, meter, signal }: UnderWay,
  ): Promise<PlannedSpan> {
    const { span } = planned;
    const { barriers, keptAfter } = this.#plan;
    const behind = barriers.findLast((n) => until === undefined || keptAfter.indexOf(n) + 1 < until);
    const task = {
      span,
      keptDirs: this.#store.keptDirs(planned),
      readDir: this.#store.readDir(planned),
      from: behind === undefined ? 0 : keptAfter.indexOf(behind) + 2,
      until,
    };
    const key = until === undefined ? planned.readKey : planned.keptKeys[until - 1]!;
    const { met, pages, kept, lostBytes, seconds } = await pool.read(task, key, signal);
    const isFirst = behind === undefined;
    if (isFirst) this.#work[met === "done" ? "read" : met]++;
    for (const [step, value] of seconds.entries()) this.#stepSeconds[step] = (this.#stepSeconds[step] ?? 0) + value;
    const newlyLost = isFirst ? lostBytes : 0;
    this.#emit({ type: "span", span: span.index, file: span.file, work: met, pages, kept, lostBytes: newlyLost });
    meter.spanRead(span, isFirst ? pages : 0);
    return planned;
  }

  async #publish(
    output: RunOutput,
    digests: ReadonlyMap<string, readonly string[]>,
    pool: WorkerPool,
    meter: ProgressMeter,
  ): Promise<Manifest> {
    const { recipe, inputs } = this.#plan;
    const digestOfSpans = (file: string) => createHash("sha256").update(digests.get(file)!.join("\n")).digest("hex");
    const identity = runIdentity(
      recipe,
      inputs.map(({ file, bytes }) => ({ file, bytes, sha256: digestOfSpans(file) })),
    );
    const steps = { source: recipe.source.spec, stages: recipe.stages.map(({ spec }) => spec), sink: recipe.sink.spec };
    const manifest: Manifest = {
      format: 1,
      id: manifestId(identity),
      identity,
      counts: output.counter.counts,
      measured: {
        name: recipe.name,
        startedAt: this.#startedAt.toISOString(),
        seconds: Math.round((Date.now() - this.#startedAt.getTime()) / 100) / 10,
        workers: this.#options.workers,
        node: process.version,
        peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024),
        cache: this.#options.cache ?? null,
        dropped: recipe.dropped,
        scores: recipe.scores,
        work: this.#work,
        stepSeconds: secondsByStep(timedSteps(steps), this.#stepSeconds),
        workersReplaced: pool.replaced,
        source: steps.source,
        baseDir: recipe.baseDir,
        stages: steps.stages,
        inputs: inputs.map(({ file, location, bytes, revision }) => ({ file, location, bytes, revision })),
      },
      artifacts: await this.#out.artifacts(),
    };
    await this.#out.publish(manifest);
    meter.phase("done");
    return manifest;
  }
}
