/** The models of an experiment: which arm is trained with which seed, on which rows, for how long. */
import type { TrainPlan } from "../../trainer/config.ts";
import { type Prepared, tokensOf } from "./prepare.ts";
import type { CuratedArm } from "./run-experiment.ts";
import { makeRows, type Rows, type Workshop } from "./units.ts";

/** Seeds of A/A runs begin here: apart from those that arms are compared with. */
export const FIRST_NOISE_SEED = 1_000_000;

/** A model to train, with its rows. */
export interface Job {
  readonly arm: string;
  readonly seed: number;
  readonly isNoise: boolean;
  /** Whether it goes through the experiment's alignment: models that differ in the seed or a stage alone do not. */
  readonly isAligned: boolean;
  readonly rows: Rows;
  readonly tokens: number;
}

/** A seed after the other, so that what is there after an interruption compares arms; the A/A runs last. */
export async function jobsOf(prepared: Prepared, arms: readonly CuratedArm[], workshop: Workshop): Promise<Job[]> {
  const { experiment, training, alignment } = prepared;
  const { dataShare: share, shift: heldOut, noise } = experiment;
  const jobs: Job[] = [];
  const add = async (
    { arm: { name, without }, curated }: CuratedArm,
    seed: number,
    isNoise: boolean,
  ): Promise<void> => {
    const sample = { seed, share, heldOut };
    const rows = await makeRows(name, curated, { sample, length: training.contextLength }, workshop);
    const { textBytes, tokens } = curated.manifest.counts;
    const isAligned = alignment !== undefined && !isNoise && without === undefined;
    const amount = tokensOf(prepared, textBytes / Math.max(1, tokens));
    jobs.push({ arm: name, seed, isNoise, isAligned, rows, tokens: amount });
  };
  for (const seed of experiment.seeds) for (const arm of arms) await add(arm, seed, false);
  for (let n = 0; n < (noise?.runs ?? 0); n++) await add(arms[0]!, FIRST_NOISE_SEED + n, true);
  return jobs;
}

/** An interruption costs a training this part of it at most, unless its config asks for less. */
const CHECKPOINTS = 5;

export function planFor({ seed, tokens }: Job, { training }: Prepared): TrainPlan {
  const steps = Math.max(1, Math.ceil(tokens / training.tokensPerStep));
  const { checkpoint } = training;
  // Where checkpoints are averaged, how far they lie apart is part of the result.
  const every = checkpoint.average > 1 ? checkpoint.every : Math.min(checkpoint.every, Math.ceil(steps / CHECKPOINTS));
  return { ...training, seed, steps, checkpoint: { ...checkpoint, every } };
}
