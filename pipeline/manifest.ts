/** The manifest of a finished run. It is written last: its presence means the run is whole. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { digestOf } from "./canonical.ts";
import { FormatError, RecipeError } from "./errors.ts";
import { engineVersion } from "./modules.ts";
import type { CheckedRecipe, SpecIdentity } from "./recipe.ts";
import type { PlannedInput } from "./source.ts";
import type { StageSpec } from "./stage.ts";

export type ArtifactKind = "data" | "ledger" | "index" | "dropped" | "quarantine";

export interface Artifact {
  readonly path: string;
  readonly kind: ArtifactKind;
  readonly bytes: number;
  readonly sha256: string;
}

/** Everything that decides the run's results, and nothing else: no path, time, host or worker count. */
export interface RunIdentity {
  readonly sluice: string;
  /** Version of the Unicode tables that decide what a word or a letter is. */
  readonly unicode: string;
  readonly seed: number;
  readonly source: SpecIdentity;
  readonly stages: readonly SpecIdentity[];
  readonly sink: SpecIdentity;
  readonly limits: { readonly pageSeconds: number; readonly workerHeapMb: number };
  /** `sha256` is taken over the digests of the input's spans. */
  readonly inputs: readonly { readonly file: string; readonly bytes: number; readonly sha256: string }[];
}

/** What became of the pages of one input, or of all. `pages = kept + dropped + quarantined`. */
export interface Tally {
  pages: number;
  kept: number;
  dropped: number;
  quarantined: number;
}

export interface FileTally extends Tally {
  /** Records that are no pages, by kind. */
  skipped: Record<string, number>;
  lostBytes: number;
  losses: { offset: number; bytes: number; reason: string }[];
}

export interface RunCounts extends Tally {
  /** UTF-8 bytes of the kept pages. */
  textBytes: number;
  tokens: number;
  lostBytes: number;
  /** How many pages each step let through, in the order of the recipe. */
  funnel: [step: string, passed: number][];
  droppedBy: Record<string, Record<string, number>>;
  quarantinedBy: Record<string, Record<string, number>>;
  /** By stage that looks below the page: how many pages lost passages, and the UTF-16 units of these. */
  cutBy: Record<string, { pages: number; units: number }>;
  files: Record<string, FileTally>;
}

/** How the run went on this machine: never part of an identity. */
export interface Measured {
  readonly name: string;
  readonly startedAt: string;
  readonly seconds: number;
  readonly workers: number;
  readonly node: string;
  readonly peakRssMb: number;
  readonly cache: string | null;
  /** Which dropped pages can be read. */
  readonly dropped: CheckedRecipe["dropped"];
  /** Which stages measured a page. */
  readonly scores: CheckedRecipe["scores"];
  /** Spans read to the end by this run, and spans taken from the store: after their first stages, or whole. */
  readonly work: { readonly read: number; readonly extracted: number; readonly reused: number };
  /** Worker time by step; "engine" is what is no stage's own. Reused work took none. */
  readonly stepSeconds: Readonly<Record<string, number>>;
  readonly workersReplaced: number;
  /** The source as it ran here; relative paths in its parameters and in those of the stages begin at `baseDir`. */
  readonly source: StageSpec;
  readonly baseDir: string;
  /** The stages as they ran here: where their code was, and their parameters with the places that are no part of identities. */
  readonly stages: readonly StageSpec[];
  readonly inputs: readonly {
    readonly file: string;
    readonly location: string;
    readonly bytes: number;
    readonly revision: string;
  }[];
}

export interface Manifest {
  readonly format: 1;
  readonly id: string;
  readonly identity: RunIdentity;
  readonly counts: RunCounts;
  readonly measured: Measured;
  readonly artifacts: readonly Artifact[];
}

export const MANIFEST = "manifest.json";

export function runIdentity(recipe: CheckedRecipe, inputs: RunIdentity["inputs"]): RunIdentity {
  const { seed, source, stages, sink, limits } = recipe;
  return {
    sluice: engineVersion,
    unicode: process.versions.unicode ?? "",
    seed,
    source: source.identity,
    stages: stages.map((stage) => stage.identity),
    sink: sink.identity,
    limits: { pageSeconds: limits.pageSeconds, workerHeapMb: limits.workerHeapMb },
    inputs,
  };
}

