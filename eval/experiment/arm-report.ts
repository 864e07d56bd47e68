/** What a report shows of an arm. */
import { join } from "node:path";
import { lossesOf, readStepLog, TRAINING_LOG } from "../../trainer/log.ts";
import { costsOf, coverageOf, funnelOf, scoreHistograms } from "../accounts/index.ts";
import type { ArmReport } from "../report/report-data.ts";
import type { ArmEstimate } from "../statistics/index.ts";
import { mean } from "../statistics/moments.ts";
import { describeUse } from "./arms.ts";
import { isOnGpu } from "./prepare.ts";
import type { CuratedArm, Outcome } from "./run-experiment.ts";

export async function armReport(
  { arm, curated }: CuratedArm,
  { models, prepared, arms }: Outcome,
  { estimate, low, high, bySeed }: ArmEstimate,
): Promise<ArmReport> {
  const { dir, manifest } = curated;
  const own = models.filter((model) => model.arm === arm.name);
  return {
    name: arm.name,
    changes: arm.changes,
    stages: arm.stages.map(describeUse),
    funnel: funnelOf(manifest),
    score: { estimate, low, high },
    bySeed: bySeed.map(({ seed, score }, n) => ({
      seed,
      score,
      trainingLoss: own[n]!.model.loss,
      model: own[n]!.model.digest,
    })),
    curves: own.map(({ seed, model }) => ({ seed, points: curveOf(model.dir, prepared.training.tokensPerStep) })),
    costs: await costsOf(
      curated,
      {
        tokens: own.reduce((sum, { model }) => sum + model.steps * prepared.training.tokensPerStep, 0),
        seconds: own.reduce((sum, { model }) => sum + model.seconds, 0),
        ...(isOnGpu(prepared.training.backend)
          ? { cpuCores: 1, gpus: 1 }
          : { cpuCores: prepared.training.threads ?? 1, gpus: 0 }),
      },
      prepared.account,
      { rates: prepared.experiment.costs, siblings: arms.map((one) => one.curated.manifest) },
    ),
    epochs: Math.max(...own.map(({ model }) => model.epochs)),
    ...(await coverageOf(dir, manifest)),
    scores: await scoreHistograms(dir, manifest),
  };
}

/** Points of a loss curve: more than these cannot be told apart in a picture. */
const CURVE_POINTS = 100;

/** Training loss by tokens; where there are more steps than points, means over neighbours. */
function curveOf(model: string, tokensPerStep: number): { tokens: number; loss: number }[] {
  const steps = lossesOf(readStepLog(join(model, TRAINING_LOG)), "step");
  const width = Math.max(1, Math.ceil(steps.length / CURVE_POINTS));
  const points: { tokens: number; loss: number }[] = [];
  for (let from = 0; from < steps.length; from += width) {
    const some = steps.slice(from, from + width);
    points.push({ tokens: some.at(-1)!.step * tokensPerStep, loss: mean(some.map(({ loss }) => loss)) });
  }
  return points;
}
