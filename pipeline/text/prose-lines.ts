/**
 * What FineWeb's own filter asks of a page's lines, as datatrove reads them (huggingface/datatrove a649de7,
 * filters/fineweb_quality_filter.py): lines lie between "\n", untrimmed, and blank ones do not count.
 */
import { endsSentence } from "./punctuation.ts";
import { countCodePoints, isSpace, skipSpace, strip } from "./python-text.ts";
import { countRepeatsPlainly } from "./repeats.ts";
import { SpanTable } from "./span-table.ts";

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

/** Units that are looked at in each line to tell whether it may be equal to another: as many as this, and its length. */
const SAMPLES = 8;

/**
 * The same, in one pass over the lines' ends: only lines that look like another one are read whole, and characters are
 * counted only if there is a repeated line.
 */
export function measureProseLines(text: string, shortChars: number): ProseLines {
  const newlines = countNewlines(text);
  // Where each line that counts begins and ends, and its sample.
  const bounds = new Int32Array(2 * (newlines + 1));
  const samples = new Int32Array(newlines + 1);
  let lines = 0;
  let terminated = 0;
  let short = 0;
  for (let start = 0; start <= text.length; ) {
    const at = text.indexOf("\n", start);
    const end = at === -1 ? text.length : at;
    if (!isBlank(text, start, end)) {
      if (endsSentence(text, start, end)) terminated++;
      if (isShort(text, start, end, shortChars)) short++;
      bounds[2 * lines] = start;
      bounds[2 * lines + 1] = end;
      samples[lines++] = sample(text, start, end);
    }
    start = end + 1;
  }
  const repeated = repeatedChars(text, bounds, samples, lines);
  return {
    lines,
    terminated,
    short,
    repeatedChars: repeated === 0 ? 0 : repeated / (countCodePoints(text) - newlines),
    newlines,
  };
}

function countNewlines(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

function isBlank(text: string, start: number, end: number): boolean {
  return start === end || (isSpace(text.charCodeAt(start)) && skipSpace(text, start, end) === end);
}

function isShort(text: string, start: number, end: number, shortChars: number): boolean {
  const units = end - start;
  if (units <= shortChars) return true;
  return units <= 2 * shortChars && countCodePoints(text, start, end) <= shortChars;
}

function sample(text: string, start: number, end: number): number {
  const units = end - start;
  let hash = units;
  const step = Math.max(1, units / SAMPLES);
  for (let at = 0; at < units; at += step) hash = Math.imul(hash, 0x01000193) ^ text.charCodeAt(start + Math.floor(at));
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
}

/** Code points in lines equal to an earlier one. A line can only be that if its sample occurs twice. */
function repeatedChars(text: string, bounds: Int32Array, samples: Int32Array, lines: number): number {
  // An open-addressed table of samples: one more than the number of the first line that has it, or 0.
  const slots = new Int32Array(2 << (32 - Math.clz32(lines)));
  const isShared = new Uint8Array(slots.length);
  const mask = slots.length - 1;
  const slotOf = (value: number): number => {
    let slot = value & mask;
    while (slots[slot] !== 0 && samples[slots[slot]! - 1] !== value) slot = (slot + 1) & mask;
    return slot;
  };
  let shared = 0;
  for (let line = 0; line < lines; line++) {
    const slot = slotOf(samples[line]!);
    if (slots[slot] === 0) slots[slot] = line + 1;
    else {
      isShared[slot] = 1;
      shared++;
    }
  }
  if (shared === 0) return 0;
  const seen = new SpanTable();
  let repeated = 0;
  for (let line = 0; line < lines; line++) {
    if (isShared[slotOf(samples[line]!)] === 0) continue;
    const start = bounds[2 * line]!;
    const end = bounds[2 * line + 1]!;
    const before = seen.size;
    if (seen.intern(text, start, end) < before) repeated += countCodePoints(text, start, end);
  }
  return repeated;
}
