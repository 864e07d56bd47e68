/**
 * Tokens that are not merged from bytes but found in the text: special ones (`<|endoftext|>`), which stand for
 * themselves only where the caller allows it, and other added ones, which always do.
 *
 *     cutAtTokens("Hi<|endoftext|>you", …)  →  { text: "Hi" }, { id: 50256 }, { text: "you" }
 *
 * The leftmost match counts, and of those that begin together the longest. The finer rules are Hugging Face's
 * (`added_vocabulary.rs` of tokenizers 0.23); the errors about specials in a text that may not hold any are tiktoken's.
 */
import { FormatError } from "../pipeline/errors.ts";
import type { Vocabulary } from "./vocabulary.ts";

export interface AddedToken {
  readonly text: string;
  readonly id: number;
  /** Special tokens are recognised where the caller allows them; the others everywhere. */
  readonly special: boolean;
  /** The whitespace before it, or after it, goes with it. */
  readonly leftStrip: boolean;
  readonly rightStrip: boolean;
  /** Recognised only where no letter, digit or underscore touches it. */
  readonly singleWord: boolean;
  /** Looked for in what is left when those that are not "normalized" have been found. */
  readonly normalized: boolean;
}

/** A special token without further rules. */
export function plainSpecial(text: string, id: number): AddedToken {
  return { text, id, special: true, leftStrip: false, rightStrip: false, singleWord: false, normalized: false };
}

/** All tokens of a vocabulary that are found in the text, by ascending id. */
export function addedTokensOf({ special, added = [] }: Pick<Vocabulary, "special" | "added">): AddedToken[] {
  const described = new Set(added.map(({ id }) => id));
  const plain = [...special].filter(([, id]) => !described.has(id)).map(([text, id]) => plainSpecial(text, id));
  return [...plain, ...added].sort((a, b) => a.id - b.id);
}

/** Whether `Vocabulary.special` says all there is to say of a token. */
export function isPlainSpecial(token: AddedToken): boolean {
  return token.special && !token.leftStrip && !token.rightStrip && !token.singleWord && !token.normalized;
}

/** Names of the token that ends a document, the most usual first. */
export const END_OF_TEXT_NAMES: readonly string[] = ["<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>"];

/** Id of the token that ends a document: the first of `END_OF_TEXT_NAMES` that is there. */
export function endOfTextOf(special: ReadonlyMap<string, number>): number | undefined {
  for (const name of END_OF_TEXT_NAMES) {
    const id = special.get(name);
    if (id !== undefined) return id;
  }
  return undefined;
}

export type CutText = { readonly text: string } | { readonly id: number };

/** Characters that a "single word" may not touch: `\w` of Rust's regex crate. */
const WORD_BEFORE = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/v;
const WORD_AFTER = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/v;
const SPACE = /\p{White_Space}/v;

/** Cuts texts at the tokens of one vocabulary. Worth keeping: it holds what the search needs. */
export class TokenCutter {
  /** Searched one after the other, each in the text that those before have left. */
  readonly #passes: readonly TextSearch[];

  constructor(tokens: Iterable<AddedToken>, allowed: "all" | ReadonlySet<string>) {
    const wanted = [...tokens].filter(({ special, text }) => !special || allowed === "all" || allowed.has(text));
    this.#passes = [wanted.filter(({ normalized }) => !normalized), wanted.filter(({ normalized }) => normalized)]
      .filter((pass) => pass.length > 0)
      .map((pass) => new TextSearch(pass));
  }

  /** The text's parts in order: ordinary text, none of it empty, and tokens. */
  cut(text: string): Iterable<CutText> {
    return this.#cut(text, 0);
  }

  *#cut(text: string, pass: number): Iterable<CutText> {
    if (text === "") return;
    const search = this.#passes[pass];
    if (search === undefined) {
      yield { text };
      return;
    }
    let done = 0;
    for (const { token, at } of search.matches(text)) {
      let start = at;
      let end = at + token.text.length;
      if (token.singleWord && touchesWord(text, start, end)) continue;
      if (token.leftStrip) start = spaceStart(text, start);
      if (token.rightStrip) end = spaceEnd(text, end);
      // What the token before has taken along stays with it.
      yield* this.#cut(text.slice(done, Math.max(done, start)), pass + 1);
      yield { id: token.id };
      done = end;
    }
    yield* this.#cut(text.slice(done), pass + 1);
  }
}

