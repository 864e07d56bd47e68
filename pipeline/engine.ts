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
import { DuplicateResolver } from "./duplicates.ts";
import type { RunEvent } from "./events.ts";
import { failpoint } from "./failpoints.ts";
import type { PagePlace } from "./heartbeat.ts";
import { finishedRun, type Manifest, manifestId, refuseForeignManifest, runIdentity } from "./manifest.ts";
import { inOrder } from "./ordered.ts";
import { EVENTS, OutFolder } from "./out-folder.ts";
import { RunOutput } from "./output.ts";
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
  /** See `makePlan`. */
  readonly sharedAfter?: readonly number[];
  readonly signal?: AbortSignal;
  readonly emit?: (event: RunEvent) => void;
  /** Pages that were being worked on when an earlier engine process died: until their spans are written, one task runs at a time. */
  readonly suspects?: readonly PagePlace[];
}

/** Runs a recipe to the end and returns its manifest. An interrupted run goes on where it stopped. */
export async function runEngine(recipe: CheckedRecipe, options: EngineOptions): Promise<Manifest> {
  const plan = await makePlan(recipe, options.sharedAfter);
  const out = await OutFolder.open(outDir(recipe));
  let isOver = !out.isResumed;
  try {
    if (options.force === true) refuseForeignManifest(out.dir);
    const finished = options.force === true ? undefined : finishedRun(out.dir, recipe, plan.inputs);
    isOver = finished !== undefined;
    const manifest = finished ?? (await new Run(plan, out, options).toTheEnd());
    isOver = true;
    return manifest;
  } finally {
    if (isOver) out.removeWork();
    else out.unlock();
  }
}

class Run {
  readonly #plan: Plan;
  readonly #out: OutFolder;
  readonly #options: EngineOptions;
  readonly #store: SpanStore;
  readonly #startedAt = new Date();
  readonly #work = { read: 0, extracted: 0, reused: 0 };
  readonly #stepSeconds: number[] = [];
  readonly #emit: (event: RunEvent) => void;

  constructor(plan: Plan, out: OutFolder, options: EngineOptions) {
    this.#plan = plan;
    this.#out = out;
    this.#options = options;
    this.#store = new SpanStore(options.cache ?? join(out.work, "spans"), options.cache !== undefined);
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
    const { recipe, spans, inputs, keptAfter } = this.#plan;
    const { workers } = this.#options;
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
    const pool = new WorkerPool(
      {
        source: recipe.source.spec,
        stages: recipe.stages.map((stage) => stage.spec),
        sink: recipe.sink.spec,
        keptAfter,
        baseDir: recipe.baseDir,
        seed: recipe.seed,
        dropped: recipe.dropped,
        scores: recipe.scores,
      },
      {
        workers,
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
    this.#goSoloForSuspects(pool, 0);
    const stop = new AbortController();
    const { signal: outer } = this.#options;
    const signal = outer === undefined ? stop.signal : AbortSignal.any([stop.signal, outer]);
    /** The first failure ends every task that is under way; it, and not their endings, is what the run reports. */
    const guard = async <T>(work: Promise<T>): Promise<T> => {
      try {
        return await work;
      } catch (error) {
        stop.abort(error);
        throw error;
      }
    };
    const resolver = new DuplicateResolver(recipe.stages);
    let output: RunOutput | undefined;
    let meter: ProgressMeter | undefined;
    try {
      const opened = await RunOutput.open(recipe, this.#out.clearStaging());
      output = opened;
      const measuring = new ProgressMeter(this.#plan, bytes, opened.counter.counts, pool, this.#emit);
      meter = measuring;
      const digests = new Map<string, string[]>(inputs.map(({ file }) => [file, []]));
      const read = inOrder(spans, (planned) => guard(this.#read(planned, pool, measuring, signal)), {
        concurrency: workers + 1,
        budgetBytes: recipe.limits.inFlightMb << 20,
        weigh: ({ span }) => span.end - span.start,
      });
      await pipeline(read, async (finished: AsyncIterable<PlannedSpan>) => {
        for await (const planned of finished) {
          const entry = EntryReader.reopen<SpanMeta>(this.#store.readDir(planned));
          try {
            const rows = resolver.resolve(entry);
            failpoint("deduplicate");
            await guard(opened.write(planned.span, entry, rows));
            digests.get(planned.span.file)!.push(entry.meta.account.sha256);
          } finally {
            entry.close();
          }
          measuring.spanWritten();
          this.#goSoloForSuspects(pool, planned.span.index + 1);
        }
      });
      await opened.close();
      measuring.phase("writing");
      return await this.#publish(opened, digests, pool, measuring);
    } catch (error) {
      stop.abort(error);
      await output?.abort().catch(() => {});
      outer?.throwIfAborted();
      throw stop.signal.reason;
    } finally {
      meter?.stop();
      resolver.close();
      await pool.close();
    }
  }

  /** Until the last span with a suspect is written, one task runs at a time. */
  #goSoloForSuspects(pool: WorkerPool, spansWritten: number): void {
    pool.solo = this.#options.suspects?.some(({ span }) => span >= spansWritten) ?? false;
  }

  async #read(planned: PlannedSpan, pool: WorkerPool, meter: ProgressMeter, signal: AbortSignal): Promise<PlannedSpan> {
    const { span, readKey } = planned;
    const task = { span, keptDirs: this.#store.keptDirs(planned), readDir: this.#store.readDir(planned) };
    const { met, pages, kept, lostBytes, seconds } = await pool.read(task, readKey, signal);
    this.#work[met === "done" ? "read" : met]++;
    for (const [step, value] of seconds.entries()) this.#stepSeconds[step] = (this.#stepSeconds[step] ?? 0) + value;
    this.#emit({ type: "span", span: span.index, file: span.file, work: met, pages, kept, lostBytes });
    meter.spanRead(span, pages);
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
