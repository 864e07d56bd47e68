import { PYTHON_SPACE, renewed, type Spans, WordCutter } from "./word-cutter.ts";
import type { Words } from "./words.ts";

const segmenter = new Intl.Segmenter("en", { granularity: "word" });

/** White space that no word of UAX #29 goes across: all but U+202F, which holds numbers together. */
export const UAX29_SPACE = PYTHON_SPACE.slice();
UAX29_SPACE[0x202f] = 0;

const cutter = renewed(() => new WordCutter(cutChunk, UAX29_SPACE));

/**
 * The word-like segments of UAX #29 (Unicode text segmentation, section 4), in order. White space is a boundary whatever
 * surrounds it, so that chunks can be cut one by one: `Intl.Segmenter` is slow, and sees only chunks that are new.
 */
export function cutUnicodeWords(text: string): Words {
  return cutter().words(text);
}

function cutChunk(text: string, start: number, end: number, spans: Spans): void {
  for (const { segment, index, isWordLike } of segmenter.segment(text.slice(start, end))) {
    if (isWordLike) spans.push(start + index, start + index + segment.length);
  }
}

/** The definition that `cutUnicodeWords` is tested against. */
export function segmentWords(text: string): readonly string[] {
  const words: string[] = [];
  for (const { segment, isWordLike } of segmenter.segment(text)) if (isWordLike) words.push(segment);
  return words;
}
