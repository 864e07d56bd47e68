/**
 * What methods that learn from their own responses have in common: a step asks questions, judges the answers, and hands both
 * with what the policy and its reference say of them to the method.
 */
import { z } from "zod";
import type { ParameterValues } from "../../model/parameters.ts";
import { Data, Drawing, VerifierUse } from "../config.ts";
import type { TokenizedPrompt } from "../examples/tokenize.ts";
import type { Learner } from "../learning/learner.ts";
import { ofResponse } from "../learning/response-tokens.ts";
import type { Row } from "../learning/row.ts";
import { RowScorer, type RowScores } from "../learning/scorer.ts";
import type { Bench, Metrics, Sample } from "../method.ts";
import { type JudgedRollout, type JudgedSampler, samplesOf } from "../sampling/judged-sampler.ts";
import { openQuestions } from "../sampling/open-questions.ts";
import { ProbeJudge } from "../sampling/probe-judge.ts";
import { QuestionOrder } from "../sampling/question-order.ts";
import { rolloutMetrics } from "../sampling/rollout-metrics.ts";
import { rowOf } from "../sampling/rollouts.ts";

export const policyOptions = {
  prompts: Data,
  reward: z.array(VerifierUse).min(1).describe("what answers earn"),
  probe: z
    .array(VerifierUse)
    .default([])
    .describe("verifiers that nothing is learned from: where they fall while the reward rises, it is being exploited"),
  steps: z.int().min(1).default(100),
  questions: z.int().min(1).default(16).describe("questions of a step"),
  samples: z.int().min(1).default(8).describe("answers to each question"),
  ...Drawing,
  passes: z.int().min(1).default(1).describe("how often a step's answers are learned from"),
  batch: z.int().min(1).optional().describe("answers of an update; by default all of a step's"),
  learnCut: z.boolean().default(true).describe("whether answers that were cut for their length are learned from"),
  samplesKept: z.int().min(0).default(2).describe("answers of a step that are written down to be read"),
};
const Options = z.object(policyOptions);
export type PolicyOptions = z.output<typeof Options>;

/** An answer, and what policy and reference say of its tokens, a number a target. The reference may have scored few. */
export interface ScoredAnswer {
  readonly rollout: JudgedRollout;
  readonly row: Row;
  readonly policy: RowScores;
  readonly reference: RowScores | undefined;
}

export interface Collected {
  /** Answers to one question one after the other. */
  readonly answers: readonly ScoredAnswer[];
  readonly metrics: Metrics;
  readonly samples: readonly Sample[];
}

/** Asks, judges and scores. */
export class PolicyCollector {
  /** Digests of what is asked and how it is judged. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly #bench: Bench;
  readonly #options: PolicyOptions;
  readonly #order: QuestionOrder<TokenizedPrompt>;
  readonly #sampler: JudgedSampler;
  readonly #probe: ProbeJudge;
  readonly #policy: RowScorer;
  readonly #reference: RowScorer;
  readonly #scoresReference: "all" | "first";

  static async open(
    bench: Bench,
    options: PolicyOptions,
    learner: Learner,
    { scoresReference }: { readonly scoresReference: "all" | "first" },
  ): Promise<PolicyCollector> {
    const { model, plan, backend } = bench;
    const asked = { prompts: options.prompts, verify: options.reward, maxTokens: options.maxTokens };
    const { sampler, questions, digest } = await openQuestions(bench, learner.values, asked, { verify: "reward" });
    const probe = await ProbeJudge.open(bench, learner.values, options.probe);
    const { sequences } = plan;
    const { head } = learner;
    const { temperature } = options;
    const policy = new RowScorer(model, learner.values, backend, { sequences, temperature, ...(head && { head }) });
    // The model to begin from, whatever is learned and whatever checkpoint is gone on from: copied before any.
    const reference = new RowScorer(model, copyOf(bench.values), backend, {
      sequences: scoresReference === "all" ? sequences : Math.min(sequences, options.questions),
      temperature,
    });
    const inputs = {
      prompts: digest,
      reward: JSON.stringify(sampler.identity),
      ...probe.inputs,
    };
    return new PolicyCollector({
      bench,
      options,
      inputs,
      sampler,
      probe,
      policy,
      reference,
      scoresReference,
      questions,
    });
  }

  private constructor(parts: {
    readonly bench: Bench;
    readonly options: PolicyOptions;
    readonly inputs: Readonly<Record<string, string>>;
    readonly sampler: JudgedSampler;
    readonly probe: ProbeJudge;
    readonly policy: RowScorer;
    readonly reference: RowScorer;
    readonly scoresReference: "all" | "first";
    readonly questions: readonly TokenizedPrompt[];
  }) {
    this.inputs = parts.inputs;
    this.#bench = parts.bench;
    this.#options = parts.options;
    this.#sampler = parts.sampler;
    this.#probe = parts.probe;
    this.#policy = parts.policy;
    this.#reference = parts.reference;
    this.#scoresReference = parts.scoresReference;
    this.#order = new QuestionOrder(parts.questions, parts.bench.plan.seed);
  }

  /** What step `n` learns from. `kl` is that to the reference, by token of the answers that it scored. */
  async collect(n: number): Promise<Collected> {
    const { questions: count, samples, maxTokens, temperature, topP, stop, samplesKept } = this.#options;
    const { seed, method } = this.#bench.plan;
    const rollouts = await this.#sampler.draw(this.#order.ofStep(n, count), {
      ...{ samples, maxTokens, temperature, topP, stop, seed },
      purpose: `${method.name} ${n}`,
    });
    const rows = rollouts.map(rowOf);
    const policy = await this.#policy.score(rows);
    const isScored = (i: number): boolean => this.#scoresReference === "all" || i % samples === 0;
    const scored = await this.#reference.score(rows.filter((_, i) => isScored(i)));
    const reference = rows.map((_, i) =>
      isScored(i) ? scored[this.#scoresReference === "all" ? i : i / samples] : undefined,
    );
    return {
      answers: rollouts.map((rollout, i) => ({
        rollout,
        row: rows[i]!,
        policy: policy[i]!,
        reference: reference[i],
      })),
      metrics: {
        ...rolloutMetrics(rollouts, samples),
        kl: meanKl(rows, policy, reference),
        ...(await this.#probe.measure(rollouts)),
      },
      samples: samplesOf(n, rollouts, samplesKept),
    };
  }

  async close(): Promise<void> {
    await this.#sampler.close();
    await this.#probe.close();
    await this.#policy.close();
    await this.#reference.close();
  }
}

/** Schulman's k3 as in `objectives/kl.ts`, a mean over tokens of answers that the reference has scored. */
function meanKl(
  rows: readonly Row[],
  policy: readonly RowScores[],
  reference: readonly (RowScores | undefined)[],
): number {
  let [sum, tokens] = [0, 0];
  for (const [i, row] of rows.entries()) {
    const scored = reference[i];
    if (scored === undefined) continue;
    const expected = ofResponse(row, scored.logProbs);
    for (const [t, logProb] of ofResponse(row, policy[i]!.logProbs).entries()) {
      const difference = expected[t]! - logProb;
      sum += Math.exp(difference) - difference - 1;
      tokens++;
    }
  }
  return sum / Math.max(1, tokens);
}

export function copyOf(values: ParameterValues): ParameterValues {
  return Object.fromEntries(Object.entries(values).map(([name, numbers]) => [name, numbers.slice()]));
}
