import { RecipeError } from "../../pipeline/errors.ts";

/** Why a text has ended. */
export type EndReason = "stop-text" | "end-of-text" | "max-tokens" | "context-full";

export interface Limits {
  readonly maxTokens: number;
  /** The token that ends a text, where there is one. */
  readonly endOfText?: number | undefined;
  /** Tokens that the model can look at. */
  readonly contextLength: number;
  /** Is told every token but the end of the text; says whether it shall be the last. */
  readonly watch?: ((id: number) => boolean) | undefined;
}

/** A prompt and what is written behind it. */
export class Continuation {
  /** Its number among all that were asked for: what chance hangs on. */
  readonly number: number;
  /** The prompt's, then those drawn. */
  readonly ids: number[];
  readonly promptTokens: number;
  readonly #limits: Limits;
  #reason: EndReason | undefined;

  constructor(number: number, prompt: Iterable<number>, limits: Limits) {
    this.number = number;
    this.ids = [...prompt];
    this.promptTokens = this.ids.length;
    this.#limits = limits;
    const { contextLength } = limits;
    if (this.promptTokens === 0) throw new RecipeError(`prompt ${number}: found no tokens, expected at least one`);
    if (this.promptTokens > contextLength) {
      throw new RecipeError(
        `prompt ${number}: ${this.promptTokens} tokens, the model reads at most ${contextLength}; leave out the beginning`,
      );
    }
    if (limits.maxTokens < 1) throw new RecipeError(`maxTokens: expected at least 1, found ${limits.maxTokens}`);
  }

  /** Undefined as long as it has not ended. */
  get reason(): EndReason | undefined {
    return this.#reason;
  }

  /** Tokens drawn so far. */
  get step(): number {
    return this.ids.length - this.promptTokens;
  }

  /** How many more may come. The last token of a full context can be drawn, but not looked at. */
  get room(): number {
    if (this.#reason !== undefined) return 0;
    const { maxTokens, contextLength } = this.#limits;
    return Math.min(maxTokens - this.step, contextLength + 1 - this.ids.length);
  }

  /** Adds a token that was drawn; there must be room. */
  add(id: number): void {
    this.ids.push(id);
    const { maxTokens, endOfText, watch } = this.#limits;
    if (id === endOfText) this.#reason = "end-of-text";
    else if (watch?.(id) === true) this.#reason = "stop-text";
    else if (this.step >= maxTokens) this.#reason = "max-tokens";
    else if (this.room === 0) this.#reason = "context-full";
  }
}
