/**
 * Texts written by a model:
 *
 *     prompts ─ encode ─▶ continuations ─ decoder: read, draw, read … ─▶ ids ─ stop text ─▶ texts
 *
 * @example
 * const model = new CachedModel(new Transformer(config), parameters, await onnxBackend());
 * const [text] = await generateTexts(new PlainDecoder(model), tokenizer, ["Once upon"], { maxTokens: 50, stop: ["\n"] });
 */
import { RecipeError } from "../../pipeline/errors.ts";
import type { Tokenizer } from "../../pipeline/tokenizer.ts";
import type { WorkHooks } from "../../pipeline/work-hooks.ts";
import type { Floats } from "../ir/op.ts";
import type { CachedModel } from "./cached-model.ts";
import { Continuation, type EndReason } from "./continuation.ts";
import { chanceOf, drawFrom, probabilitiesOf, type Sampling, type SamplingOptions, samplingOf } from "./sampling.ts";
import { StopText } from "./stop.ts";

/** How tokens are drawn. */
export interface Draw {
  readonly sampling: Sampling;
  readonly seed: number;
  /** Only ids below this are drawn: a model's table may have more rows than the tokenizer has tokens. */
  readonly vocabSize: number;
}

/** Writes on: from what a model says next to tokens. */
export interface Decoder {
  readonly contextLength: number;
  readonly vocabSize: number;
  /** Adds tokens to each until it has ended. Chance hangs on the continuation's number, not on what is beside it. */
  decode(batch: readonly Continuation[], draw: Draw): Promise<void>;
}

/** One token of each text a run. */
export class PlainDecoder implements Decoder {
  readonly #model: CachedModel;

  constructor(model: CachedModel) {
    this.#model = model;
  }

  get contextLength(): number {
    return this.#model.model.config.contextLength;
  }

  get vocabSize(): number {
    return this.#model.model.config.vocabSize;
  }

  async decode(batch: readonly Continuation[], { sampling, seed, vocabSize }: Draw): Promise<void> {
    const model = this.#model;
    const addTo = (one: Continuation, logits: Floats): void => {
      const probabilities = probabilitiesOf(logits.subarray(0, vocabSize), sampling);
      one.add(drawFrom(probabilities, chanceOf(seed, "token", one.number, one.step)));
    };
    const { prompts, sources } = differentPrompts(batch);
    const isShared = 2 * prompts.length <= batch.length;
    model.begin(isShared ? prompts.length : batch.length);
    try {
      if (isShared) {
        // What many go on from is read once.
        const logits = await model.read(prompts);
        for (const [b, one] of batch.entries()) addTo(one, logits[sources[b]!]!.at(-1)!);
        model.branch(sources);
      }
      while (batch.some(({ room }) => room > 0)) {
        const logits = await model.read(batch.map((one, b) => (one.room > 0 ? one.ids.slice(model.lengths[b]) : [])));
        for (const [b, one] of batch.entries()) {
          const last = logits[b]!.at(-1);
          if (last !== undefined) addTo(one, last);
        }
      }
    } finally {
      model.end();
    }
  }
}

/** Prompts as they come, each once, and the number of each text's own. */
function differentPrompts(batch: readonly Continuation[]): { prompts: (readonly number[])[]; sources: number[] } {
  const prompts: (readonly number[])[] = [];
  const numbers = new Map<string, number>();
  const sources = batch.map(({ ids }) => {
    const key = ids.join(" ");
    const number = numbers.get(key) ?? prompts.length;
    if (number === prompts.length) {
      numbers.set(key, number);
      prompts.push([...ids]);
    }
    return number;
  });
  return { prompts, sources };
}

/** Progress is told in prompts, between batches. */
export interface GenerateOptions extends SamplingOptions, WorkHooks {
  readonly maxTokens: number;
  /** The same seed, the same texts; by default 0. */
  readonly seed?: number;
  /** Prompts that are continued side by side; by default 16. Results do not hang on it. */
  readonly batchSize?: number;
}

