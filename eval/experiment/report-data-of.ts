/** What a report shows, from what was measured. */
import { cpus } from "node:os";
import { digestOf } from "../../pipeline/canonical.ts";
import { engineVersion } from "../../pipeline/modules.ts";
import { sampleDifferences, takeTurns } from "../accounts/index.ts";
import { type ArmEvidence, confinedWins, guardWarnings } from "../guards/index.ts";
import type { ArmReport, PageSample, ReportData } from "../report/report-data.ts";
import { metricUnit } from "../report/sections/words.ts";
import { armScores, comparePairs, noiseFloorOf, type PairComparison } from "../statistics/index.ts";
import type { Observations } from "../statistics/observations.ts";
import { alignmentReport, alignmentWarnings } from "./align/alignment-report.ts";
import { armReport } from "./arm-report.ts";
import { stageEffects } from "./attribution.ts";
import { conclude } from "./conclude.ts";
import { domainReports, taskReports } from "./domain-reports.ts";
import type { UnitEvent } from "./events.ts";
import { limitsOf } from "./limits.ts";
import {
  type Column,
  type Contaminated,
  contaminatedItems,
  heldOutColumns,
  observe,
  taskColumns,
} from "./observations-of.ts";
import type { Outcome } from "./run-experiment.ts";

export interface RunFacts {
  readonly command: string;
  readonly seconds: number;
  readonly units: readonly UnitEvent[];
}

export async function reportDataOf(outcome: Outcome, facts: RunFacts): Promise<ReportData> {
  const { prepared, arms, models, noise } = outcome;
  const { experiment, account, training, tokenizer } = prepared;
  const { against = experiment.base.name, ...expected } = experiment.expect!;
  const expect = { ...expected, against };
  const columns = experiment.metric === "bits-per-byte" ? heldOutColumns(outcome) : taskColumns(outcome);
  const contaminated = contaminatedItems(outcome);
  const observations = observe(columns, models, contaminated);
  const noiseRuns = noise.length === 0 ? undefined : observe(columns, noise, contaminated);
  const noiseFloor = noiseRuns && noiseFloorOf(noiseRuns, describeNoise(outcome));
  const own = new Set(arms.filter(({ arm }) => arm.without === undefined).map(({ arm }) => arm.name));
  const compared: Observations = { ...observations, arms: observations.arms.filter(({ arm }) => own.has(arm)) };
  const base = experiment.base.name;
  const chosen =
    experiment.pairs === "base"
      ? [...own].filter((name) => name !== base).map((name) => [name, base] as const)
      : undefined;
  const pairs = comparePairs(compared, { noiseFloor, expected: expect.by, pairs: chosen });
  const alignment = alignmentReport(outcome, columns, contaminated, { expect, pairs: chosen, expected: expect.by });
  const scores = armScores(observations, { noiseFloor });
  const reports: ArmReport[] = [];
  for (const [n, arm] of arms.entries()) reports.push(await armReport(arm, outcome, scores[n]!));
  const overlaps = arms.flatMap((arm) => arm.overlaps);
  const { parameters } = account;
  return {
    format: 1,
    id: idOf(outcome),
    sluice: engineVersion,
    command: facts.command,
    experiment: {
      name: experiment.name,
      hypothesis: experiment.hypothesis!.trim(),
      metric: experiment.metric,
      expect,
      factor: experiment.factor!,
      seeds: experiment.seeds,
      budget: budgetOf(prepared),
      model: {
        parameters: parameters.total,
        embeddingParameters: parameters.embedding + parameters.unembedding,
        contextLength: training.contextLength,
        config: training.model as unknown as Record<string, unknown>,
      },
      tokenizer: { name: tokenizer.name, vocabSize: tokenizer.vocabSize, digest: tokenizer.digest },
      dataShare: experiment.dataShare,
      contextPolicy: outcome.contextPolicy,
    },
    arms: reports,
    pairs,
    conclusion: conclude(pairs, expect, confinedWins(pairs, overlaps), metricUnit(experiment.metric)),
    noiseFloor,
    control: controlOf(outcome, columns, contaminated),
    domains: domainReports(outcome, contaminated),
    tasks: taskReports(outcome),
    warnings: [
      ...guardWarnings({
        budget: budgetOf(prepared).by,
        arms: reports.map((report) => armEvidence(report, outcome)),
        domains: observations.domains.map((domain) => domain.name),
        overlaps,
        pairs,
        noise: noiseRuns === undefined ? [] : armScores(noiseRuns)[0]!.bySeed,
      }),
      ...alignmentWarnings(prepared),
    ],
    overlaps,
    limits: limitsOf(outcome, observations),
    attribution: await stageEffects(arms, observations, { noiseFloor, expected: expect.by }),
    samples: await samplesOf(outcome),
    ...(alignment && { alignment }),
    provenance: [...models, ...noise].map(({ arm, seed, rows, model }) => ({
      arm,
      seed,
      run: arms.find((one) => one.arm.name === arm)!.curated.manifest.id,
      rows: rows.manifest.id,
      checkpoint: model.digest,
      command: facts.command,
    })),
    measured: {
      machine: describeMachine(),
      seconds: facts.seconds,
      units: facts.units.map(({ unit, reused, seconds }) => ({ unit, reused, seconds })),
    },
  };
}

