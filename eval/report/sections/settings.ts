import { codeLines, type Section } from "../blocks.ts";
import { bytes, count, percent, scientific, shortDigest } from "../numbers.ts";
import type { ReportData } from "../report-data.ts";

/** What all arms have in common. */
export function settings({ experiment, id, sluice }: ReportData): Section {
  const { budget, model, tokenizer } = experiment;
  const amount = {
    tokens: () => `${count(budget.amount)} tokens`,
    bytes: () => `${bytes(budget.amount)} of text`,
    flops: () => `${scientific(budget.amount)} FLOPs`,
  }[budget.by]();
  return {
    id: "settings",
    title: "Settings",
    blocks: [
      {
        kind: "terms",
        terms: [
          ["Experiment", { code: id }],
          ["Arms may differ in", codeLines(experiment.factor)],
          ["Seeds", `${experiment.seeds.join(", ")}; shared by all arms (same initialisation and order)`],
          ["Budget of a model", amount],
          ["Data of a seed", `${percent(experiment.dataShare, 0)} of the arm’s pages, drawn anew for each seed`],
          [
            "Model",
            [
              `${count(model.parameters)} parameters, of them ${count(model.embeddingParameters)} embedding; context ${count(model.contextLength)}; `,
              { code: JSON.stringify(model.config) },
            ],
          ],
          [
            "Tokenizer",
            [`${tokenizer.name}, ${count(tokenizer.vocabSize)} ids, digest `, { code: shortDigest(tokenizer.digest) }],
          ],
          ["Held-out documents", experiment.contextPolicy],
          ["Made by", `sluice ${sluice}`],
        ],
      },
    ],
  };
}
