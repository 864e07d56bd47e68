/** The counts of `repetition.ts` over spans of the text and words that are numbers. */
import { withRoom } from "../../../pipeline/text/growable.ts";
import { countCodePoints, skipSpace, skipSpaceBack } from "../../../pipeline/text/python-text.ts";
import { type RepeatedRuns, visitRepeatedRuns, wordCharsBefore } from "../../../pipeline/text/repeated-runs.ts";
import { SpanTable } from "../../../pipeline/text/span-table.ts";
import type { Words } from "../../../pipeline/text/words.ts";
import { REPEATED_RUNS, type SegmentRepetition, TOP_RUNS, type WordRepetition } from "./repetition.ts";

/** Copies and code points of each distinct segment; kept between pages. */
let copies = new Int32Array(1 << 8);
let lengths = new Int32Array(1 << 8);

export function measureSegmentsFast(text: string, separator: string): SegmentRepetition {
  const table = new SpanTable();
  for (let from = 0; from <= text.length; ) {
    const at = text.indexOf(separator, from);
    const to = at === -1 ? text.length : at;
    const start = skipSpace(text, from, to);
    const end = skipSpaceBack(text, start, to);
    if (end > start) {
      const before = table.size;
      const id = table.intern(text, start, end);
      if (id === before) {
        copies = withRoom(copies, id + 1);
        lengths = withRoom(lengths, id + 1);
        copies[id] = 0;
        lengths[id] = countCodePoints(text, start, end);
      }
      copies[id]!++;
    }
    from = to + separator.length;
  }
  let segments = 0;
  let repeated = 0;
  let chars = 0;
  let repeatedChars = 0;
  for (let id = 0; id < table.size; id++) {
    const count = copies[id]!;
    segments += count;
    chars += count * lengths[id]!;
    if (count > 1) {
      repeated += count;
      repeatedChars += count * lengths[id]!;
    }
  }
  return { segments, repeated, chars, repeatedChars };
}

export function measureWordRunsFast(words: Words): WordRepetition {
  const charsBefore = wordCharsBefore(words);
  const top: number[] = [];
  const repeated: number[] = [];
  visitRepeatedRuns(words, REPEATED_RUNS.at(-1)!, (runs) => {
    if (runs.n <= TOP_RUNS.at(-1)!) top.push(topRunChars(runs, charsBefore));
    else repeated.push(coveredChars(runs, charsBefore));
  });
  return { chars: charsBefore[words.length]!, top, repeated };
}

function topRunChars({ n, length, places, runs, counts }: RepeatedRuns, charsBefore: Int32Array): number {
  let topCount = 0;
  let topChars = 0;
  for (let at = 0; at < length; at++) {
    const count = counts[runs[at]!]!;
    if (count < topCount) continue;
    const chars = charsBefore[places[at]! + n]! - charsBefore[places[at]!]!;
    if (count > topCount || chars > topChars) topChars = chars;
    topCount = count;
  }
  return topCount * topChars;
}

function coveredChars({ n, length, places }: RepeatedRuns, charsBefore: Int32Array): number {
  let covered = 0;
  let chars = 0;
  for (let at = 0; at < length; at++) {
    const place = places[at]!;
    chars += charsBefore[place + n]! - charsBefore[Math.max(place, covered)]!;
    covered = place + n;
  }
  return chars;
}
