/** What a model answers to prompts, and what verifiers say of it. */
import type { Tokenizer } from "../../pipeline/tokenizer.ts";
import type { VerifierUse } from "../../trainer/align/config.ts";
import type { TokenizedPrompt } from "../../trainer/align/examples/tokenize.ts";
import { JudgedSampler } from "../../trainer/align/sampling/judged-sampler.ts";
import type { Drawing } from "../../trainer/align/sampling/rollouts.ts";
import type { Template } from "../../trainer/align/templates/template.ts";
import type { Backend } from "../../trainer/backends/backend.ts";
import type { TrainedModel } from "../../trainer/checkpoint/trained-model.ts";
import { Transformer } from "../../trainer/model/transformer.ts";

/** What models are asked, and how answers are drawn and scored. */
export interface Questionnaire {
  readonly prompts: readonly TokenizedPrompt[];
  readonly template: Template;
  readonly drawing: Drawing & { readonly samples: number };
  readonly verify: readonly VerifierUse[];
  /** Paths of verifiers are relative to it. */
  readonly folder: string;
}

export interface AnswerScores {
  /** Of each prompt, the mean over its answers. */
  readonly scores: readonly number[];
  /** The share of answers that were cut for their length. */
  readonly cut: number;
}

/** Asks every prompt. Equal seeds draw with the same luck, whatever the model. */
export async function scoreAnswers(
  { config, parameters }: TrainedModel,
  { prompts, template, drawing, verify, folder }: Questionnaire,
  {
    tokenizer,
    backend,
    seed,
    note,
  }: {
    readonly tokenizer: Tokenizer;
    readonly backend: Backend;
    readonly seed: number;
    readonly note: (message: string) => void;
  },
): Promise<AnswerScores> {
  const asking = { model: new Transformer(config), tokenizer, template, backend, note, plan: { folder } };
  const sampler = await JudgedSampler.open(asking, parameters, verify, "verify");
  try {
    const { samples } = drawing;
    const rollouts = await sampler.draw(prompts, { ...drawing, seed, purpose: "measure answers" });
    const scores = prompts.map((_, n) => {
      const own = rollouts.slice(n * samples, (n + 1) * samples);
      return own.reduce((sum, { reward }) => sum + reward, 0) / samples;
    });
    return { scores, cut: rollouts.filter(({ isCut }) => isCut).length / rollouts.length };
  } finally {
    await sampler.close();
  }
}
