/** Characters that every built-in pattern keeps in one piece when they follow each other. */
const RUNS = /[\p{L}\p{M}]+|\p{N}+|\p{White_Space}+|[^\p{L}\p{M}\p{N}\p{White_Space}]+/gv;

/**
 * Longest run, in UTF-16 units, that npm `tiktoken` is given: its time grows with the square of a piece's length
 * (measured: 200,000 of one letter take 46 s and more).
 */
export const MAX_RUN_UNITS = 4000;

/** The text in parts, cut wherever a run of letters, digits, whitespace or signs goes on for `MAX_RUN_UNITS`. */
export function cutLongRuns(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (const { 0: run, index } of text.matchAll(RUNS)) {
    const end = index + run.length;
    for (let cut = index + MAX_RUN_UNITS; cut < end; cut += MAX_RUN_UNITS) {
      const isInPair = (text.charCodeAt(cut - 1) & 0xfc00) === 0xd800;
      const at = isInPair ? cut - 1 : cut;
      parts.push(text.slice(start, at));
      start = at;
    }
  }
  parts.push(text.slice(start));
  return parts;
}
