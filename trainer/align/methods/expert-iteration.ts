/**
 * Expert iteration (Anthony et al. 2017; STaR, Zelikman et al. 2022, arXiv 2203.14465): a model learns to say what it said itself,
 * where that turned out to be right. A step is a round, and each of its stages a file:
 *
 *     ask ─▶ rounds/0001-generations ─ judge ─▶ …-judgements ─ choose ─▶ …-examples ─ learn ─▶ the model that the next round asks
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { digestOf } from "../../../pipeline/canonical.ts";
import { sft as objective } from "../../objectives/sft.ts";
import { rateAt } from "../../optimizer/schedule.ts";
import { artifactRows } from "../artifact.ts";
import { digestOfValues } from "../digests.ts";
import { Learner } from "../learning/learner.ts";
import { AGGREGATIONS } from "../learning/token-weights.ts";
import { learnInPasses } from "../learning/update-passes.ts";
import { type Artifact, defineMethod } from "../method.ts";
import { answerArtifacts, judgedAnswers } from "../sampling/judged-answers.ts";
import { type JudgedRollout, samplesOf } from "../sampling/judged-sampler.ts";
import { openQuestions } from "../sampling/open-questions.ts";
import { ProbeJudge } from "../sampling/probe-judge.ts";
import { QuestionOrder } from "../sampling/question-order.ts";
import { rolloutMetrics } from "../sampling/rollout-metrics.ts";
import { rowOf } from "../sampling/rollouts.ts";
import { policyOptions } from "./policy.ts";

const options = z.object({
  ...policyOptions,
  steps: z.int().min(1).default(5).describe("rounds: each asks the model as the one before left it"),
  questions: z.int().min(1).default(256).describe("questions of a round"),
  threshold: z.number().optional().describe("answers that earn as much are learned; by default all that earn anything"),
  keep: z.int().min(1).default(4).describe("different answers to a question that are learned at most, the best first"),
  minTokens: z.int().min(1).default(1).describe("shorter answers are not learned; the end of the text does not count"),
  passes: z.int().min(1).default(2).describe("how often a round's answers are learned from"),
  batch: z.int().min(1).default(32).describe("answers of an update"),
  learnCut: z.boolean().default(false).describe("whether answers that were cut for their length are learned from"),
  aggregate: z.enum(AGGREGATIONS).default("token-mean").describe("how losses of tokens become one"),
});
type Options = z.output<typeof options>;

/** A line of examples: which answer to which question. Numbers of the generations, from 0. */
interface Chosen {
  readonly answer: number;
  readonly place: string;
  readonly response: string;
  readonly reward: number;
}