export function manifestId(identity: RunIdentity): string {
  return digestOf(identity);
}

/** Reads a run's manifest; a folder without one is no finished run. */
export function readManifest(dir: string): Manifest {
  const path = join(dir, MANIFEST);
  if (!existsSync(path)) {
    throw new FormatError(
      `${dir}: no ${MANIFEST}; found ${existsSync(dir) ? "a folder without a finished run" : "no such folder"}; expected the output of "sluice run" (an interrupted run is finished by running it again)`,
    );
  }
  try {
    const manifest = JSON.parse(readFileSync(path, "utf8")) as Manifest;
    for (const field of ["identity", "counts", "measured", "artifacts"] as const) {
      if (typeof manifest?.[field] !== "object") throw new Error(`no field "${field}"`);
    }
    if (manifest.format !== 1) throw new Error(`format ${manifest.format}, this version reads 1`);
    if (manifest.id !== manifestId(manifest.identity)) throw new Error("its id does not match its identity");
    return manifest;
  } catch (error) {
    throw new FormatError(`${path}: not a manifest: ${(error as Error).message}`);
  }
}

/**
 * The manifest, if the folder holds exactly what running this recipe on these inputs would give; `undefined` if there
 * is no finished run, or one that has to be finished again; an error if there is another one.
 */
export function finishedRun(dir: string, recipe: CheckedRecipe, inputs: readonly PlannedInput[]): Manifest | undefined {
  if (!existsSync(join(dir, MANIFEST))) return undefined;
  let found: string;
  try {
    const manifest = readManifest(dir);
    if (isSameRun(manifest, recipe, inputs)) return missingArtifacts(dir, manifest).length === 0 ? manifest : undefined;
    found = `the finished run ${manifest.id.slice(0, 12)} of another recipe or other inputs`;
  } catch (error) {
    found = `a manifest that cannot be read (${(error as Error).message})`;
  }
  throw new RecipeError(`${dir}: found ${found}; choose another sink dir, or replace it with --force`);
}

/** Even by force only a run's folder is replaced. */
export function refuseForeignManifest(dir: string): void {
  const path = join(dir, MANIFEST);
  if (!existsSync(path) || readFileSync(path, "utf8").includes('"sluice"')) return;
  throw new RecipeError(`${path}: found a file that no run wrote; choose another sink dir, or move it away`);
}

function isSameRun(
  { id, identity, measured }: Manifest,
  recipe: CheckedRecipe,
  inputs: readonly PlannedInput[],
): boolean {
  const now = runIdentity(recipe, identity.inputs);
  const seen = inputs.map(({ file, location, bytes, revision }) => ({ file, location, bytes, revision }));
  return (
    digestOf(now) === id &&
    digestOf(seen) === digestOf(measured.inputs) &&
    recipe.dropped === measured.dropped &&
    recipe.scores === measured.scores
  );
}

/** Artifacts that are missing or of another size than the manifest says. */
export function missingArtifacts(dir: string, manifest: Manifest): string[] {
  return manifest.artifacts
    .filter(({ path, bytes }) => {
      const file = join(dir, path);
      return !existsSync(file) || statSync(file).size !== bytes;
    })
    .map(({ path }) => path);
}

/** The token shards of a run, in order; raises if it has none, or one is missing or of another size. */
export function shardArtifacts(dir: string, manifest: Manifest): readonly Artifact[] {
  const artifacts = manifest.artifacts.filter((one) => one.kind === "data" && one.path.endsWith(".tok"));
  if (artifacts.length === 0) {
    const { sink } = manifest.identity;
    const why = sink.name === "shards" ? "it kept no pages" : `its sink was ${sink.name}`;
    throw new RecipeError(`${dir}: the run has no token shards (${why}); expected one with the sink "shards"`);
  }
  const missing = missingArtifacts(dir, { ...manifest, artifacts })[0];
  if (missing === undefined) return artifacts;
  throw new FormatError(`${join(dir, missing)}: missing, or not of the size that the manifest says; run again`);
}
