/**
 * What a run will cost, from a sample of its input: evenly spaced pieces go through the real workers, and the whole is
 * extrapolated per stored byte. Intervals are percentile bootstraps over the pieces (Efron 1979), 90 %.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Convictions } from "./convictions.ts";
import { DuplicateResolver } from "./duplicates/resolver.ts";
import { dedupStages } from "./duplicates/stars.ts";
import type { Plan } from "./plan.ts";
import { WorkerPool } from "./pool.ts";
import { seededRandom } from "./random.ts";
import { EntryReader, type SpanMeta } from "./span-entry.ts";
import { labelOf } from "./stage.ts";

export interface Interval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

export interface Estimate {
  readonly sampledBytes: number;
  readonly sampledPages: number;
  readonly seconds: Interval;
  readonly pages: Interval;
  readonly kept: Interval;
  readonly tokens: Interval;
  /** Bytes the cache and the work folder will hold. */
  readonly diskBytes: Interval;
  /** Resident memory at the end of the sample, and what deduplication adds for the whole input. */
  readonly memoryMb: number;
  /** Share of entering pages that each stage takes; duplicates across pieces are not seen, so theirs is a lower bound. */
  readonly droppedBy: Readonly<Record<string, Interval>>;
}

interface Piece {
  readonly bytes: number;
  readonly seconds: number;
  readonly pages: number;
  readonly kept: number;
  readonly tokens: number;
  readonly textBytes: number;
  readonly droppedBy: Readonly<Record<string, number>>;
}

const DEFAULT_PIECES = 12;
const BOOTSTRAP_ROUNDS = 1000;
const LEVEL = 0.9;

export async function estimate(
  plan: Plan,
  options: { workers: number; pieces?: number; signal?: AbortSignal },
): Promise<Estimate> {
  const { recipe, spans } = plan;
  const wanted = Math.min(options.pieces ?? DEFAULT_PIECES, spans.length);
  const chosen = Array.from({ length: wanted }, (_, i) => spans[Math.floor(((i + 0.5) * spans.length) / wanted)]!);
  const dir = mkdtempSync(join(tmpdir(), "sluice-plan-"));
  const pool = new WorkerPool(
    {
      source: recipe.source.spec,
      stages: recipe.stages.map((stage) => stage.spec),
      sink: recipe.sink.spec,
      keptAfter: plan.keptAfter,
      baseDir: recipe.baseDir,
      seed: recipe.seed,
      dropped: "none",
      scores: recipe.scores,
      isRanked: false,
    },
    {
      workers: options.workers,
      pageSeconds: recipe.limits.pageSeconds,
      workerHeapMb: recipe.limits.workerHeapMb,
      journal: join(dir, "journal"),
      convictions: new Convictions(join(dir, "convictions.jsonl")),
      onConviction: () => {},
    },
  );
  const resolver = new DuplicateResolver(dedupStages(recipe.stages));
  const signal = options.signal ?? new AbortController().signal;
  const take = async (index: number, name: string, duplicates: DuplicateResolver): Promise<Piece> => {
    const { span, readKey } = chosen[index]!;
    const part = recipe.source.definition.sample?.(span) ?? span;
    const readDir = join(dir, name);
    const started = performance.now();
    await pool.read({ span: part, keptDirs: [], readDir, from: 0 }, readKey, signal);
    const seconds = (performance.now() - started) / 1000;
    const entry = EntryReader.reopen<SpanMeta>(readDir);
    const rows = duplicates.resolve(entry);
    entry.close();
    const kept = rows.filter(({ outcome }) => outcome === "kept");
    const droppedBy: Record<string, number> = {};
    for (const { outcome, stage } of rows) if (outcome !== "kept") droppedBy[stage] = (droppedBy[stage] ?? 0) + 1;
    return {
      bytes: part.end - part.start,
      seconds,
      pages: rows.length,
      kept: kept.length,
      tokens: kept.reduce((sum, { row }) => sum + row.tokens, 0),
      textBytes: rows.reduce((sum, { row }) => sum + row.textBytes, 0),
      droppedBy,
    };
  };
  try {
    // Before anything is measured every worker reads a piece: the first one also loads the stages.
    const unmeasured = new DuplicateResolver(dedupStages(recipe.stages));
    await Promise.all(Array.from({ length: options.workers }, (_, i) => take(i % wanted, `warm-${i}`, unmeasured)));
    unmeasured.close();
    const pieces: Piece[] = [];
    for (let i = 0; i < wanted; i += options.workers) {
      const round = Array.from({ length: Math.min(options.workers, wanted - i) }, (_, k) =>
        take(i + k, `piece-${i + k}`, resolver),
      );
      pieces.push(...(await Promise.all(round)));
    }
    return extrapolate(plan, pieces, options.workers, resolver.bytes);
  } finally {
    await pool.close();
    resolver.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

function extrapolate(plan: Plan, pieces: readonly Piece[], workers: number, indexBytes: number): Estimate {
  const totalBytes = plan.spans.reduce((sum, { span }) => sum + span.end - span.start, 0);
  const sum = (of: readonly Piece[], what: (piece: Piece) => number) =>
    of.reduce((total, piece) => total + what(piece), 0);
  const perByte = (what: (piece: Piece) => number) =>
    interval(
      pieces,
      (sample) =>
        (sum(sample, what) /
          Math.max(
            1,
            sum(sample, (piece) => piece.bytes),
          )) *
        totalBytes,
    );
  const { source, stages: middle, sink } = plan.recipe;
  const steps = [source.spec.name, "extract", ...middle.map(({ spec }) => labelOf(spec)), sink.spec.name];
  const stages = [...new Set(steps)].filter((step) => pieces.some(({ droppedBy }) => droppedBy[step] !== undefined));
  const pages = perByte((piece) => piece.pages);
  const sampledPages = sum(pieces, (piece) => piece.pages);
  // Whole spans are dealt out: with fewer spans than workers some stand idle.
  const busy = Math.min(workers, plan.spans.length);
  return {
    sampledBytes: sum(pieces, (piece) => piece.bytes),
    sampledPages,
    seconds: perByte((piece) => piece.seconds / busy),
    pages,
    kept: perByte((piece) => piece.kept),
    tokens: perByte((piece) => piece.tokens),
    diskBytes: perByte((piece) => 2.5 * piece.textBytes + 600 * piece.pages),
    memoryMb: Math.round(
      process.memoryUsage.rss() / 2 ** 20 + ((indexBytes / Math.max(1, sampledPages)) * pages.estimate) / 2 ** 20,
    ),
    droppedBy: Object.fromEntries(
      stages.map((stage) => [
        stage,
        interval(
          pieces,
          (sample) =>
            sum(sample, (piece) => piece.droppedBy[stage] ?? 0) /
            Math.max(
              1,
              sum(sample, (piece) => piece.pages),
            ),
        ),
      ]),
    ),
  };
}

function interval(pieces: readonly Piece[], statistic: (sample: readonly Piece[]) => number): Interval {
  const random = seededRandom(1);
  const draws = Array.from({ length: BOOTSTRAP_ROUNDS }, () =>
    statistic(pieces.map(() => pieces[Math.floor(random() * pieces.length)]!)),
  ).sort((a, b) => a - b);
  const at = (share: number) => draws[Math.min(draws.length - 1, Math.floor(share * draws.length))]!;
  return { estimate: statistic(pieces), low: at((1 - LEVEL) / 2), high: at((1 + LEVEL) / 2) };
}