export default defineMethod({
  name: "expert-iteration",
  summary: "Learn to say what was said and turned out right, in rounds.",
  example: `  from: tiny-sft
  prompts: questions.jsonl         # {"prompt": …, "answer": …} a line
  reward: [{ use: numeric, with: { field: answer } }]
  steps: 5
  out: tiny-expert-iteration
`,
  options,
  checkpointEvery: 1,
  async begin(bench, given) {
    const { plan, model, values, backend, tokenizer, out, note } = bench;
    const { steps, samples, passes, batch, aggregate, maxTokens, temperature, topP, stop, samplesKept } = given;
    const learner = new Learner({
      ...{ model, values, backend, clip: plan.clip, optimizer: plan.optimizer },
      objective: objective(),
      sequences: Math.min(plan.sequences, batch),
    });
    const asked = { prompts: given.prompts, verify: given.reward, maxTokens };
    const { sampler, questions, digest } = await openQuestions(bench, learner.values, asked, { verify: "reward" });
    const probe = await ProbeJudge.open(bench, learner.values, given.probe);
    const order = new QuestionOrder(questions, plan.seed);
    const ofRound = Math.min(given.questions, questions.length);
    return {
      learner,
      steps,
      inputs: {
        prompts: digest,
        reward: JSON.stringify(sampler.identity),
        ...probe.inputs,
      },
      async step(n) {
        const purpose = `expert-iteration ${n}`;
        const prefix = prefixOf(n);
        const answers = await judgedAnswers(bench, {
          ...{ sampler, prefix, questions: order.ofStep(n, ofRound), policy: digestOfValues(learner.values) },
          drawing: { samples, maxTokens, temperature, topP, stop, seed: plan.seed, purpose },
        });
        const { rollouts } = answers;
        const tokensOf = ({ ids }: JudgedRollout): number => ids.length - Number(ids.at(-1) === tokenizer.endOfText);
        const { threshold, keep, minTokens, learnCut } = given;
        const key = digestOf({ answers: answers.digest, threshold, keep, minTokens, learnCut });
        const { rows: chosen } = await artifactRows(out, examplesFile(n), key, () =>
          chooseAnswers(rollouts, given, tokensOf),
        );
        const rows = chosen.map(({ answer }) => rowOf(rollouts[answer]!));
        if (rows.length === 0) note(noneLeft(n, rollouts, given));
        const rate = rateAt(n, steps, plan.schedule);
        const learned = await learnInPasses(learner, rows, {
          ...{ passes, batch, rate, seed: plan.seed, purpose },
          aggregate,
          constant: maxTokens,
        });
        return {
          metrics: {
            ...rolloutMetrics(rollouts, samples),
            ...(await probe.measure(rollouts)),
            empty: rollouts.filter((rollout) => tokensOf(rollout) < given.minTokens).length / rollouts.length,
            "learned/questions": new Set(chosen.map(({ place }) => place)).size,
            learned: rows.length,
            ...learned,
          },
          samples: samplesOf(n, rollouts, samplesKept),
        };
      },
      artifacts: () =>
        Array.from({ length: steps }, (_, i): Artifact[] => [
          ...answerArtifacts(prefixOf(i + 1)),
          { path: examplesFile(i + 1), kind: "examples" },
        ])
          .flat()
          .filter(({ path }) => existsSync(join(out, path))),
      async close() {
        await sampler.close();
        await probe.close();
        await learner.close();
      },
    };
  },
});

function noneLeft(round: number, rollouts: readonly JudgedRollout[], options: Options): string {
  const enough = rollouts.filter(({ reward }) => isEnough(reward, options));
  const cut = options.learnCut ? 0 : enough.filter(({ isCut }) => isCut).length;
  return (
    `round ${round}: no answer of ${rollouts.length} is to be learned; ${enough.length} earned enough` +
    `${cut > 0 ? `, of which ${cut} were cut (maxTokens, learnCut)` : ""}; it goes on with the next`
  );
}

function isEnough(reward: number, { threshold }: Pick<Options, "threshold">): boolean {
  return threshold === undefined ? reward > 0 : reward >= threshold;
}

/** Of each question, the different answers that earned enough: the best first, and among equals those that came first. */
function chooseAnswers(
  rollouts: readonly JudgedRollout[],
  { threshold, keep, minTokens, learnCut }: Options,
  tokensOf: (rollout: JudgedRollout) => number,
): Chosen[] {
  const byQuestion = Map.groupBy(rollouts.keys(), (answer) => rollouts[answer]!.question.prompt.place);
  return [...byQuestion].flatMap(([place, answers]) => {
    const texts = new Set<string>();
    return answers
      .filter((answer) => {
        const { reward, isCut } = rollouts[answer]!;
        return isEnough(reward, { threshold }) && (learnCut || !isCut) && tokensOf(rollouts[answer]!) >= minTokens;
      })
      .sort((a, b) => rollouts[b]!.reward - rollouts[a]!.reward || a - b)
      .filter((answer) => {
        const { text } = rollouts[answer]!;
        return !texts.has(text) && texts.add(text);
      })
      .slice(0, keep)
      .map((answer) => ({ answer, place, response: rollouts[answer]!.text, reward: rollouts[answer]!.reward }));
  });
}

function prefixOf(round: number): string {
  return `rounds/${String(round).padStart(4, "0")}-`;
}

function examplesFile(round: number): string {
  return `${prefixOf(round)}examples.jsonl`;
}
