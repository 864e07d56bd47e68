/** DPO: preferred answers become likelier than the others, against the model at the beginning. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { digestOf } from "../../../pipeline/canonical.ts";
import { drawUniform, seededRandom, shuffle } from "../../../pipeline/random.ts";
import type { WorkHooks } from "../../../pipeline/work-hooks.ts";
import { DPO_LOSSES, dpo as objective } from "../../objectives/dpo.ts";
import { rateAt } from "../../optimizer/schedule.ts";
import { artifactRows } from "../artifact.ts";
import { Data } from "../config.ts";
import { digestOfRows } from "../digests.ts";
import { TOO_LONG } from "../examples/tokenize.ts";
import { Learner } from "../learning/learner.ts";
import { ofResponse } from "../learning/response-tokens.ts";
import { type Row, responseTokens } from "../learning/row.ts";
import { RowScorer } from "../learning/scorer.ts";
import { type Bench, defineMethod, type Metrics } from "../method.ts";
import { OwnPairs, type PairRows, type Pairs, pairsOfAnswers, pairsOfFiles } from "./preference-pairs.ts";

const options = z.object({
  data: Data.optional().describe(
    "pairs: a prompt, a chosen and a rejected answer; those held out measure (`validation`)",
  ),
  pairs: OwnPairs.optional().describe("instead of `data`: pairs of answers of the model to begin from"),
  beta: z.number().positive().default(0.1).describe("the larger, the nearer to the model at the beginning it stays"),
  loss: z.enum(DPO_LOSSES).default("sigmoid").describe("how a margin counts"),
  labelSmoothing: z
    .number()
    .min(0)
    .lt(0.5)
    .default(0)
    .describe("chance that a pair is the wrong way round, for sigmoid"),
  nll: z
    .number()
    .min(0)
    .default(0)
    .describe("what the chosen answer's own loss by token counts beside the pair's: it keeps that answer likely"),
  epochs: z.int().min(1).default(1).describe("how often all pairs are gone through"),
  batch: z.int().min(1).default(32).describe("pairs of a step"),
  tooLong: z.enum(TOO_LONG).default("skip").describe("pairs beyond the context are left out, or their answers are cut"),
});

/** What the model at the beginning says of a pair: sums of log-probabilities over the answers. */
interface ReferenceLine {
  readonly place: string;
  readonly chosen: number;
  readonly rejected: number;
}

interface ReferencedPair extends PairRows {
  readonly reference: ReferenceLine;
}

interface Prepared {
  readonly pairs: readonly ReferencedPair[];
  readonly heldOut: readonly ReferencedPair[];
}

const REFERENCE = "reference.jsonl";

export default defineMethod({
  name: "dpo",
  summary: "Learn from pairs of answers which one is better.",
  example: `  from: tiny-sft
  data: { files: pairs.jsonl, validation: 0.05 }   # {"prompt": …, "chosen": …, "rejected": …} a line
  beta: 0.1
  out: tiny-dpo
`,
  options,
  complaint({ data, pairs, loss, labelSmoothing }) {
    if ((data === undefined) === (pairs === undefined)) {
      const found = data === undefined ? "neither" : "both";
      return {
        field: data === undefined ? "data" : "pairs",
        message: `found ${found}, expected "data" (files of pairs) or "pairs" (of the model's own answers)`,
      };
    }
    if (labelSmoothing === 0 || loss === "sigmoid") return undefined;
    return {
      field: "labelSmoothing",
      message: `found ${labelSmoothing} with loss: ${loss}, expected 0: it belongs to sigmoid`,
    };
  },
  async begin(bench, { data, pairs: own, beta, loss, labelSmoothing, nll, epochs, batch, tooLong }) {
    const { plan, model, values, backend, out } = bench;
    const source = own === undefined ? await pairsOfFiles(bench, data!, tooLong) : await pairsOfAnswers(bench, own);
    const learner = new Learner({
      ...{ model, values, backend, clip: plan.clip, optimizer: plan.optimizer },
      objective: objective({ beta, loss, labelSmoothing, nll }),
      sequences: Math.min(evenFrom(plan.sequences), 2 * batch),
    });
    const scorer = new RowScorer(model, learner.values, backend, { sequences: plan.sequences });
    let prepared: Prepared = { pairs: [], heldOut: [] };
    const stepsOfEpoch = (): number => Math.ceil(prepared.pairs.length / batch);
    let epoch: { readonly number: number; readonly order: readonly ReferencedPair[] } | undefined;
    const orderOf = (number: number): readonly ReferencedPair[] => {
      if (epoch?.number !== number) {
        const order = [...prepared.pairs];
        shuffle(order, seededRandom(drawUniform(plan.seed, "pairs", String(number)) * 2 ** 32));
        epoch = { number, order };
      }
      return epoch.order;
    };
    return {
      learner,
      get steps() {
        return epochs * stepsOfEpoch();
      },
      inputs: source.inputs,
      async prepare() {
        const { metrics, ...found } = await source.pairs();
        prepared = await withReference(bench, scorer, found);
        return metrics;
      },
      async step(n) {
        const from = ((n - 1) % stepsOfEpoch()) * batch;
        const part = orderOf(Math.floor((n - 1) / stepsOfEpoch())).slice(from, from + batch);
        const rate = rateAt(n, epochs * stepsOfEpoch(), plan.schedule);
        const { loss, norm, stats, tokens } = await learner.step(rowsOf(part), rate);
        const length = (of: "chosen" | "rejected"): number =>
          part.reduce((sum, pair) => sum + responseTokens(pair[of]), 0) / part.length;
        return {
          metrics: {
            ...{ loss, ...stats, norm, rate },
            "length/chosen": length("chosen"),
            "length/rejected": length("rejected"),
            "spent/tokens": tokens,
          },
        };
      },
      measure: async () => await marginsOf(prepared.heldOut, scorer, beta),
      isMeasuredAt: (n) => n % stepsOfEpoch() === 0,
      artifacts: () =>
        [...source.artifacts(), { path: REFERENCE, kind: "reference" }].filter(({ path }) =>
          existsSync(join(out, path)),
        ),
      async close() {
        await source.close();
        await scorer.close();
        await learner.close();
      },
    };
  },
});

