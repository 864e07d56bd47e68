/**
 * English words as spaCy 3.8's blank English tokenizer cuts them, which is what datatrove's English filters count.
 *
 * One oddity of the original is kept: pieces that meet in a row as an exception would have been cut are that exception
 * ("foo:)" gives "foo", ":)"), the longest first; a row that a single space runs through is no exception, but still
 * hides shorter ones inside it. One is not: spaCy fails on a text with "IS_ALPHA" in it, and datatrove then removes that.
 */
import { cutChunk, exceptions, isCutByRules } from "./english-chunk.ts";
import { renewed, Spans, WordCutter } from "./word-cutter.ts";
import { Kind } from "./word-kinds.ts";
import { Words, wordColumns } from "./words.ts";

/** A step of the trie of exceptions as sequences of kinds. */
interface Step {
  readonly next: Map<number, Step>;
  /** The exception that ends here. */
  parts?: readonly string[];
}

class EnglishCutter {
  readonly #cutter = new WordCutter(cutChunk);
  readonly #exceptions: Step = { next: new Map() };

  constructor() {
    for (const [chunk, parts] of exceptions()) if (isCutByRules(chunk)) this.#addException(chunk, parts);
  }

  get bytes(): number {
    return this.#cutter.bytes;
  }

  words(text: string): Words {
    const words = this.#cutter.words(text);
    const found = this.#findExceptions(words);
    return found.length === 0 ? words : this.#joinExceptions(words, found);
  }

  #addException(chunk: string, parts: readonly string[]): void {
    const { kinds } = this.#cutter;
    const spans = new Spans();
    cutChunk(chunk, 0, chunk.length, spans, false);
    let step = this.#exceptions;
    for (let i = 0; i < spans.length; i += 2) {
      const start = spans.values[i]!;
      const kind = kinds.internText(chunk.slice(start, spans.values[i + 1]));
      if (start === 0) kinds.flags[kind]! |= Kind.opensException;
      let next = step.next.get(kind);
      if (next === undefined) {
        next = { next: new Map() };
        step.next.set(kind, next);
      }
      step = next;
    }
    step.parts = parts;
  }

  /** Puts together pieces that form an exception: longest first, then leftmost; what they cover is taken. */
  #joinExceptions(words: Words, found: FoundException[]): Words {
    found.sort((a, b) => b.count - a.count || a.first - b.first);
    const taken = new Uint8Array(words.length);
    const chosen: FoundException[] = [];
    for (const match of found) {
      const end = match.first + match.count;
      if (taken[match.first] === 0 && taken[end - 1] === 0) chosen.push(match);
      taken.fill(1, match.first, end);
    }
    const joined = chosen.filter((match) => !match.isSpaced).sort((a, b) => a.first - b.first);
    return joined.length === 0 ? words : this.#rewrite(words, joined);
  }

  #findExceptions(words: Words): FoundException[] {
    const { kinds, flags, starts, ends, length } = words;
    const found: FoundException[] = [];
    for (let first = 0; first < length; first++) {
      if ((flags[first]! & Kind.opensException) === 0) continue;
      let step: Step | undefined = this.#exceptions.next.get(kinds[first]!);
      let isSpaced = false;
      for (let i = first; step !== undefined; ) {
        if (step.parts !== undefined) found.push({ first, count: i - first + 1, parts: step.parts, isSpaced });
        if (++i >= length || step.next.size === 0) break;
        // More than one space, or another kind of it, is a token of its own to spaCy and parts the row.
        const gap = starts[i]! - ends[i - 1]!;
        if (gap > 1 || (gap === 1 && words.text[ends[i - 1]!] !== " ")) break;
        isSpaced ||= gap === 1;
        step = step.next.get(kinds[i]!);
      }
    }
    return found;
  }

  #rewrite(words: Words, matches: readonly FoundException[]): Words {
    let length = words.length;
    for (const { count, parts } of matches) length += parts.length - count;
    const columns = wordColumns(length);
    const { starts, ends, kinds, flags } = columns;
    let from = 0;
    let to = 0;
    const copyUntil = (index: number): void => {
      starts.set(words.starts.subarray(from, index), to);
      ends.set(words.ends.subarray(from, index), to);
      kinds.set(words.kinds.subarray(from, index), to);
      flags.set(words.flags.subarray(from, index), to);
      to += index - from;
    };
    for (const { first, count, parts } of matches) {
      copyUntil(first);
      let start = words.starts[first]!;
      for (const part of parts) {
        starts[to] = start;
        start = ends[to] = start + part.length;
        kinds[to] = this.#cutter.kinds.internText(part);
        flags[to] = this.#cutter.kinds.flags[kinds[to]!]!;
        to++;
      }
      from = first + count;
    }
    copyUntil(words.length);
    return new Words(words.text, columns, this.#cutter.kinds);
  }
}

interface FoundException {
  readonly first: number;
  readonly count: number;
  readonly parts: readonly string[];
  /** A space runs through it. */
  readonly isSpaced: boolean;
}

const cutter = renewed(() => new EnglishCutter());

/** Cuts a text into English words. Linear in its length. */
export function cutEnglishWords(text: string): Words {
  return cutter().words(text);
}
