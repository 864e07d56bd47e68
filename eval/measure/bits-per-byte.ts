/**
 * How well a model predicts text, in units that do not hang on its tokenizer. Each document is read by itself, behind the
 * end-of-text token; that is context, and is never predicted. Bytes are the text's, in UTF-8, and never come from tokens.
 */
import type { Tokenizer } from "../../pipeline/tokenizer.ts";
import type { WorkHooks } from "../../pipeline/work-hooks.ts";
import { expectSpelling, prefixToken } from "./likelihood-tokenizer.ts";
import { PYTHON_SPACE } from "./python-space.ts";
import { rollingWindows } from "./rolling-windows.ts";
import type { Scorer, Window } from "./scorer.ts";

/** How documents are read, in words: what `scoreDocuments` does. */
export function contextPolicy({ contextLength }: Pick<Scorer, "contextLength">): string {
  return `each document by itself behind an end-of-text token that is not predicted; windows of at most ${contextLength} tokens, each token predicted once from at least one before it`;
}

/** Windows of one call of the scorer: as many as reach so many predicted tokens. Between calls Ctrl-C is heard. */
const TOKENS_AT_ONCE = 1 << 14;

/**
 * −ln p of each document, in nats: 0 of an empty one. Raises RecipeError for a tokenizer that does not spell every text or
 * has no end of text. Progress is told in predicted tokens, between calls of the scorer.
 */
export async function scoreDocuments(
  documents: readonly { readonly text: string }[],
  tokenizer: Tokenizer,
  scorer: Scorer,
  { onProgress, signal }: WorkHooks = {},
): Promise<Float64Array> {
  expectSpelling(tokenizer);
  const prefix = prefixToken(tokenizer);
  const windows: (Window & { readonly document: number })[] = [];
  for (const [document, { text }] of documents.entries()) {
    for (const window of rollingWindows(tokenizer.encode(text), prefix, scorer.contextLength)) {
      windows.push({ ...window, document });
    }
  }
  const all = windows.reduce((sum, window) => sum + predicted(window), 0);
  const natsOfWindow = new Float64Array(windows.length);
  // Those of one size are scored together: a scorer computes batches of one shape.
  const order = [...windows.keys()].sort((a, b) => {
    const [first, second] = [windows[a]!, windows[b]!];
    return second.ids.length - first.ids.length || predicted(second) - predicted(first) || a - b;
  });
  for (let from = 0, done = 0; from < order.length; ) {
    signal?.throwIfAborted();
    let to = from;
    for (let tokens = 0; to < order.length && tokens < TOKENS_AT_ONCE; to++) tokens += predicted(windows[order[to]!]!);
    const numbers = order.slice(from, to);
    const scores = await scorer.score(numbers.map((n) => windows[n]!));
    for (const [i, { nats }] of scores.entries()) {
      natsOfWindow[numbers[i]!] = sum(nats);
      done += nats.length;
    }
    onProgress?.(done, all);
    from = to;
  }
  const natsOfDocument = new Float64Array(documents.length);
  for (const [n, { document }] of windows.entries()) natsOfDocument[document]! += natsOfWindow[n]!;
  return natsOfDocument;
}

export function bitsPerByte(nats: number, bytes: number): number {
  return nats / Math.LN2 / bytes;
}

/**
 * exp of the nats a byte, or a word: a corpus' sums go in, not means of documents. lm-evaluation-harness 4e7e0d4,
 * `weighted_perplexity`.
 */
export function perplexity(nats: number, units: number): number {
  return Math.exp(nats / units);
}

/** Words as lm-evaluation-harness counts them: `len(re.split(r"\s+", text))`, empty ones at the ends included. */
export function countWords(text: string): number {
  return text.split(PYTHON_SPACES).length;
}

const PYTHON_SPACES = new RegExp(`${PYTHON_SPACE}+`);

function predicted({ ids, firstScored }: Window): number {
  return ids.length - firstScored;
}

function sum(values: Float64Array): number {
  let all = 0;
  for (const value of values) all += value;
  return all;
}
