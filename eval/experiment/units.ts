/**
 * The units of work of an experiment, each kept in the store under what decides it:
 *
 *     recipe ─▶ curated ─▶ rows (seed: pages, order) ─▶ model (seed: initialisation, order) ─▶ scores (domain | task)
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { digestOf } from "../../pipeline/canonical.ts";
import { RecipeError } from "../../pipeline/errors.ts";
import { MANIFEST, missingArtifacts, readManifest, shardArtifacts } from "../../pipeline/manifest.ts";
import { engineFingerprint, engineVersion } from "../../pipeline/modules.ts";
import type { PackingManifest } from "../../pipeline/packed/packing-manifest.ts";
import { PACKING_MANIFEST, readPackingManifest } from "../../pipeline/packed/packing-manifest.ts";
import type { PageSample } from "../../pipeline/page-sample.ts";
import { runChecked } from "../../pipeline/run.ts";
import { pack } from "../../tokenizer/packing/pack.ts";
import type { Backend } from "../../trainer/backends/backend.ts";
import { RUN_MANIFEST } from "../../trainer/checkpoint/trained-model.ts";
import { identityOf, type TrainPlan } from "../../trainer/config.ts";
import type { Run } from "../accounts/index.ts";
import type { ExperimentEvent } from "./events.ts";
import type { PreparedArm } from "./prepare.ts";
import type { Store, UnitKind } from "./store.ts";
import { trainApart } from "./train-apart.ts";

/** What every unit is made with. */
export interface Workshop {
  readonly store: Store;
  readonly backend: Backend;
  readonly workers: number | undefined;
  readonly cache: string;
  readonly emit: (event: ExperimentEvent) => void;
  readonly signal: AbortSignal | undefined;
}

/** A finished run of an arm's recipe. */
export async function curate({ arm, recipe, sharedAfter, key }: PreparedArm, workshop: Workshop): Promise<Run> {
  const dir = workshop.store.place("curated", key);
  const unit = `curate ${arm.name}`;
  const isWhole = (): boolean => {
    if (!existsSync(join(dir, MANIFEST))) return false;
    return missingArtifacts(dir, readManifest(dir)).length === 0;
  };
  await runUnit(workshop, { kind: "curated", unit, key }, isWhole(), async () => {
    await runChecked(recipe, {
      cache: workshop.cache,
      force: true,
      sharedAfter,
      ...(workshop.workers !== undefined && { workers: workshop.workers }),
      ...(workshop.signal && { signal: workshop.signal }),
      onEvent: (event) => {
        if (event.type !== "progress") return;
        workshop.emit({ type: "progress", unit, share: event.bytesDone / Math.max(1, event.bytes) });
      },
    });
  });
  return { dir, manifest: readManifest(dir) };
}

export interface Rows {
  readonly dir: string;
  readonly manifest: PackingManifest;
}

/** Rows to train on: the pages that a seed draws from an arm's, in its order. */
export async function makeRows(
  name: string,
  { dir: run, manifest: { id, artifacts } }: Run,
  { sample, length }: { readonly sample: PageSample; readonly length: number },
  workshop: Workshop,
): Promise<Rows> {
  const shards = shardArtifacts(run, readManifest(run));
  const key = digestOf({
    sluice: engineVersion,
    run: id,
    shards: artifacts.filter(({ kind }) => kind === "data").map(({ sha256 }) => sha256),
    sample,
    length,
  });
  const dir = workshop.store.place("rows", key);
  const unit = `sample ${name}, seed ${sample.seed}`;
  await runUnit(workshop, { kind: "rows", unit, key }, existsSync(join(dir, PACKING_MANIFEST)), async () => {
    rmSync(dir, { recursive: true, force: true });
    await pack({
      shards: shards.map(({ path, sha256 }) => ({ path: join(run, path), run: { id, path, sha256 } })),
      outDir: dir,
      length,
      strategy: "concatenate",
      seed: sample.seed,
      sample,
      ...(workshop.signal && { signal: workshop.signal }),
    });
  });
  return { dir, manifest: readPackingManifest(dir) };
}

export interface Model {
  readonly dir: string;
  /** Of the final checkpoint. */
  readonly digest: string;
  readonly key: string;
  /** Training loss of the last step, nats a token. */
  readonly loss: number;
  readonly steps: number;
  readonly seconds: number;
  /** Through the rows. */
  readonly epochs: number;
}

export function modelKey(plan: TrainPlan, rows: Rows): string {
  return digestOf({ training: identityOf(plan, [rows.manifest.id]).content, code: engineFingerprint(TRAINING) });
}

/** The folders whose code decides what a training comes to. */
const TRAINING = ["trainer"];

/** A model trained on rows; `onShare` is told how far it is. */
export async function trainModel(
  name: string,
  plan: TrainPlan,
  rows: Rows,
  workshop: Workshop,
  onShare: (share: number) => void,
): Promise<Model> {
  const key = modelKey(plan, rows);
  const dir = workshop.store.place("model", key);
  const unit = `train ${name}`;
  await runUnit(workshop, { kind: "model", unit, key }, workshop.store.hasModel(key), async () => {
    const { signal } = workshop;
    await trainApart({ ...plan, name: unit, data: [{ folder: rows.dir, weight: 1 }], out: dir }, { onShare, signal });
  });
  const { result, measured, sources } = JSON.parse(readFileSync(join(dir, RUN_MANIFEST), "utf8")) as {
    result: { digest: string; loss: number; steps: number };
    measured: { seconds: number };
    sources: { epochsTaken: number }[];
  };
  return { dir, key, ...result, seconds: measured.seconds, epochs: sources[0]!.epochsTaken };
}

/** What `compute` gives, kept as JSON. */
export async function computeOnce<T>(
  workshop: Workshop,
  { kind, unit, decidedBy }: { readonly kind: "score" | "overlap"; readonly unit: string; readonly decidedBy: unknown },
  compute: () => Promise<T>,
): Promise<T> {
  const key = digestOf(decidedBy);
  let value = workshop.store.read<T>(kind, key);
  await runUnit(workshop, { kind, unit, key }, value !== undefined, async () => {
    value = await compute();
    await workshop.store.write(kind, key, value);
  });
  return value as T;
}

/** Makes what is not there yet, and tells of it. */
async function runUnit(
  { emit, signal }: Workshop,
  unit: { readonly kind: UnitKind; readonly unit: string; readonly key: string },
  reused: boolean,
  make: () => Promise<void>,
): Promise<void> {
  signal?.throwIfAborted();
  const startMs = performance.now();
  try {
    if (!reused) await make();
  } catch (error) {
    if (!(error instanceof RecipeError)) throw error;
    throw new RecipeError(`${unit.unit}: ${error.message}`, { cause: error });
  }
  emit({ type: "unit", ...unit, reused, seconds: reused ? 0 : (performance.now() - startMs) / 1000 });
}
