import { createHash } from "node:crypto";
import { FormatError } from "../../pipeline/errors.ts";
import type { Tokenizer } from "../../pipeline/tokenizer.ts";
import { utf8Stretches } from "../utf8.ts";

const END_OF_TEXT = "<|endoftext|>";
/** What an unknown token decodes to: U+FFFD in UTF-8. */
const REPLACEMENT = Buffer.from("\ufffd");

/**
 * A tokenizer with a closed list of tokens: a text is cut, and each part is on the list or unknown.
 *
 *     ids:  0 … tokens.length − 1   the list     then one for "unknown", then one for the end of a text
 *
 * The list names parts of texts, never the two special ids: `<|endoftext|>` in a text is text.
 */
export abstract class ListTokenizer implements Tokenizer {
  readonly name: string;
  readonly vocabSize: number;
  readonly unknown: number;
  readonly endOfText: number;
  readonly digest: string;
  readonly tokens: readonly string[];

  readonly #idOf: ReadonlyMap<string, number>;
  /** By id: bytes of the list's tokens, of the unknown's stand-in and of the end's name. */
  readonly #bytes: readonly Uint8Array[];

  /** `rule` says how texts are cut: with the list, it decides ids. */
  constructor(name: string, rule: string, tokens: readonly string[]) {
    this.#idOf = new Map(tokens.map((token, id) => [token, id]));
    const bad = tokens.find((token, id) => token === "" || !token.isWellFormed() || this.#idOf.get(token) !== id);
    if (bad !== undefined) {
      throw new FormatError(`${name}: token ${JSON.stringify(bad)} is empty, half a character, or on the list twice`);
    }
    this.name = name;
    this.tokens = tokens;
    this.unknown = tokens.length;
    this.endOfText = tokens.length + 1;
    this.vocabSize = tokens.length + 2;
    this.#bytes = [...tokens.map((token) => Buffer.from(token)), REPLACEMENT, Buffer.from(END_OF_TEXT)];
    this.digest = createHash("sha256")
      .update(JSON.stringify(["sluice token list 1", rule, tokens]))
      .digest("hex");
  }

  /** The parts of a well-formed text, in order; joined, they are the text again. */
  protected abstract cut(text: string): Iterable<string>;

  encode(text: string): Uint32Array {
    const ids: number[] = [];
    this.#push(text.toWellFormed(), ids);
    return Uint32Array.from(ids);
  }

  /** Each byte that is not UTF-8 is one unknown: never the token for U+FFFD, which would decode to something else. */
  encodeBytes(utf8: Uint8Array): Uint32Array {
    const ids: number[] = [];
    for (const stretch of utf8Stretches(utf8)) {
      if (typeof stretch === "string") this.#push(stretch, ids);
      else ids.push(this.unknown);
    }
    return Uint32Array.from(ids);
  }

  /** Exact where nothing is unknown; an unknown gives U+FFFD, the end of a text its name. */
  decode(ids: ArrayLike<number>): Uint8Array {
    let length = 0;
    for (let i = 0; i < ids.length; i++) {
      const bytes = this.#bytes[ids[i]!];
      if (bytes === undefined) {
        const last = this.vocabSize - 1;
        throw new FormatError(`${this.name}: id ${ids[i]} at position ${i} is no token (ids go from 0 to ${last})`);
      }
      length += bytes.length;
    }
    const text = new Uint8Array(length);
    let at = 0;
    for (let i = 0; i < ids.length; i++) {
      const bytes = this.#bytes[ids[i]!]!;
      text.set(bytes, at);
      at += bytes.length;
    }
    return text;
  }

  #push(text: string, ids: number[]): void {
    for (const part of this.cut(text)) ids.push(this.#idOf.get(part) ?? this.unknown);
  }
}

/** What to keep of everything that was counted. */
export interface Keep {
  readonly name?: string;
  /** At most this many tokens, the most frequent; of equally frequent ones the first by code unit. */
  readonly maxTokens?: number;
  /** Only what occurs this often. */
  readonly minCount?: number;
}

/** Parts by falling frequency. The order of the texts does not matter. */
export function mostFrequent(
  parts: Iterable<string>,
  { maxTokens = Number.POSITIVE_INFINITY, minCount = 1 }: Keep,
): string[] {
  const counts = new Map<string, number>();
  for (const part of parts) counts.set(part, (counts.get(part) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count >= minCount)
    .sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))
    .slice(0, maxTokens)
    .map(([part]) => part);
}
