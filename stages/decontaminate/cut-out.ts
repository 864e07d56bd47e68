/** Takes passages out of a text. */
import type { Span } from "./spans.ts";

/** What the parts that stay are joined by: none of them went on in the next. */
const SEAM = "\n\n";
/** How far a cut is moved, so that it parts no word. */
const LONGEST_WORD = 40;

export interface CutText {
  readonly text: string;
  /** Passages whose surroundings touch are one. */
  readonly cuts: number;
}

/**
 * The text without these passages, which are in ascending order, what stands within `around` UTF-16 units of them, the rest of
 * a word that this would part, and white space beside it.
 */
export function cutOut(text: string, passages: readonly Span[], around: number): CutText {
  const parts: string[] = [];
  let cuts = 0;
  let from = 0;
  for (const { start, end } of passages) {
    const first = wordStart(text, Math.max(0, start - around));
    if (cuts === 0 || first > from) {
      parts.push(text.slice(from, first));
      cuts++;
    }
    from = Math.max(from, wordEnd(text, Math.min(text.length, end + around)));
  }
  parts.push(text.slice(from));
  const left = cuts === 0 ? parts : parts.map((part) => part.trim()).filter((part) => part !== "");
  return { text: left.join(SEAM), cuts };
}

function wordStart(text: string, at: number): number {
  if (at < text.length && isSpace(text, at)) return at;
  for (let i = at; i > at - LONGEST_WORD; i--) if (i === 0 || isSpace(text, i - 1)) return i;
  return isInPair(text, at) ? at - 1 : at;
}

function wordEnd(text: string, at: number): number {
  if (at > 0 && isSpace(text, at - 1)) return at;
  for (let i = at; i < at + LONGEST_WORD; i++) if (i === text.length || isSpace(text, i)) return i;
  return isInPair(text, at) ? at + 1 : at;
}

function isSpace(text: string, at: number): boolean {
  return /\s/.test(text[at]!);
}

/** Between the halves of a pair. */
function isInPair(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xdc00 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800;
}
