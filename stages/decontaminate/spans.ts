/** Stretches of a text, by words and by UTF-16 units. */
import { type Punctuation, WordHasher, wordBreak } from "../../pipeline/text/word-hashes.ts";

/** From `start` up to `end`: words of a page, or UTF-16 units of its text. */
export interface Span {
  start: number;
  end: number;
}

/** Adds a span to those before it, of which it begins no earlier than the last: joins what touches. */
export function addSpan(spans: Span[], start: number, end: number): void {
  const last = spans.at(-1);
  if (last === undefined || start > last.end) spans.push({ start, end });
  else last.end = Math.max(last.end, end);
}

/** In ascending order, and joined where they touch. */
export function mergeSpans(spans: readonly Span[]): Span[] {
  const merged: Span[] = [];
  for (const { start, end } of [...spans].sort((a, b) => a.start - b.start)) addSpan(merged, start, end);
  return merged;
}

/** Stretches in which no span begins or ends are not looked at more closely. */
const STRETCH_UNITS = 2048;

/** Where spans of words, ascending, lie in the text: from white space to white space. */
export function unitsOf(text: string, spans: readonly Span[], punctuation: Punctuation): Span[] {
  const units: Span[] = [];
  const words = new WordHasher(punctuation);
  let n = 0;
  let start = -1;
  let counted = 0;
  let closeUntil = 0;
  for (let at = 0; at < text.length && n < spans.length; ) {
    const isClose = at < closeUntil;
    const next = wordBreak(text, at + (isClose ? 1 : STRETCH_UNITS));
    words.read(text.slice(at, next));
    const sought = start < 0 ? spans[n]!.start + 1 : spans[n]!.end;
    if (!isClose && counted + words.count >= sought) {
      closeUntil = next;
      continue;
    }
    counted += words.count;
    // What stands between white space may end one span and begin the next.
    while (n < spans.length) {
      if (start < 0 && counted > spans[n]!.start) start = /\s/.test(text[at]!) ? at + 1 : at;
      if (start < 0 || counted < spans[n]!.end) break;
      units.push({ start, end: next });
      start = -1;
      n++;
    }
    at = next;
  }
  return units;
}
