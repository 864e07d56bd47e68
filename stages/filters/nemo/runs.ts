import { type RepeatedRuns, topRun, visitRepeatedRuns, wordCharsBefore } from "../../../pipeline/text/repeated-runs.ts";
import type { Words } from "../../../pipeline/text/words.ts";
import { countRemovals } from "./removal.ts";

export interface RunShares {
  /** n = 2, 3, 4: what the page loses when the most frequent run of n words, joined by spaces, is removed from its text. */
  readonly top: readonly number[];
  /** n = 5 to 10: characters of runs of n words that stood before, with spaces, what overlaps once. */
  readonly repeated: readonly number[];
}

const MAX_TOP = 4;
const MAX_REPEATED = 10;

/** Shares of the page's code points, of which there are `chars`. 1 for runs that the page is too short for. */
export function measureRuns(words: Words, chars: number): RunShares {
  const before = wordCharsBefore(words);
  const top: number[] = [];
  const repeated: number[] = [];
  visitRepeatedRuns(words, MAX_REPEATED, (runs) => {
    const measure = runs.n <= MAX_TOP ? removedChars : repeatedChars;
    const share = words.length < runs.n ? 1 : measure(runs, words, before) / chars;
    (runs.n <= MAX_TOP ? top : repeated).push(share);
  });
  return { top, repeated };
}

function removedChars(runs: RepeatedRuns, words: Words, before: Int32Array): number {
  const { n } = runs;
  const { place } = topRun(runs, words)!;
  const joined = Array.from({ length: n }, (_, i) => words.at(place + i)).join(" ");
  return countRemovals(words.text, joined) * (before[place + n]! - before[place]! + n - 1);
}

function repeatedChars({ n, length, places, runs, firsts }: RepeatedRuns, _words: Words, before: Int32Array): number {
  let chars = 0;
  let counted = 0;
  for (let at = 0; at < length; at++) {
    const place = places[at]!;
    if (firsts[runs[at]!] === place) continue;
    const start = Math.max(place, counted);
    counted = place + n;
    // A run that goes on from the one before brings as many spaces as words; one that stands apart a space less.
    chars += before[counted]! - before[start]! + Math.min(counted - start, n - 1);
  }
  return chars;
}