export interface GenerateIdsOptions extends GenerateOptions {
  readonly endOfText?: number | undefined;
  /** Only ids below this are drawn; by default all of the model's. */
  readonly vocabSize?: number;
  /** Is told every token but the end of the text; says whether it shall be the last of its text. */
  readonly watch?: (prompt: number, id: number) => boolean;
}

export interface GeneratedIds {
  /** Those drawn, the one that ended the text included. */
  readonly ids: readonly number[];
  readonly reason: EndReason;
}

/** Continues prompts that are given as ids. Raises RecipeError for one that is empty or does not fit. */
export async function generateIds(
  decoder: Decoder,
  prompts: readonly Iterable<number>[],
  options: GenerateIdsOptions,
): Promise<GeneratedIds[]> {
  const { maxTokens, seed = 0, batchSize = 16, endOfText, vocabSize = decoder.vocabSize, watch } = options;
  const { onProgress, signal } = options;
  const sampling = samplingOf(options);
  const { contextLength } = decoder;
  const all = prompts.map((prompt, number) => {
    const ofOne = watch && ((id: number) => watch(number, id));
    return new Continuation(number, prompt, { maxTokens, endOfText, contextLength, watch: ofOne });
  });
  for (let from = 0; from < all.length; from += batchSize) {
    onProgress?.(from, all.length);
    signal?.throwIfAborted();
    await decoder.decode(all.slice(from, from + batchSize), { sampling, seed, vocabSize });
  }
  onProgress?.(all.length, all.length);
  return all.map(({ ids, promptTokens, reason }) => ({ ids: ids.slice(promptTokens), reason: reason! }));
}

export interface GenerateTextOptions extends GenerateOptions {
  /** Texts that end what is written. They are looked for in the bytes, however these are cut into tokens. */
  readonly stop?: readonly string[];
  /** Is told text of a prompt as soon as it is certain: all calls together, the text. */
  readonly onText?: (prompt: number, text: string) => void;
}

export interface GeneratedText extends GeneratedIds {
  /** Without the prompt, and up to the stop text or the end of the text. */
  readonly text: string;
}

/**
 * Continues texts, given as such or as ids. An empty prompt stands for the beginning of a document: what comes behind an end
 * of text.
 */
export async function generateTexts(
  decoder: Decoder,
  tokenizer: Tokenizer,
  prompts: readonly (string | ArrayLike<number>)[],
  options: GenerateTextOptions,
): Promise<GeneratedText[]> {
  const { stop = [], onText, ...others } = options;
  const { endOfText, vocabSize } = tokenizer;
  if (vocabSize > decoder.vocabSize) {
    throw new RecipeError(
      `tokenizer ${tokenizer.name}: ${vocabSize} tokens, the model knows ${decoder.vocabSize}; take the one it was trained with`,
    );
  }
  const texts = prompts.map(() => "");
  const tell = (prompt: number, text: string): void => {
    if (text === "") return;
    texts[prompt]! += text;
    onText?.(prompt, text);
  };
  const stops = prompts.map(() => new StopText(stop));
  const encoded = prompts.map((prompt, number) => {
    if (typeof prompt !== "string") return Array.from(prompt);
    if (prompt !== "") return tokenizer.encode(prompt);
    if (endOfText !== undefined) return [endOfText];
    throw new RecipeError(
      `prompt ${number}: is empty, and tokenizer ${tokenizer.name} has no end of text to begin after`,
    );
  });
  const generated = await generateIds(decoder, encoded, {
    ...others,
    endOfText,
    vocabSize,
    watch(prompt, id) {
      const stopText = stops[prompt]!;
      tell(prompt, stopText.write(tokenizer.decode([id])));
      return stopText.isStopped;
    },
  });
  return generated.map((one, prompt) => {
    tell(prompt, stops[prompt]!.end());
    return { ...one, text: texts[prompt]! };
  });
}
