/** What a config asks a model, and who judges the answers. */
import { RecipeError } from "../../../pipeline/errors.ts";
import type { ParameterValues } from "../../model/parameters.ts";
import type { Data, VerifierUse } from "../config.ts";
import { readPrompts } from "../examples/read.ts";
import { type TokenizedPrompt, tokenizePrompts } from "../examples/tokenize.ts";
import type { Bench } from "../method.ts";
import { placeIn, readData, tellFaults } from "../read-data.ts";
import { JudgedSampler } from "./judged-sampler.ts";

export interface OpenQuestions {
  readonly sampler: JudgedSampler;
  /** That leave room for an answer, and that the verifiers can judge answers to. */
  readonly questions: readonly TokenizedPrompt[];
  /** Held out of them, as the data's `validation` says. */
  readonly heldOut: readonly TokenizedPrompt[];
  /** Of what was read. */
  readonly digest: string;
}

/** Raises RecipeError, with its place in the config, where nothing is left to ask. Prompts and verifiers are fields below `under`. */
export async function openQuestions(
  bench: Bench,
  values: ParameterValues,
  asked: { readonly prompts: Data; readonly verify: readonly VerifierUse[]; readonly maxTokens: number },
  { under = [], verify = "verify" }: { readonly under?: readonly string[]; readonly verify?: string } = {},
): Promise<OpenQuestions> {
  const { tokenizer, template, model } = bench;
  const place = [...under, "prompts"];
  const read = await readData(readPrompts, asked.prompts, bench, place);
  const sampler = await JudgedSampler.open(bench, values, asked.verify, placeIn(bench, [...under, verify]));
  const usable = async (prompts: typeof read.rows): Promise<TokenizedPrompt[]> => {
    const tokenized = tokenizePrompts(tokenizer, template, prompts, {
      contextLength: model.config.contextLength,
      responseTokens: asked.maxTokens,
      onFault: asked.prompts.onFault,
      place: placeIn(bench, place),
    });
    tellFaults(tokenized.faults, bench);
    return await sampler.usable(tokenized.rows);
  };
  try {
    const questions = await usable(read.rows);
    if (questions.length === 0) {
      throw new RecipeError(
        `${placeIn(bench, place)}: answers to none of ${read.rows.length} prompts can be verified; the note before tells why of the first`,
      );
    }
    return { sampler, questions, heldOut: await usable(read.validation), digest: read.digest };
  } catch (error) {
    await sampler.close();
    throw error;
  }
}
