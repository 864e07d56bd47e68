/** What an experiment will cost, and what it can find, told before anything is trained. */
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { FormatError } from "../../pipeline/errors.ts";
import { type Estimate as CurationEstimate, estimate } from "../../pipeline/estimate.ts";
import { MANIFEST, readManifest } from "../../pipeline/manifest.ts";
import type { Registry } from "../../pipeline/recipe.ts";
import { DEFAULT_CACHE } from "../../pipeline/run.ts";
import { accountOf } from "../../trainer/account.ts";
import { backendNamed } from "../../trainer/backends/index.ts";
import { measurePeak } from "../../trainer/measure-peak.ts";
import { COMPARISON_JSON } from "../report/report-data.ts";
import { type PowerPlan, planPower } from "../statistics/index.ts";
import type { PreparedAlignment } from "./align/prepare-alignment.ts";
import type { Experiment } from "./experiment.ts";
import { jobsAtOnce, type Prepared, type PreparedArm, prepare, tokensOf } from "./prepare.ts";
import { jsonOf } from "./store.ts";

export interface ArmPlan {
  readonly name: string;
  readonly changes: readonly string[];
  /** Whether its curation is done: then figures are counts. */
  readonly isCurated: boolean;
  /** Of the arm's data, and what of it a seed draws. */
  readonly tokens: number;
  readonly tokensOfSeed: number;
  /** What a model is trained on. */
  readonly tokensTrained: number;
  /** Through what a seed draws. */
  readonly epochs: number;
  readonly curationSeconds: number;
  readonly sources: readonly { readonly file: string; readonly bytes: number }[];
}

/** What aligning all models takes; its time is not guessed. */
export interface StagePlan {
  readonly name: string;
  readonly method: string;
  /** Of data files, gone through once. */
  readonly rows: number;
  /** Drawn to learn from, where a method learns from its own answers. */
  readonly answers: number | undefined;
}

export interface ExperimentPlan {
  readonly arms: readonly ArmPlan[];
  readonly seeds: number;
  readonly models: number;
  readonly parameters: number;
  readonly trainingTokens: number;
  readonly trainingFlops: number;
  readonly flopsPerSecond: number;
  readonly curationSeconds: number;
  readonly trainingSeconds: number;
  /** What can be found; undefined as long as nothing tells of the noise. */
  readonly power:
    | (PowerPlan & { readonly sdSeed: number; readonly seDocument: number; readonly minutesPerSeed: number })
    | undefined;
  /** The seeds' standard deviation at which the expected difference would just be found, document noise aside. */
  readonly noiseAllowed: number;
  readonly alignment?: {
    /** Models that go through all stages. */
    readonly models: number;
    readonly stages: readonly StagePlan[];
    /** Of one model, before the first stage and after each. */
    readonly answersMeasured: number;
  };
}

/**
 * Reads samples of arms that are not curated yet. Noise is taken from a comparison that the experiment's folder holds: a
 * pilot with few seeds is one.
 */
export async function planExperiment(
  experiment: Experiment,
  options: {
    readonly registry: Registry;
    readonly cache?: string;
    readonly workers?: number;
    readonly sample?: boolean;
  },
): Promise<ExperimentPlan> {
  const prepared = await prepare(experiment, {
    registry: options.registry,
    cache: resolve(options.cache ?? DEFAULT_CACHE),
  });
  const workers = options.workers ?? availableParallelism();
  const arms: ArmPlan[] = [];
  for (const arm of prepared.arms)
    arms.push(await planArm(arm, prepared, { workers, sample: options.sample !== false }));
  const { training } = prepared;
  const backend = await backendNamed(training.backend, training.threads);
  const account = accountOf(training.model, {
    batch: training.sequences,
    contextLength: training.contextLength,
    peakFlopsPerSecond: await measurePeak(backend),
  });
  const seeds = experiment.seeds.length;
  const noiseModels = experiment.noise?.runs ?? 0;
  const tokensOfSeed = arms.reduce((sum, { tokensTrained }) => sum + tokensTrained, 0);
  const trainingTokens = seeds * tokensOfSeed + noiseModels * arms[0]!.tokensTrained;
  const { tokensPerSecond } = account.time;
  const jobs = jobsAtOnce(prepared);
  const pairs = pairsDecided(prepared);
  return {
    arms,
    seeds,
    models: seeds * arms.length + noiseModels,
    parameters: account.parameters.total,
    trainingTokens,
    trainingFlops: trainingTokens * account.trainingFlops.token,
    flopsPerSecond: tokensPerSecond * account.trainingFlops.token,
    curationSeconds: arms.reduce((sum, { curationSeconds }) => sum + curationSeconds, 0),
    trainingSeconds: trainingTokens / tokensPerSecond / jobs,
    power: powerOf(experiment, pairs, tokensOfSeed / tokensPerSecond / jobs / 60),
    noiseAllowed: noiseAllowed(experiment, pairs),
    ...(prepared.alignment && { alignment: alignmentPlan(prepared, prepared.alignment) }),
  };
}

