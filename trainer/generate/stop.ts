/** When a text that is being written has ended, and which part of it is the answer. */
import { RecipeError } from "../../pipeline/errors.ts";

/**
 * Finds stop sequences in a text that comes in bytes, token by token, whatever part of them a token holds:
 *
 *     stop "\n\n"     bytes "one\n" ─▶ "one", and "\n" is held back
 *                     bytes "two"   ─▶ "\ntwo"
 *                     bytes ".\n\nthree" ─▶ ".", stopped
 *
 * The stop sequence that is complete first counts, and of two complete at once the longer: what is said does not hang on how
 * the text is cut into tokens.
 */
export class StopText {
  readonly #stops: readonly Buffer[];
  /** Bytes that may be the beginning of a stop sequence. */
  #held: Buffer = Buffer.alloc(0);
  /** Holds back what is not a whole character yet. */
  readonly #utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
  #isStopped = false;

  constructor(stops: readonly string[]) {
    if (stops.includes("")) throw new RecipeError("stop: found an empty text, which would end every other at once");
    this.#stops = stops.map((stop) => Buffer.from(stop));
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Takes the next bytes and gives the text that is certain by now: before, and never a part of, a stop sequence. */
  write(bytes: Uint8Array): string {
    if (this.#isStopped) return "";
    const all = Buffer.concat([this.#held, bytes]);
    const stopAt = this.#firstStop(all);
    if (stopAt !== undefined) {
      this.#isStopped = true;
      this.#held = Buffer.alloc(0);
      return this.#utf8.decode(all.subarray(0, stopAt));
    }
    const certain = all.length - this.#undecided(all);
    this.#held = all.subarray(certain);
    return this.#utf8.decode(all.subarray(0, certain), { stream: true });
  }

  /** The rest, once no more comes: a stop sequence that was not finished is text. Part of a character becomes U+FFFD. */
  end(): string {
    const rest = this.#isStopped ? "" : this.#utf8.decode(this.#held);
    this.#held = Buffer.alloc(0);
    return rest;
  }

  /** Where the stop sequence begins that ends first. */
  #firstStop(bytes: Buffer): number | undefined {
    let first: { at: number; end: number } | undefined;
    for (const stop of this.#stops) {
      const at = bytes.indexOf(stop);
      if (at < 0) continue;
      const end = at + stop.length;
      if (first === undefined || end < first.end || (end === first.end && at < first.at)) first = { at, end };
    }
    return first?.at;
  }

  /** Length of the longest end of the bytes that a stop sequence begins with. */
  #undecided(bytes: Buffer): number {
    let longest = 0;
    for (const stop of this.#stops) {
      for (let length = Math.min(stop.length - 1, bytes.length); length > longest; length--) {
        if (bytes.subarray(bytes.length - length).equals(stop.subarray(0, length))) longest = length;
      }
    }
    return longest;
  }
}

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

  add(id: number): void {
    this.ids.push(id);
    const { maxTokens, endOfText, watch } = this.#limits;
    if (id === endOfText) this.#reason = "end-of-text";
    else if (watch?.(id) === true) this.#reason = "stop-text";
    else if (this.step >= maxTokens) this.#reason = "max-tokens";
    else if (this.room === 0) this.#reason = "context-full";
  }
}
