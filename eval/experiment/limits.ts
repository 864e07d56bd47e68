/** What an experiment of this scale cannot tell, in sentences that stand in every report. */
import { percent } from "../report/numbers.ts";
import { plural } from "../report/sections/words.ts";
import { unclusteredDomains } from "../statistics/index.ts";
import type { Observations } from "../statistics/observations.ts";
import type { Outcome } from "./run-experiment.ts";

/** DataDecide's models that ranked corpora as models of a billion parameters do, in four pairs of five. */
const DECIDING_PARAMETERS = 150e6;

export function limitsOf({ prepared, text, models }: Outcome, observations: Observations): string[] {
  const { account, experiment } = prepared;
  const { seeds, dataShare } = experiment;
  const tokens = models.map(({ model }) => model.steps * prepared.training.tokensPerStep);
  const most = Math.max(...tokens);
  const smaller = account.parameters.total < DECIDING_PARAMETERS ? ", and these models are smaller" : "";
  const sentences = [
    `The models have ${figure(account.parameters.total)} parameters and were trained on ${figure(most)} tokens. What wins here need not win at another size or budget: of pairs decided at 150 million parameters, about 80 % hold at a billion (DataDecide, 2025)${smaller}.`,
    `Intervals are about other seeds, other ${dataShare < 1 ? `draws of ${percent(dataShare, 0)} of the same pages` : "orders of the same pages"} and other documents of the same domains. Another crawl is outside them.`,
    "Model, schedule and tokenizer were the same for all arms and tuned for none; an arm may like others better.",
  ];
  if (seeds.length < 5) {
    sentences.push(
      `With ${plural(seeds.length, "seed")} the noise between seeds is itself known badly; that is why intervals are wide.`,
    );
  }
  for (const { domain, items, sampledBy } of unclusteredDomains(observations)) {
    sentences.push(
      sampledBy === "nothing"
        ? `The domain ${domain} has a single document: its share of the documents' noise is missing.`
        : `The ${items} documents of ${domain} come from one source and were taken as independent: the domain stands for that source.`,
    );
  }
  if (text.tasks.length > 0 && smaller !== "") {
    sentences.push(
      "Accuracies of models this small are near chance and noisy; bits per byte of the gold answers tell more.",
    );
  }
  return sentences;
}

/** "1.3 million" */
function figure(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toPrecision(3)} billion`;
  if (value >= 1e6) return `${(value / 1e6).toPrecision(3)} million`;
  return value.toLocaleString("en-GB");
}
