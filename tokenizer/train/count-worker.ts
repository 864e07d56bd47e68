/** A worker thread: counts the pieces of one chunk at a time. From one to the next it keeps nothing but its memory. */
import type { Pattern } from "../pretokenize.ts";
import type { CorpusChunk } from "./corpus.ts";
import { PieceCounter, type PieceCounts } from "./piece-counter.ts";
import { type PieceScanner, scannerFor } from "./piece-scanner.ts";

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

const LINE_FEED = 0x0a;

const counter = new PieceCounter();
let ready: { readonly source: string; readonly scanner: PieceScanner } | undefined;

export default function work(task: CountTask): ChunkCounts | CountFailure {
  try {
    if (ready?.source !== task.pattern.source) {
      ready = { source: task.pattern.source, scanner: scannerFor(task.pattern) };
    }
    counter.clear();
    const pieces = countTexts(task, ready.scanner);
    return { ...counter.counts(), pieces };
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}

function countTexts({ bytes, texts, lines }: CountTask, scanner: PieceScanner): number {
  let pieces = 0;
  for (let i = 0; i < texts.length; i += 2) {
    const text = bytes.subarray(texts[i], texts[i + 1]);
    if (!lines) {
      pieces += counter.addText(text, scanner);
      continue;
    }
    for (let start = 0; start < text.length; ) {
      const end = text.indexOf(LINE_FEED, start) + 1 || text.length;
      pieces += counter.addText(text.subarray(start, end), scanner);
      start = end;
    }
  }
  return pieces;
}
