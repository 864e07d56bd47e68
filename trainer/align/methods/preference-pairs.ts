/**
 * Pairs to learn preferences from: read from files, or a model's own answers, asked for, judged and paired:
 *
 *     generate ─▶ generations.jsonl ─ annotate ─▶ judgements.jsonl ─ best against worst ─▶ pairs.jsonl
 */
import { z } from "zod";
import { digestOf } from "../../../pipeline/canonical.ts";
import { RecipeError } from "../../../pipeline/errors.ts";
import { artifactRows } from "../artifact.ts";
import { Data, Drawing, VerifierUse } from "../config.ts";
import type { Preference } from "../examples/example.ts";
import { lintPreferences, type PreferenceLint } from "../examples/lint.ts";
import { readPreferences } from "../examples/read.ts";
import { type TooLong, tokenizePreferences } from "../examples/tokenize.ts";
import type { Row } from "../learning/row.ts";
import type { Artifact, Bench, Metrics } from "../method.ts";
import { placeIn, readData, tellFaults } from "../read-data.ts";
import { type AnswerPair, pairAnswers } from "../sampling/answer-pairs.ts";
import { answerArtifacts, judgedAnswers } from "../sampling/judged-answers.ts";
import { openQuestions } from "../sampling/open-questions.ts";
import { rolloutMetrics } from "../sampling/rollout-metrics.ts";
import { rowOf } from "../sampling/rollouts.ts";

/** How answers are asked for. */
export const OwnPairs = z.strictObject({
  prompts: Data,
  verify: z.array(VerifierUse).min(1).describe("what answers are judged by"),
  samples: z.int().min(2).default(4).describe("answers to each question, of which the best and the worst are a pair"),
  ...Drawing,
});
export type OwnPairs = z.output<typeof OwnPairs>;

/** Two answers to one prompt, as sequences. */
export interface PairRows {
  readonly place: string;
  readonly chosen: Row;
  readonly rejected: Row;
}

export interface Pairs {
  readonly rows: readonly PairRows[];
  readonly heldOut: readonly PairRows[];
  readonly metrics: Metrics;
}

/** Where pairs come from. */
export interface PairSource {
  readonly inputs: Readonly<Record<string, string>>;
  /** Asked once, while the model is the one to begin from. */
  pairs(): Promise<Pairs>;
  artifacts(): readonly Artifact[];
  close(): Promise<void>;
}

export async function pairsOfFiles(bench: Bench, data: Data, tooLong: TooLong): Promise<PairSource> {
  const { tokenizer, template, model, note } = bench;
  const { contextLength } = model.config;
  const read = await readData(readPreferences, data, bench, ["data"]);
  const tokenize = (preferences: readonly Preference[]): readonly PairRows[] => {
    const { rows, faults } = tokenizePreferences(tokenizer, template, preferences, {
      contextLength,
      tooLong,
      onFault: data.onFault,
    });
    tellFaults(faults, bench);
    return rows;
  };
  const [rows, heldOut] = [tokenize(read.rows), tokenize(read.validation)];
  const held = read.validation.length > 0 ? { validation: read.validation } : {};
  note(describePairs(lintPreferences(read.rows, { tokenizer, ...held })));
  return {
    inputs: { pairs: read.digest },
    pairs: async () => ({ rows, heldOut, metrics: { pairs: rows.length, "spent/labels": rows.length } }),
    artifacts: () => [],
    close: async () => {},
  };
}

/** Of the model to begin from. */
export async function pairsOfAnswers(bench: Bench, own: OwnPairs): Promise<PairSource> {
  const { plan, values, beginning, out } = bench;
  const opened = await openQuestions(bench, values, own, { under: ["pairs"] });
  const { sampler, digest } = opened;
  const { samples, maxTokens, temperature, topP, stop } = own;
  return {
    inputs: { prompts: digest, verify: JSON.stringify(sampler.identity) },
    async pairs() {
      const questions = [...opened.questions, ...opened.heldOut];
      const answers = await judgedAnswers(bench, {
        ...{ sampler, questions, policy: beginning, prefix: "" },
        drawing: { samples, maxTokens, temperature, topP, stop, seed: plan.seed, purpose: "pairs" },
      });
      const { rollouts } = answers;
      const key = digestOf({ answers: answers.digest, samples });
      const { rows: found } = await artifactRows(out, PAIRS, key, () => pairAnswers(rollouts, samples));
      const isHeldOut = ({ answers: { chosen } }: AnswerPair): boolean =>
        Math.floor(chosen / samples) >= opened.questions.length;
      const rowsOf = (pairs: readonly AnswerPair[]): PairRows[] =>
        pairs.map(({ place, answers: { chosen, rejected } }) => ({
          place,
          chosen: rowOf(rollouts[chosen]!),
          rejected: rowOf(rollouts[rejected]!),
        }));
      const rows = rowsOf(found.filter((pair) => !isHeldOut(pair)));
      if (rows.length === 0) {
        throw new RecipeError(
          `${placeIn(bench, ["pairs"])}: all answers to each of ${opened.questions.length} questions earned the same, so none is better than another; ask for more samples or at a higher temperature`,
        );
      }
      return {
        rows,
        heldOut: rowsOf(found.filter(isHeldOut)),
        metrics: { ...rolloutMetrics(rollouts, samples), pairs: rows.length },
      };
    },
    artifacts: () => [...answerArtifacts(""), { path: PAIRS, kind: "pairs" }],
    close: () => sampler.close(),
  };
}

const PAIRS = "pairs.jsonl";

/** What people should know before preferences are learned from. */
function describePairs(lint: PreferenceLint): string {
  const { pairs, prompts, duplicates, judgedAgain, equalAnswers, length, validation } = lint;
  const { chosen, rejected, equal, longerWins } = length;
  const found = [`${pairs} pairs of ${prompts.distinct} prompts`];
  if (equal < pairs) {
    const means = `${chosen.mean.toFixed(1)} against ${rejected.mean.toFixed(1)} ${chosen.unit}`;
    found.push(`where lengths differ, the longer answer is preferred in ${(100 * longerWins).toFixed(1)} % (${means})`);
  }
  if (duplicates.normalised > 0) found.push(`${duplicates.normalised} are duplicates`);
  if (judgedAgain.opposite > 0) {
    found.push(`${judgedAgain.opposite} were judged both ways (${judgedAgain.oppositePlaces[0]})`);
  }
  if (equalAnswers > 0) found.push(`${equalAnswers} differ in case and white space alone`);
  if (validation !== undefined && validation.overlapping > 0) {
    found.push(`${validation.overlapping} held-out prompts are trained on (${validation.places[0]})`);
  }
  return found.join("; ");
}