function alignmentPlan(
  { arms, experiment }: Prepared,
  { stages, questions }: PreparedAlignment,
): NonNullable<ExperimentPlan["alignment"]> {
  const aligned = arms.filter(({ arm }) => arm.without === undefined).length;
  const asked = questions === undefined ? 0 : questions.prompts.length * questions.drawing.samples;
  return {
    models: aligned * experiment.seeds.length,
    stages: stages.map(({ name, method, rows, plan }) => {
      const { steps, questions: ofStep, samples } = plan.options as Record<string, number | undefined>;
      const isCounted = steps !== undefined && ofStep !== undefined && samples !== undefined;
      return { name, method, rows, answers: isCounted ? steps * ofStep * samples : undefined };
    }),
    answersMeasured: asked * (1 + stages.length),
  };
}

async function planArm(
  { arm: { name, changes }, plan, key }: PreparedArm,
  prepared: Prepared,
  { workers, sample }: { readonly workers: number; readonly sample: boolean },
): Promise<ArmPlan> {
  const { dataShare, shift } = prepared.experiment;
  const folder = prepared.store.place("curated", key);
  const isCurated = existsSync(join(folder, MANIFEST));
  const counts = isCurated ? readManifest(folder).counts : undefined;
  const guess: CurationEstimate | undefined =
    counts === undefined && sample ? await estimate(plan, { workers }) : undefined;
  const tokens = counts?.tokens ?? guess?.tokens.estimate ?? Number.NaN;
  const bytesPerToken = counts === undefined ? BYTES_PER_TOKEN : counts.textBytes / Math.max(1, counts.tokens);
  const tokensTrained = tokensOf(prepared, bytesPerToken);
  const tokensOfSeed = tokens * (1 - shift) * dataShare;
  return {
    name,
    changes,
    isCurated,
    tokens,
    tokensOfSeed,
    tokensTrained,
    epochs: tokensTrained / tokensOfSeed,
    curationSeconds: isCurated ? 0 : (guess?.seconds.estimate ?? Number.NaN),
    sources: plan.inputs.map(({ file, bytes }) => ({ file, bytes })),
  };
}

/** Of English text, where nothing is counted yet. */
const BYTES_PER_TOKEN = 4;

/** Pairs that are decided together: arms of `ablate` are not among them. */
function pairsDecided({ arms, experiment }: Prepared): number {
  const compared = arms.filter(({ arm }) => arm.without === undefined).length;
  return experiment.pairs === "base" ? compared - 1 : (compared * (compared - 1)) / 2;
}

function powerOf(experiment: Experiment, pairs: number, minutesPerSeed: number): ExperimentPlan["power"] {
  const noise = pilotNoise(experiment);
  if (noise === undefined) return undefined;
  const plan = planPower({ difference: experiment.expect!.by, ...noise, pairs });
  return { ...plan, ...noise, minutesPerSeed };
}

/** From the comparison that the folder of the report holds. */
function pilotNoise({ folder, out, expect, base }: Experiment) {
  const path = join(resolve(folder, out), COMPARISON_JSON);
  if (!existsSync(path)) return undefined;
  const { pairs, noiseFloor } = readPilot(path);
  const names = [expect!.arm, expect!.against ?? base.name];
  const pair = pairs.find(({ arm, against }) => names.includes(arm) && names.includes(against));
  if (pair === undefined || pair.seeds < 2) return undefined;
  const { seeds, seSeed, seDocument } = pair;
  if (seSeed === null || seDocument === null) return undefined;
  const floorDf = noiseFloor?.df;
  return {
    sdSeed: seSeed * Math.sqrt(seeds),
    seDocument,
    ...(floorDf !== undefined && { floorDf }),
  };
}

/** Of `ReportData`, what tells of noise. */
const Pilot = z.object({
  pairs: z.array(
    z.object({
      arm: z.string(),
      against: z.string(),
      seeds: z.int(),
      // JSON has null for what one seed does not tell.
      seSeed: z.number().nullable(),
      seDocument: z.number().nullable(),
    }),
  ),
  noiseFloor: z.object({ df: z.number() }).optional(),
});

function readPilot(path: string): z.output<typeof Pilot> {
  const pilot = Pilot.safeParse(jsonOf(path));
  if (pilot.success) return pilot.data;
  throw new FormatError(`${path}: found no comparison that "sluice compare" wrote; compare again, or remove it`);
}

function noiseAllowed({ seeds, expect }: Experiment, pairs: number): number {
  const rows = Math.max(2, seeds.length);
  const { table } = planPower({ difference: 1, sdSeed: 1, seDocument: 0, pairs, maxSeeds: rows });
  return expect!.by / table.find((row) => row.seeds === rows)!.detectable;
}
