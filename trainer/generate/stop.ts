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