/**
 * Cuts a text at tokens: those that are not special, and the special ones that are allowed. For many texts, keep a
 * `TokenCutter`.
 */
export function cutAtTokens(
  text: string,
  tokens: readonly AddedToken[],
  allowed: "all" | ReadonlySet<string>,
): Iterable<CutText> {
  return new TokenCutter(tokens, allowed).cut(text);
}

/**
 * Raises FormatError where a special token is in the text that is not allowed: tiktoken's `disallowed_special`. For
 * callers to whom that means someone's text is posing as structure.
 */
export function refuseSpecial(
  text: string,
  tokens: readonly AddedToken[],
  allowed: "all" | ReadonlySet<string>,
  disallowed: "all" | ReadonlySet<string> = "all",
): void {
  if (allowed === "all") return;
  const refused = tokens.filter(
    (token) => token.special && !allowed.has(token.text) && (disallowed === "all" || disallowed.has(token.text)),
  );
  if (refused.length === 0) return;
  for (const { token, at } of new TextSearch(refused).matches(text)) {
    throw new FormatError(
      `text: found the special token ${JSON.stringify(token.text)} at ${at}, expected ordinary text; allow it by name if it is meant as a token, or use encode(), which takes it as text`,
    );
  }
}

function touchesWord(text: string, start: number, end: number): boolean {
  // Two units hold any one character.
  return WORD_BEFORE.test(text.slice(Math.max(0, start - 2), start)) || WORD_AFTER.test(text.slice(end, end + 2));
}

function spaceStart(text: string, end: number): number {
  let start = end;
  while (start > 0 && SPACE.test(text[start - 1]!)) start--;
  return start;
}

function spaceEnd(text: string, start: number): number {
  let end = start;
  while (end < text.length && SPACE.test(text[end]!)) end++;
  return end;
}

/** Finds tokens in strings. */
class TextSearch {
  readonly #trie = new Trie<AddedToken>();
  /** Matches every unit with which some token begins. */
  readonly #firstUnits: string;

  constructor(tokens: Iterable<AddedToken>) {
    const firstUnits = new Set<string>();
    for (const token of tokens) {
      this.#trie.add(
        Array.from({ length: token.text.length }, (_, i) => token.text.charCodeAt(i)),
        token,
      );
      firstUnits.add(`\\u${token.text.charCodeAt(0).toString(16).padStart(4, "0")}`);
    }
    this.#firstUnits = `[${[...firstUnits].join("")}]`;
  }

  /** Matches from left to right; none overlaps another. */
  *matches(text: string): Iterable<{ readonly token: AddedToken; readonly at: number }> {
    const unitAt = (at: number): number => text.charCodeAt(at);
    const mayBegin = new RegExp(this.#firstUnits, "g"); // without a flag for Unicode: one unit at a time
    while (mayBegin.test(text)) {
      const at = mayBegin.lastIndex - 1;
      const found = this.#trie.longest(unitAt, at, text.length);
      if (found.value === undefined) continue;
      yield { token: found.value, at };
      mayBegin.lastIndex = found.end;
    }
  }
}

/** What `SpecialScanner.find` found: a token, or that there is none before `start`. */
export interface Found {
  /** Where the token begins. Without a token: where something begins that further bytes may make one of. */
  readonly start: number;
  readonly end: number;
  readonly id: number | undefined;
}

/**
 * Finds special tokens in UTF-8 that arrives in parts, in constant memory: of what it has searched, only the last
 * `maxTokenBytes - 1` bytes at most may be the beginning of a token and have to be kept.
 */
export class SpecialScanner {
  readonly maxTokenBytes: number;
  readonly #trie = new Trie<number>();
  readonly #begins = new Uint8Array(256);
  /** The byte with which all tokens begin, if it is one: `indexOf` finds it faster than a loop. */
  readonly #onlyFirst: number | undefined;

