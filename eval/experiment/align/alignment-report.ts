/** What is left of differences between arms after alignment, from what was measured before and after each stage. */
import { percent } from "../../report/numbers.ts";
import type { AlignmentPoint, AlignmentReport, AlignmentStage, ArmChange, Warning } from "../../report/report-data.ts";
import { armScores, chanceOfSameOrder, comparePairs, kendallTau } from "../../statistics/index.ts";
import type { Observations } from "../../statistics/observations.ts";
import type { Measured } from "../measure-models.ts";
import { type Column, type Contaminated, observe } from "../observations-of.ts";
import type { Outcome } from "../run-experiment.ts";
import { concludeAlignment, persistenceOf } from "./persistence.ts";

export interface Measurements {
  /** Before the first stage, and after each: of every arm and seed. */
  readonly bits: readonly Observations[];
  /** Negatives of scores as if they were bits: then below zero is better here, too. */
  readonly scores: readonly Observations[] | undefined;
}

export interface Asked {
  readonly stages: readonly Pick<AlignmentStage, "name" | "method" | "spent">[];
  readonly prompts: number | undefined;
  readonly verifiers: readonly string[];
  readonly expect: { readonly arm: string; readonly against: string };
  readonly pairs: readonly (readonly [string, string])[] | undefined;
  /** The difference in bits per byte that was expected. */
  readonly expected: number | undefined;
}

/** The report of an experiment's alignment; undefined where it has none. */
export function alignmentReport(
  { prepared: { alignment, experiment }, models }: Outcome,
  columns: readonly Column[],
  contaminated: Contaminated,
  { expect, pairs, expected }: Pick<Asked, "expect" | "pairs" | "expected">,
): AlignmentReport | undefined {
  if (alignment === undefined) return undefined;
  const { stages, questions } = alignment;
  const own = models.filter(({ aligned }) => aligned.length > 0);
  const times: readonly (readonly Measured[])[] = [own, ...stages.map((_, n) => own.map(({ aligned }) => aligned[n]!))];
  const answers: Column | undefined = questions && {
    domain: { name: "prompts", items: questions.items },
    natsOf: (model) => model.answers!.scores.map((score) => -score * Math.LN2),
  };
  return reportOf(
    {
      bits: times.map((time) => observe(columns, time, contaminated)),
      scores: answers && times.map((time) => observe([answers], time)),
    },
    {
      stages: stages.map(({ name, method }, n) => ({
        name,
        method,
        spent: meansOf(own.map(({ aligned }) => aligned[n]!.model.spent)),
      })),
      prompts: questions?.prompts.length,
      verifiers: experiment.align!.measure?.verify.map(({ use, as = use }) => as) ?? [],
      expect,
      pairs,
      expected,
    },
  );
}

/** The statistics alone. */
export function reportOf({ bits, scores }: Measurements, asked: Asked): AlignmentReport {
  const { pairs, expected } = asked;
  const points = bits.map((now, n): AlignmentPoint => {
    const ofScores = scores && armScores(scores[n]!);
    return {
      byArm: armScores(now).map(({ arm, estimate, low, high }, a) => {
        const score = ofScores?.[a];
        return {
          arm,
          bitsPerByte: { estimate, low, high },
          ...(score && { score: { estimate: -score.estimate, low: -score.high, high: -score.low } }),
        };
      }),
      pairs: comparePairs(now, { pairs, expected }),
      scorePairs: scores && comparePairs(scores[n]!, { pairs }),
    };
  });
  const [before, ...after] = points as [AlignmentPoint, ...AlignmentPoint[]];
  const stages = asked.stages.map((stage, n): AlignmentStage => {
    const bitsChanged = changed(bits[0]!, bits[n + 1]!);
    const scoresChanged = scores && changed(scores[0]!, scores[n + 1]!);
    const order = (point: AlignmentPoint) => point.byArm.map(({ bitsPerByte }) => bitsPerByte.estimate);
    const scoreOrder = (point: AlignmentPoint) => point.byArm.map(({ score }) => -(score?.estimate ?? 0));
    const point = after[n]!;
    return {
      ...stage,
      ...point,
      tax: changesOf(bitsChanged, 1),
      gain: scoresChanged && changesOf(scoresChanged, -1),
      changes: comparePairs(bitsChanged, { pairs }),
      scoreChanges: scoresChanged && comparePairs(scoresChanged, { pairs }),
      ranks: {
        bitsPerByte: kendallTau(order(before), order(point)),
        score: scores && kendallTau(scoreOrder(before), scoreOrder(point)),
        carried: scores && kendallTau(order(before), scoreOrder(point)),
      },
    };
  });
  const persistence = persistenceOf({ before, stages });
  return {
    prompts: asked.prompts,
    verifiers: asked.verifiers,
    before,
    stages,
    persistence,
    rankLimits: rankLimits(before.byArm.length),
    conclusion: concludeAlignment(persistence, { before, stages }, asked.expect),
  };
}

/** What was measured after minus before, seed by seed and item by item. */
function changed(before: Observations, after: Observations): Observations {
  return {
    domains: after.domains,
    arms: after.arms.map(({ arm, seeds }, a) => ({
      arm,
      seeds: seeds.map(({ seed, nats }, s) => ({
        seed,
        nats: nats.map((now, d) => now.map((value, i) => value - before.arms[a]!.seeds[s]!.nats[d]![i]!)),
      })),
    })),
  };
}

function changesOf(change: Observations, sign: 1 | -1): ArmChange[] {
  return armScores(change).map(({ arm, estimate, low, high }) =>
    sign === 1 ? { arm, estimate, low, high } : { arm, estimate: -estimate, low: -high, high: -low },
  );
}

function meansOf(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = [...new Set(all.flatMap((one) => Object.keys(one)))];
  return Object.fromEntries(
    names.map((name) => [name, all.reduce((sum, one) => sum + (one[name] ?? 0), 0) / all.length]),
  );
}

function rankLimits(arms: number): string {
  const chance = chanceOfSameOrder(arms);
  const often = `rankings of ${arms} arms that have nothing to do with each other are the same in ${percent(chance, chance < 0.01 ? 2 : 0)} of cases`;
  return chance > 0.05
    ? `The order of so few arms proves nothing: ${often}, so that even τ = 1 is no evidence. Pairs are.`
    : `${often.charAt(0).toUpperCase()}${often.slice(1)}; means are ranked whether or not they differ.`;
}

/** What to know of the prompts before scores are believed. */
export function alignmentWarnings({ alignment }: Outcome["prepared"]): Warning[] {
  if (alignment === undefined) return [];
  const { questions, shared, notes } = alignment;
  return [
    ...shared.map(({ stage, prompts }) => ({
      kind: "contamination",
      message: `${prompts} of ${questions!.prompts.length} prompts that answers are measured on are learned from in ${stage} (limit 0): all arms learn them alike, but scores tell of memory; hold them out with validation`,
    })),
    ...notes.map((message) => ({ kind: "prompts", message })),
  ];
}