/** Rows are parted between pairs alone. */
function evenFrom(sequences: number): number {
  return Math.max(2, sequences - (sequences % 2));
}

function rowsOf(pairs: readonly ReferencedPair[]): Row[] {
  const pairWeight = 1 / pairs.length;
  return pairs.flatMap(({ chosen, rejected, reference }) => [
    { ...chosen, bySequence: { pairWeight, referenceLogProb: reference.chosen } },
    { ...rejected, bySequence: { pairWeight, referenceLogProb: reference.rejected } },
  ]);
}

/** The model is the one at the beginning: what it says of all pairs is computed once, and kept. */
async function withReference(
  bench: Bench,
  scorer: RowScorer,
  { rows, heldOut }: Omit<Pairs, "metrics">,
): Promise<Prepared> {
  const { plan, beginning, out, signal } = bench;
  const all = [...rows, ...heldOut];
  const sequences = digestOfRows(all.flatMap(({ chosen, rejected }) => [chosen, rejected]));
  const key = digestOf({ beginning, sequences, backend: plan.backend, rowsAtOnce: plan.sequences });
  signal?.throwIfAborted();
  const { rows: lines } = await artifactRows(out, REFERENCE, key, async (): Promise<ReferenceLine[]> => {
    const sums = await answerLogProbs(all, scorer, bench.working("the reference reads the answers"));
    return all.map(({ place }, n) => ({ place, ...sums[n]! }));
  });
  signal?.throwIfAborted();
  const referenced = all.map((pair, n): ReferencedPair => ({ ...pair, reference: lines[n]! }));
  return { pairs: referenced.slice(0, rows.length), heldOut: referenced.slice(rows.length) };
}

/** Of each pair, sums of log-probabilities over the answers' tokens. */
async function answerLogProbs(
  pairs: readonly PairRows[],
  scorer: RowScorer,
  hooks?: WorkHooks,
): Promise<{ readonly chosen: number; readonly rejected: number }[]> {
  const rows = pairs.flatMap(({ chosen, rejected }) => [chosen, rejected]);
  const scores = await scorer.score(rows, hooks);
  const sums = rows.map((row, n) => ofResponse(row, scores[n]!.logProbs).reduce((sum, logProb) => sum + logProb, 0));
  return pairs.map((_, n) => ({ chosen: sums[2 * n]!, rejected: sums[2 * n + 1]! }));
}

/** Of held-out pairs, what a step logs of those it learns from. No metrics where there are none. */
async function marginsOf(pairs: readonly ReferencedPair[], scorer: RowScorer, beta: number): Promise<Metrics> {
  if (pairs.length === 0) return {};
  const said = await answerLogProbs(pairs, scorer);
  const mean = (of: (n: number) => number): number => pairs.reduce((sum, _, n) => sum + of(n), 0) / pairs.length;
  const margin = (n: number): number => {
    const { reference } = pairs[n]!;
    return beta * (said[n]!.chosen - reference.chosen - (said[n]!.rejected - reference.rejected));
  };
  return {
    "validation/margins": mean(margin),
    "validation/accuracies": mean((n) => Number(margin(n) > 0)),
    "validation/logps_accuracies": mean((n) => Number(said[n]!.chosen > said[n]!.rejected)),
  };
}