  /** Texts and ids. Tokens that strip whitespace or must be single words have to be sought in text. */
  constructor(special: Iterable<readonly [text: string, id: number]>) {
    let longest = 0;
    const firsts = new Set<number>();
    for (const [text, id] of special) {
      const utf8 = Buffer.from(text, "utf8");
      if (utf8.length === 0) throw new RangeError(`special token ${id} has no text`);
      this.#trie.add(utf8, id);
      this.#begins[utf8[0]!] = 1;
      firsts.add(utf8[0]!);
      longest = Math.max(longest, utf8.length);
    }
    this.maxTokenBytes = longest;
    if (firsts.size === 1) [this.#onlyFirst] = firsts;
  }

  /**
   * The first special token at or after `from`. `isLast` says that no bytes follow these. Without a token in the
   * answer, [from, start) holds none and is settled; the bytes from `start` on are to be searched again, from `start`,
   * with those that follow. With `isLast`, all is settled.
   */
  find(bytes: Uint8Array, from: number, isLast: boolean): Found {
    const byteAt = (at: number): number => bytes[at]!;
    for (let at = this.#next(bytes, from); at < bytes.length; at = this.#next(bytes, at + 1)) {
      const found = this.#trie.longest(byteAt, at, bytes.length);
      // A longer token may be under way, even where a shorter one is complete.
      if (found.ranOut && !isLast) return { start: at, end: bytes.length, id: undefined };
      if (found.value !== undefined) return { start: at, end: found.end, id: found.value };
    }
    return { start: bytes.length, end: bytes.length, id: undefined };
  }

  /** The next place at or after `from` where a token may begin, or the end. */
  #next(bytes: Uint8Array, from: number): number {
    if (this.#onlyFirst !== undefined) {
      const at = bytes.indexOf(this.#onlyFirst, from);
      return at < 0 ? bytes.length : at;
    }
    const begins = this.#begins;
    let at = from;
    while (at < bytes.length && begins[bytes[at]!] === 0) at++;
    return at;
  }
}

export type CutBytes = { readonly bytes: Uint8Array } | { readonly id: number };

/**
 * Cuts a stream at special tokens. A part of ordinary text may come in several pieces, cut anywhere, and they are views
 * of the chunks: use them before asking for the next.
 */
export async function* cutStream(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  scanner: SpecialScanner,
): AsyncGenerator<CutBytes> {
  let kept: Uint8Array = new Uint8Array();
  for await (const chunk of chunks) {
    const bytes = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
    const settled = yield* cutPart(bytes, scanner, false);
    kept = bytes.slice(settled);
  }
  yield* cutPart(kept, scanner, true);
}

/** Yields what is settled of these bytes and returns where the rest begins. */
function* cutPart(bytes: Uint8Array, scanner: SpecialScanner, isLast: boolean): Generator<CutBytes, number> {
  for (let done = 0; ; ) {
    const { start, end, id } = scanner.find(bytes, done, isLast);
    if (start > done) yield { bytes: bytes.subarray(done, start) };
    if (id === undefined) return start;
    yield { id };
    done = end;
  }
}

interface TrieNode<T> {
  readonly next: Map<number, TrieNode<T>>;
  value: T | undefined;
}

interface TrieMatch<T> {
  /** Of the longest token that begins here; undefined where none does. */
  readonly value: T | undefined;
  readonly end: number;
  /** Whether a longer one may go on where the text ended. */
  readonly ranOut: boolean;
}

/** Tokens as a tree of their units, to find the longest one that begins somewhere. */
class Trie<T> {
  readonly #root: TrieNode<T> = { next: new Map(), value: undefined };

  add(units: Iterable<number>, value: T): void {
    let node = this.#root;
    for (const unit of units) {
      let child = node.next.get(unit);
      if (child === undefined) {
        child = { next: new Map(), value: undefined };
        node.next.set(unit, child);
      }
      node = child;
    }
    node.value = value;
  }

  longest(unitAt: (at: number) => number, start: number, textEnd: number): TrieMatch<T> {
    let node: TrieNode<T> | undefined = this.#root;
    let value: T | undefined;
    let end = start;
    for (let at = start; at < textEnd; ) {
      node = node.next.get(unitAt(at));
      if (node === undefined) return { value, end, ranOut: false };
      at++;
      if (node.value !== undefined) {
        value = node.value;
        end = at;
      }
    }
    return { value, end, ranOut: node.next.size > 0 };
  }
}