/** Of what decides the results: runs, models, the texts that are measured on, and what is asked of them. */
function idOf({ arms, models, noise, text, prepared }: Outcome): string {
  const { metric, expect, pairs } = prepared.experiment;
  const { alignment } = prepared;
  return digestOf({
    sluice: engineVersion,
    asked: { metric, expect, pairs },
    arms: arms.map(({ arm, curated }) => ({ arm: arm.name, run: curated.manifest.id })),
    models: [...models, ...noise].map(({ arm, seed, model }) => ({ arm, seed, model: model.sha256 })),
    texts: [...text.heldOut, ...(text.shift === undefined ? [] : [text.shift])].map(({ sha256 }) => sha256),
    tasks: text.tasks.map((task) => digestOf(task)),
    ...(alignment && {
      aligned: models.map(({ aligned }) => aligned.map(({ model }) => model.sha256)),
      questions: alignment.questions?.identity ?? null,
    }),
  });
}

function budgetOf({ experiment }: Outcome["prepared"]): ReportData["experiment"]["budget"] {
  const { tokens, bytes, flops } = experiment.budget;
  if (tokens !== undefined) return { by: "tokens", amount: tokens };
  return bytes !== undefined ? { by: "bytes", amount: bytes } : { by: "flops", amount: flops! };
}

/** Half of the A/A runs against the other half, as if they were arms: their seeds are not the same, and are numbered anew. */
function controlOf(
  { noise }: Outcome,
  columns: readonly Column[],
  contaminated: Contaminated,
): PairComparison | undefined {
  const half = Math.floor(noise.length / 2);
  if (half < 2) return undefined;
  const renamed = noise.slice(0, 2 * half).map((model, n) => ({
    ...model,
    arm: n < half ? model.arm : `${model.arm} again`,
    seed: n % half,
  }));
  return comparePairs(observe(columns, renamed, contaminated))[0];
}

function describeNoise({ noise }: Outcome): string {
  return `${noise.length} runs of ${noise[0]!.arm} that differ in the seed alone`;
}

/** What the guards look at. */
function armEvidence({ name, epochs }: ArmReport, { prepared, arms, models }: Outcome): ArmEvidence {
  const { tokenizer, account, training } = prepared;
  const own = models.filter(({ arm }) => arm === name);
  const tokens = own[0]!.model.steps * training.tokensPerStep;
  const { counts } = arms.find(({ arm }) => arm.name === name)!.curated.manifest;
  return {
    name,
    seeds: own.length,
    tokenizerDigest: tokenizer.digest,
    tokens,
    bytes: (tokens * counts.textBytes) / Math.max(1, counts.tokens),
    flops: tokens * account.trainingFlops.token,
    epochs,
  };
}

/** Of every two arms, pages that the one kept and the other dropped, in turn. */
async function samplesOf({ arms, prepared }: Outcome): Promise<PageSample[]> {
  const { samples, pageText } = prepared.experiment;
  const own = arms.filter(({ arm }) => arm.without === undefined);
  const pairs = own.flatMap((one) => own.filter((other) => other !== one).map((other) => [one, other] as const));
  const found: PageSample[][] = [];
  for (const [one, other] of pairs) {
    found.push(
      await sampleDifferences(
        { ...one.curated, name: one.arm.name },
        { ...other.curated, name: other.arm.name },
        { count: 2 * samples, tokenizer: prepared.tokenizer, withText: pageText },
      ),
    );
  }
  // A page is shown once, though several arms dropped it, or kept it with another text.
  const first = new Map<string, PageSample>();
  for (const page of takeTurns(found)) {
    const key = page.url || page.sha256;
    if (!first.has(key)) first.set(key, page);
  }
  return [...first.values()].slice(0, samples);
}

function describeMachine(): string {
  const [first, ...others] = cpus();
  return `${1 + others.length} × ${first?.model ?? process.arch}, Node ${process.versions.node}`;
}
