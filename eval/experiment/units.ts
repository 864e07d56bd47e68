/**
 * The units of work of an experiment, each kept in the store under what decides it:
 *
 *     recipe ─▶ curated ─▶ rows (seed: pages, order) ─▶ model (seed: initialisation, order) ─▶ scores (domain | task)
 *                                                         └─▶ aligned (align-model.ts) ─▶ scores (domain | answers)
 */
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { digestOf } from "../../pipeline/canonical.ts";
import { FormatError, RecipeError } from "../../pipeline/errors.ts";
import { hashFile, writeDurably } from "../../pipeline/io/durable.ts";
import { MANIFEST, missingArtifacts, readManifest, shardArtifacts } from "../../pipeline/manifest.ts";
import { engineFingerprint, engineVersion } from "../../pipeline/modules.ts";
import type { PackingManifest } from "../../pipeline/packed/packing-manifest.ts";
import { PACKING_MANIFEST, readPackingManifest } from "../../pipeline/packed/packing-manifest.ts";
import type { PageSample } from "../../pipeline/page-sample.ts";
import { runChecked } from "../../pipeline/run.ts";
import { pack } from "../../tokenizer/packing/pack.ts";
import type { Backend } from "../../trainer/backends/backend.ts";
import { MODEL } from "../../trainer/checkpoint/checkpoint.ts";
import { RUN_MANIFEST } from "../../trainer/checkpoint/trained-model.ts";
import { identityOf, type TrainPlan } from "../../trainer/config.ts";
import type { Run } from "../accounts/index.ts";
import type { ExperimentEvent } from "./events.ts";
import type { PreparedArm } from "./prepare.ts";
import { jsonOf, type Store, type UnitKind } from "./store.ts";
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
  const isWhole = await isWholeRun(dir);
  await runUnit(workshop, { kind: "curated", unit, key }, isWhole, async () => {
    if (existsSync(join(dir, MANIFEST))) rmSync(dir, { recursive: true });
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

/** Whether every byte of a finished run is as it was written: pages are read without a look at their digests. */
async function isWholeRun(dir: string): Promise<boolean> {
  if (!existsSync(join(dir, MANIFEST))) return false;
  try {
    const manifest = readManifest(dir);
    if (missingArtifacts(dir, manifest).length > 0) return false;
    for (const { path, sha256 } of manifest.artifacts) {
      if ((await hashFile(join(dir, path))).sha256 !== sha256) return false;
    }
    return true;
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
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
  await runUnit(workshop, { kind: "rows", unit, key }, areWholeRows(dir), async () => {
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

/** By their sizes: whoever trains on them looks at their digests. */
function areWholeRows(dir: string): boolean {
  if (!existsSync(join(dir, PACKING_MANIFEST))) return false;
  try {
    return readPackingManifest(dir).files.every(
      ({ path, bytes }) => statSync(join(dir, path), { throwIfNoEntry: false })?.size === bytes,
    );
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}

export interface Model {
  readonly dir: string;
  /** Of the final checkpoint. */
  readonly digest: string;
  /** Of the file of its parameters: of averaged ones, the final checkpoint tells nothing. */
  readonly sha256: string;
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

/** The folders whose code decides what a training comes to, and an alignment. */
export const TRAINING = ["trainer"];

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
  const isWhole = trainedOf(dir) !== undefined && (await isWholeModel(dir));
  await runUnit(workshop, { kind: "model", unit, key }, isWhole, async () => {
    const { signal } = workshop;
    reopenModel(dir);
    const data = [{ folder: rows.dir, weight: 1 }];
    await trainApart({ kind: "train", plan: { ...plan, name: unit, data, out: dir } }, { onShare, signal });
  });
  const sha256 = await sealOf(dir);
  const { result, measured, sources } = trainedOf(dir)!;
  return { dir, key, sha256, ...result, seconds: measured.seconds, epochs: sources[0]!.epochsTaken };
}

const Trained = z.object({
  result: z.object({
    digest: z.string(),
    loss: z
      .number()
      .nullable()
      .transform((loss) => loss ?? Number.NaN),
    steps: z.int(),
  }),
  measured: z.object({ seconds: z.number() }),
  sources: z.array(z.object({ epochsTaken: z.number() })).min(1),
});

/** What a finished training tells of itself; undefined where there is none. */
function trainedOf(dir: string): z.output<typeof Trained> | undefined {
  return Trained.safeParse(jsonOf(join(dir, RUN_MANIFEST))).data;
}

/** Whether a training came to its end. */
export function hasModel(store: Store, key: string): boolean {
  return trainedOf(store.place("model", key)) !== undefined;
}

/** SHA-256 of the file of the model, which says nothing of damage by itself: a byte that changed would be another model. */
const SEAL = "model.sha256";

/** Whether the file of a model is there, and is as it was sealed. */
export async function isWholeModel(dir: string): Promise<boolean> {
  const path = join(dir, MODEL);
  if (!existsSync(path)) return false;
  const seal = join(dir, SEAL);
  return !existsSync(seal) || readFileSync(seal, "utf8") === (await hashFile(path)).sha256;
}

/** What a finished model's seal says; it is sealed where it is not yet. */
export async function sealOf(dir: string): Promise<string> {
  const seal = join(dir, SEAL);
  if (!existsSync(seal)) await writeDurably(seal, (await hashFile(join(dir, MODEL))).sha256);
  return readFileSync(seal, "utf8");
}

/** With its manifest a model would count as finished; checkpoints stay, and it goes on from the last. */
export function reopenModel(dir: string): void {
  for (const file of [RUN_MANIFEST, SEAL]) rmSync(join(dir, file), { force: true });
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
export async function runUnit(
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
