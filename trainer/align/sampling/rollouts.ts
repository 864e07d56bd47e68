/** Responses that a model draws: to be judged, and learned from. */
import { failpoint } from "../../../pipeline/failpoints.ts";
import type { Tokenizer } from "../../../pipeline/tokenizer.ts";
import type { WorkHooks } from "../../../pipeline/work-hooks.ts";
import { type Decoder, generateTexts } from "../../generate/generator.ts";
import { seedOf } from "../../model/parameters.ts";
import type { TokenizedPrompt } from "../examples/tokenize.ts";
import type { Row } from "../learning/row.ts";
import { responseIn } from "../templates/render.ts";
import type { Template } from "../templates/template.ts";

/** A response that was drawn. */
export interface Rollout {
  readonly question: TokenizedPrompt;
  /** Of the response: the end of text included, where it came. */
  readonly ids: readonly number[];
  readonly text: string;
  /** Whether it was cut for its length. */
  readonly isCut: boolean;
}

export interface Drawing {
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topP?: number | undefined;
  readonly stop: readonly string[];
}

export interface DrawOptions extends Drawing {
  /** Responses to each question. */
  readonly samples: number;
  readonly seed: number;
  /** What they are drawn for: other purposes draw others. */
  readonly purpose: string;
}

/** Texts that are written side by side. Results do not hang on it. */
const AT_ONCE = 64;

/** Responses, those to one question one after the other. */
export async function rollOut(
  decoder: Decoder,
  { tokenizer, template }: { readonly tokenizer: Tokenizer; readonly template: Template },
  questions: readonly TokenizedPrompt[],
  { samples, seed, purpose, topP, stop, maxTokens, temperature }: DrawOptions,
  hooks: WorkHooks = {},
): Promise<Rollout[]> {
  const each = questions.flatMap((question) => new Array<TokenizedPrompt>(samples).fill(question));
  // Where no token ends a text, what the template puts behind an answer does.
  const { after } = template.assistant;
  const ends = tokenizer.endOfText === undefined && after !== "" ? [...stop, after] : stop;
  const texts = await generateTexts(
    decoder,
    tokenizer,
    each.map(({ ids }) => ids),
    {
      ...{ maxTokens, temperature, stop: ends, batchSize: AT_ONCE },
      ...(topP !== undefined && { topP }),
      ...hooks,
      seed: seedOf(seed, purpose),
    },
  );
  failpoint("draw");
  return texts.map(({ ids, text, reason }, n) => ({
    question: each[n]!,
    ids,
    text: responseIn(template, text),
    isCut: reason === "max-tokens" || reason === "context-full",
  }));
}

/** The sequence to learn from. */
export function rowOf({ question, ids }: Pick<Rollout, "question" | "ids">): Row {
  const prompt = question.ids.length;
  const all = new Uint32Array(prompt + ids.length);
  all.set(question.ids);
  all.set(ids, prompt);
  return { ids: all, isResponse: new Uint8Array(all.length).fill(1, prompt) };
}
