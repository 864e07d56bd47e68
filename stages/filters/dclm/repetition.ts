/**
 * How much of a page repeats itself, as DCLM counts it (mlfoundations/dclm 361714b, content_filters.py:
 * `repetition_filter`). All copies of what repeats count, the first one too.
 *
 * | shares | of | a page is |
 * |---|---|---|
 * | segments met more than once | stripped segments that are not blank; their code points | lines, or paragraphs |
 * | the most frequent run of n words (2–4) × its count; of several the longest; 0 where none repeats | code points of words | words |
 * | words in any run of n (5–10) met more than once, each word once | code points of words | words |
 *
 * The second may exceed 1: occurrences overlap. `repetition-fast.ts` gives the same numbers in linear time.
 */
import { strip } from "../../../pipeline/text/python-text.ts";

export interface SegmentRepetition {
  readonly segments: number;
  readonly repeated: number;
  readonly chars: number;
  readonly repeatedChars: number;
}

export interface WordRepetition {
  /** Code points of all words. */
  readonly chars: number;
  /** For n = 2, 3, 4: code points of the most frequent run in all its occurrences. */
  readonly top: readonly number[];
  /** For n = 5 … 10: code points of words in runs that repeat. */
  readonly repeated: readonly number[];
}

export const TOP_RUNS = [2, 3, 4] as const;
export const REPEATED_RUNS = [5, 6, 7, 8, 9, 10] as const;

const codePointLength = (text: string): number => [...text].length;
const sumOf = (parts: readonly string[]): number => parts.reduce((sum, part) => sum + codePointLength(part), 0);

export function measureSegments(text: string, separator: string): SegmentRepetition {
  const segments = text
    .split(separator)
    .map(strip)
    .filter((segment) => segment !== "");
  const counts = countOf(segments);
  const repeated = segments.filter((segment) => counts.get(segment)! > 1);
  return {
    segments: segments.length,
    repeated: repeated.length,
    chars: sumOf(segments),
    repeatedChars: sumOf(repeated),
  };
}

export function measureWordRuns(words: readonly string[]): WordRepetition {
  return {
    chars: sumOf(words),
    top: TOP_RUNS.map((n) => topRunChars(words, n)),
    repeated: REPEATED_RUNS.map((n) => repeatedRunChars(words, n)),
  };
}

function topRunChars(words: readonly string[], n: number): number {
  const counts = countOf(runsOf(words, n));
  const topCount = Math.max(1, ...counts.values());
  if (topCount === 1) return 0;
  const tops = [...counts].filter(([, count]) => count === topCount);
  return topCount * Math.max(...tops.map(([run]) => codePointLength(run.replaceAll("\n", ""))));
}

function repeatedRunChars(words: readonly string[], n: number): number {
  const runs = runsOf(words, n);
  const counts = countOf(runs);
  const places = new Set<number>();
  runs.forEach((run, first) => {
    if (counts.get(run)! > 1) for (let place = first; place < first + n; place++) places.add(place);
  });
  return sumOf(words.filter((_, place) => places.has(place)));
}

/** A word has no line break in it: runs are equal if their words are. */
function runsOf(words: readonly string[], n: number): string[] {
  return words.slice(n - 1).map((_, first) => words.slice(first, first + n).join("\n"));
}

function countOf(pieces: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const piece of pieces) counts.set(piece, (counts.get(piece) ?? 0) + 1);
  return counts;
}
