/**
 * What FineWeb's own filter asks of a page's lines, as datatrove reads them (huggingface/datatrove a649de7,
 * filters/fineweb_quality_filter.py): lines lie between "\n", untrimmed, and blank ones do not count.
 */
import { endsSentence } from "../../../pipeline/text/punctuation.ts";
import { countCodePoints, isBlank, strip } from "../../../pipeline/text/python-text.ts";
import { countRepeatsPlainly, Pieces } from "../../../pipeline/text/repeats.ts";

export interface ProseLines {
  readonly lines: number;
  /** Lines whose last character ends a sentence in any script; quotes, colons and ellipses do not. */
  readonly terminated: number;
  /** Lines of at most so many code points. */
  readonly short: number;
  /** Code points in lines equal to an earlier one, as a share of all but the newlines. */
  readonly repeatedChars: number;
  readonly newlines: number;
}

/** The definition. */
export function measureProseLinesPlainly(text: string, shortChars: number): ProseLines {
  const all = text.split("\n");
  const lines = all.filter((line) => strip(line) !== "");
  const chars = all.reduce((sum, line) => sum + [...line].length, 0);
  return {
    lines: lines.length,
    terminated: lines.filter((line) => endsSentence(line, 0, line.length)).length,
    short: lines.filter((line) => [...line].length <= shortChars).length,
    repeatedChars: chars === 0 ? 0 : countRepeatsPlainly(lines).repeatedChars / chars,
    newlines: all.length - 1,
  };
}

const pieces = new Pieces();

/**
 * The same, in one pass over the lines' ends: only lines that look like another one are read whole, and characters are
 * counted only if there is a repeated line.
 */
export function measureProseLines(text: string, shortChars: number): ProseLines {
  const newlines = countNewlines(text);
  pieces.clear();
  let terminated = 0;
  let short = 0;
  for (let start = 0; start <= text.length; ) {
    const at = text.indexOf("\n", start);
    const end = at === -1 ? text.length : at;
    if (!isBlank(text, start, end)) {
      if (endsSentence(text, start, end)) terminated++;
      if (isShort(text, start, end, shortChars)) short++;
      pieces.add(text, start, end);
    }
    start = end + 1;
  }
  const { pieces: lines, repeatedChars } = pieces.countRepeats(text);
  return {
    lines,
    terminated,
    short,
    repeatedChars: repeatedChars === 0 ? 0 : repeatedChars / (countCodePoints(text) - newlines),
    newlines,
  };
}

function countNewlines(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

function isShort(text: string, start: number, end: number, shortChars: number): boolean {
  const units = end - start;
  if (units <= shortChars) return true;
  return units <= 2 * shortChars && countCodePoints(text, start, end) <= shortChars;
}
