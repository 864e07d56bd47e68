/** What responses came to, once they are judged: plain data, to be printed or stored. */
import { z } from "zod";
import type { VerifierUse } from "../../trainer/align/config.ts";
import type { Prompt } from "../../trainer/align/examples/example.ts";
import type { JudgedRollout } from "../../trainer/align/sampling/judged-sampler.ts";
import { checkConstraints } from "../../trainer/align/verifiers/constraints/check.ts";
import { Constraint } from "../../trainer/align/verifiers/constraints/kinds.ts";
import type { Estimate } from "../statistics/comparison.ts";
import { type ConstraintAccuracy, constraintAccuracy } from "./constraint-accuracy.ts";
import { meanPassAtK } from "./pass-at-k.ts";
import { wilsonMean } from "./wilson.ts";
import { type WinRate, winRate } from "./win-rate.ts";

/** What a verifier says, or all together. */
export interface ScoreSummary {
  /** A verifier's label; `reward` for several together, as a share of the most that they give. */
  readonly name: string;
  /** Mean over prompts; 95 % by Wilson. */
  readonly mean: Estimate;
  /** k → the chance that one of k responses has the full score. */
  readonly passAt: Readonly<Record<string, Estimate>>;
  /** Means of what else a verifier told. */
  readonly parts: Readonly<Record<string, number>>;
  /** Judgements that failed: they count as 0. */
  readonly failed: number;
  /** Of `constraints`: by prompt and by instruction, strict and loose. */
  readonly constraints?: ConstraintAccuracy;
}

export interface ResponsesSummary {
  readonly prompts: number;
  /** To each prompt. */
  readonly samples: number;
  readonly tokensMean: number;
  /** The share that was cut for its length. */
  readonly truncated: number;
  readonly scores: readonly ScoreSummary[];
}

export interface ComparedScores extends WinRate {
  readonly name: string;
}

export interface SummaryOptions {
  readonly verify: readonly VerifierUse[];
  /** What each of them is called. */
  readonly labels: readonly string[];
  readonly samples: number;
  readonly ks: readonly number[];
}

/** `responses` to one prompt stand one after the other. */
export function summarize(responses: readonly JudgedRollout[], options: SummaryOptions): ResponsesSummary {
  const { samples, ks } = options;
  const mean = (numbers: readonly number[]): number => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  return {
    prompts: responses.length / samples,
    samples,
    tokensMean: mean(responses.map(({ ids }) => ids.length)),
    truncated: mean(responses.map(({ isCut }) => Number(isCut))),
    scores: scalesOf(options).map(({ name, scoreOf, use }) => {
      const groups = grouped(responses.map(scoreOf), samples);
      const verified = use === undefined ? [] : responses.map(({ verified }) => verified[name]!);
      const constraints = use?.use === "constraints" ? constraintsOf(use, responses, samples) : undefined;
      return {
        name,
        mean: wilsonMean(groups.map(mean)),
        passAt: Object.fromEntries(
          ks.map((k) => {
            const drawn = groups.map((scores) => ({ samples, correct: scores.filter(isFull).length }));
            return [String(k), meanPassAtK(drawn, k)];
          }),
        ),
        parts: Object.fromEntries(
          Object.keys(Object.assign({}, ...verified.map(({ parts }) => parts))).map((part) => {
            const told = verified.flatMap(({ parts }) => (part in parts ? [parts[part]!] : []));
            return [part, mean(told)];
          }),
        ),
        failed: verified.filter(({ failure }) => failure !== undefined).length,
        ...(constraints && { constraints }),
      };
    }),
  };
}

/** The first model against the second, prompt by prompt, by the mean of the responses to each. */
export function compareResponses(
  first: readonly JudgedRollout[],
  second: readonly JudgedRollout[],
  options: SummaryOptions,
): ComparedScores[] {
  const { samples } = options;
  return scalesOf(options).map(({ name, scoreOf }) => {
    const means = [first, second].map((responses) =>
      grouped(responses.map(scoreOf), samples).map((scores) => scores.reduce((sum, x) => sum + x, 0) / samples),
    );
    return { name, ...winRate(means[0]!, means[1]!) };
  });
}

interface Scale {
  readonly name: string;
  /** From 0 to 1. */
  readonly scoreOf: (response: JudgedRollout) => number;
  /** Undefined where it is several together. */
  readonly use?: VerifierUse;
}

function scalesOf({ verify, labels }: SummaryOptions): Scale[] {
  const each = verify.map((use, n): Scale => {
    const name = labels[n]!;
    return { name, use, scoreOf: ({ verified }) => verified[name]!.score };
  });
  if (verify.length === 1) return each;
  const most = verify.reduce((sum, { weight, gate }) => sum + (gate ? 0 : weight), 0);
  // Sums of weights may come out a rounding above the most there is.
  return [{ name: "reward", scoreOf: ({ reward }) => Math.min(1, reward / most) }, ...each];
}

function isFull(score: number): boolean {
  return score >= 1;
}

function grouped<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: items.length / size }, (_, n) => items.slice(n * size, (n + 1) * size));
}

const List = z.array(Constraint);

function constraintsOf(
  { with: params = {} }: VerifierUse,
  responses: readonly JudgedRollout[],
  samples: number,
): ConstraintAccuracy {
  const of = ({ fields }: Prompt) => List.parse(params.all ?? fields[String(params.field)]);
  const kept = responses.map(({ text, question }) => checkConstraints(text, of(question.prompt)));
  return constraintAccuracy(grouped(kept, samples));
}
