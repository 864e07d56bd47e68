/**
 * Models asked the same:
 *
 *     prompts ─▶ those that every model has room for, and the verifiers can judge ─▶ draw ─▶ judge ─▶ responses
 */
import { RecipeError } from "../../pipeline/errors.ts";
import type { VerifierUse } from "../../trainer/align/config.ts";
import type { Prompt } from "../../trainer/align/examples/example.ts";
import type { FaultReport } from "../../trainer/align/examples/faults.ts";
import { type TokenizedPrompt, tokenizePrompts } from "../../trainer/align/examples/tokenize.ts";
import { resolveVerifiers } from "../../trainer/align/judging/resolve.ts";
import { type Asking, type JudgedRollout, JudgedSampler } from "../../trainer/align/sampling/judged-sampler.ts";
import type { Drawing } from "../../trainer/align/sampling/rollouts.ts";
import type { ParameterValues } from "../../trainer/model/parameters.ts";

/** A model, and how it is spoken to. */
export interface Respondent extends Omit<Asking, "plan" | "note"> {
  readonly name: string;
  readonly values: ParameterValues;
}

export interface Questionnaire {
  readonly prompts: readonly Prompt[];
  readonly verify: readonly VerifierUse[];
  /** Paths of verifiers are relative to it; `place` says where they are asked for. */
  readonly folder: string;
  readonly place: string;
  readonly drawing: Drawing & { readonly samples: number; readonly seed: number };
}

export interface AskHooks {
  readonly note: (message: string) => void;
  /** Prompts left out for a model's context. */
  readonly onFaults: (respondent: Respondent, faults: FaultReport) => void;
  readonly onProgress?: (done: number, all: number) => void;
}

export interface Answers {
  /** What the verifiers are called. */
  readonly labels: readonly string[];
  /** Of each model. */
  readonly responses: readonly (readonly JudgedRollout[])[];
}

/** Texts that are drawn before they are judged. Draws hang on it: chance follows from a text's number within. */
const AT_ONCE = 64;

/**
 * Responses of each model, those to one prompt one after the other, to the same prompts in the same order: those that leave room
 * for a response in every model's context and that the verifiers can judge responses to. Equal seeds draw with the same luck.
 */
export async function ask(
  respondents: readonly Respondent[],
  { prompts, verify, folder, place, drawing }: Questionnaire,
  { note, onFaults, onProgress }: AskHooks,
): Promise<Answers> {
  // A mistake in them is told before any model is at work.
  const verifiers = await resolveVerifiers(verify, { baseDir: folder, place });
  const asked = respondents.map((respondent) => {
    const { tokenizer, template, model } = respondent;
    const { contextLength } = model.config;
    if (drawing.maxTokens > contextLength) {
      throw new RecipeError(
        `${respondent.name}: responses of ${drawing.maxTokens} tokens leave no room for a prompt in a context of ${contextLength}; expected fewer (maxTokens)`,
      );
    }
    const { rows, faults } = tokenizePrompts(tokenizer, template, prompts, {
      contextLength,
      responseTokens: drawing.maxTokens,
    });
    onFaults(respondent, faults);
    return new Map(rows.map((row): [Prompt, TokenizedPrompt] => [row.prompt, row]));
  });
  let common = [...asked[0]!.values()].filter(({ prompt }) => asked.every((rows) => rows.has(prompt)));
  const answers: JudgedRollout[][] = [];
  for (const [n, respondent] of respondents.entries()) {
    const asking = { ...respondent, note, plan: { folder } };
    const sampler = await JudgedSampler.open(asking, respondent.values, verify, place);
    try {
      if (n === 0) common = await sampler.usable(common);
      const questions = common.map(({ prompt }) => asked[n]!.get(prompt)!);
      const step = Math.max(1, Math.floor(AT_ONCE / drawing.samples));
      const rollouts: JudgedRollout[] = [];
      for (let from = 0; from < questions.length; from += step) {
        onProgress?.(n * questions.length + from, respondents.length * questions.length);
        const some = questions.slice(from, from + step);
        rollouts.push(...(await sampler.draw(some, { ...drawing, purpose: `evaluate ${from}` })));
      }
      answers.push(rollouts);
    } finally {
      await sampler.close();
    }
  }
  return { labels: verifiers.map(({ label }) => label), responses: answers };
}
