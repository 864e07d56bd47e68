/** Supervised fine-tuning: the model learns to say what the examples say. */
import { z } from "zod";
import { sft as objective } from "../../objectives/sft.ts";
import { rateAt } from "../../optimizer/schedule.ts";
import { Data } from "../config.ts";
import { PACKINGS, packEpoch } from "../examples/pack-rows.ts";
import { readExamples } from "../examples/read.ts";
import { LEARN, TOO_LONG, tokenizeExamples } from "../examples/tokenize.ts";
import { Learner } from "../learning/learner.ts";
import { type Row, responseTokens } from "../learning/row.ts";
import { AGGREGATIONS, withWeights } from "../learning/token-weights.ts";
import { defineMethod } from "../method.ts";
import { readData, tellFaults } from "../read-data.ts";

const options = z.object({
  data: Data,
  epochs: z.int().min(1).default(1).describe("how often all examples are gone through"),
  batch: z.int().min(1).default(32).describe("rows of a step"),
  packing: z.enum(PACKINGS).default("best-fit").describe("whether several examples share a row"),
  learn: z.enum(LEARN).default("last").describe("of dialogues, the last answer or all of the assistant's"),
  tooLong: z
    .enum(TOO_LONG)
    .default("skip")
    .describe("examples beyond the context are left out, or their response is cut"),
  aggregate: z
    .enum(AGGREGATIONS)
    .default("token-mean")
    .describe("how losses of tokens become one; sequence-mean needs packing: none"),
});

export default defineMethod({
  name: "sft",
  summary: "Learn to say what examples say.",
  example: `  from: tiny                       # a training run's folder
  data: examples.jsonl             # {"prompt": …, "response": …} a line; docs/alignment.md has more formats
  epochs: 3
  out: tiny-sft
`,
  options,
  complaint({ aggregate, packing }) {
    if (aggregate !== "sequence-mean" || packing === "none") return undefined;
    return {
      field: "aggregate",
      message: `sequence-mean is about examples in rows of their own, found packing: ${packing}, expected none`,
    };
  },
  async begin(bench, { data, epochs, batch, packing, learn, tooLong, aggregate }) {
    const { plan, model, values, tokenizer, template, backend } = bench;
    const { contextLength } = model.config;
    const examples = await readData(readExamples, data, bench, ["data"]);
    const { rows, faults } = tokenizeExamples(tokenizer, template, examples.rows, {
      contextLength,
      tooLong,
      learn,
      onFault: data.onFault,
    });
    tellFaults(faults, bench);
    const rowsOf = (epoch: number): Row[] => packEpoch(rows, { contextLength, packing, seed: plan.seed, epoch });
    const stepsPerEpoch = Math.ceil(rowsOf(0).length / batch);
    const steps = epochs * stepsPerEpoch;
    const learner = new Learner({
      ...{ model, values, backend, clip: plan.clip, optimizer: plan.optimizer },
      objective: objective(),
      sequences: Math.min(plan.sequences, batch),
      arePacked: packing !== "none",
    });
    // Of the epoch under way: packing is the same whenever it is done.
    let packed: { readonly epoch: number; readonly rows: Row[] } | undefined;
    return {
      learner,
      steps,
      inputs: { examples: examples.digest },
      // Labels are paid for once, however often they are learned from.
      prepare: async () => ({
        "spent/labels": rows.length,
        "spent/labelTokens": rows.reduce((sum, row) => sum + responseTokens(row), 0),
      }),
      async step(n) {
        const epoch = Math.floor((n - 1) / stepsPerEpoch);
        if (packed?.epoch !== epoch) packed = { epoch, rows: rowsOf(epoch) };
        const from = ((n - 1) % stepsPerEpoch) * batch;
        const part = packed.rows.slice(from, from + batch);
        const rate = rateAt(n, steps, plan.schedule);
        const report = await learner.step(withWeights(part, aggregate), rate);
        const { loss, norm, stats, responseTokens: learned, tokens } = report;
        return { metrics: { loss, ...stats, norm, rate, responseTokens: learned, "spent/tokens": tokens } };
      },
      close: () => learner.close(),
    };
  },
});
