/** A worker thread: counts the pieces of one chunk at a time. From one to the next it keeps nothing but its memory. */
import type { Pattern } from "../pretokenize.ts";
import type { CorpusChunk } from "./corpus.ts";
import type { PieceCounts } from "./piece-counter.ts";
import { type TextCounter, textCounterFor } from "./text-counter.ts";

export interface CountTask extends Pick<CorpusChunk, "bytes" | "texts"> {
  readonly pattern: Pattern;
  /** Every line, with its line feed, is a text of its own. */
  readonly lines: boolean;
}

export interface ChunkCounts extends PieceCounts {
  /** Number of pieces, repetitions included. */
  readonly pieces: number;
}

/** Errors lose their class when they are posted, so the message travels as data. */
export interface CountFailure {
  readonly failed: string;
}

let ready: { readonly source: string; readonly counter: TextCounter } | undefined;

export default function work(task: CountTask): ChunkCounts | CountFailure {
  try {
    if (ready?.source !== task.pattern.source) {
      ready = { source: task.pattern.source, counter: textCounterFor(task.pattern) };
    }
    const pieces = countTexts(task, ready.counter);
    return { ...ready.counter.take(), pieces };
  } catch (error) {
    ready = undefined; // It may hold half a chunk.
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}

function countTexts({ bytes, texts, lines }: CountTask, counter: TextCounter): number {
  let pieces = 0;
  for (let i = 0; i < texts.length; i += 2) {
    const text = bytes.subarray(texts[i], texts[i + 1]);
    pieces += lines ? counter.addLines(text) : counter.addText(text);
  }
  return pieces;
}
