/**
 * Where a long text may be cut so that its parts, taken as texts of their own, have the same pieces as the whole: with
 * the three named patterns,
 *
 *     word| next          before a space that follows something visible
 *     line⏎|next          after a line feed between two things that are visible, the second no "/"
 *
 * Why the first: no alternative goes on from a visible character to a space, so a piece ends there. Why the second: it is
 * a line feed's place to end a piece (of its own, or of the punctuation before it), and nothing but a line feed, a
 * carriage return or, in o200k, a slash is taken after it. Pieces do not look behind themselves, so what comes after is
 * cut as ever; and they look ahead only past a run of whitespace, which neither cut has been through: a lone line feed at
 * the end of a text is cut as it is before something visible. Any place inside or after a longer run of whitespace would
 * be wrong, as `\s+(?!\S)` leaves a run's last character to what follows.
 *
 * Text with neither (one line of Chinese, a line of base64) has no such place but its end.
 */
import { PATTERNS, type Pattern } from "./pretokenize.ts";

const LINE_FEED = 0x0a;
const SPACE = 0x20;
const SLASH = 0x2f;

/** Whether safe cuts keep the pieces of this pattern: it is one of the three named ones. */
export function hasSafeCuts(pattern: Pattern): boolean {
  return Object.values(PATTERNS).some(({ source }) => source === pattern.source);
}

/** Whether a text in UTF-8 may be cut before its byte `at`. Where the bytes are not UTF-8, it may not. */
export function isSafeCut(text: Uint8Array, at: number): boolean {
  if (text[at] === SPACE) return isVisibleBefore(text, at);
  return text[at - 1] === LINE_FEED && text[at] !== SLASH && isVisibleAt(text, at) && isVisibleBefore(text, at - 1);
}

/** The last place of [from, to] where the text may be cut, or -1. */
export function lastSafeCut(text: Uint8Array, from: number, to: number): number {
  for (let at = to; at >= from; at--) if (isSafeCut(text, at)) return at;
  return -1;
}

/**
 * Cuts a text into parts of about `targetBytes`, the last whatever is left: the places between them, ascending. A part
 * without a safe place is longer.
 */
export function safeCuts(text: Uint8Array, targetBytes: number): number[] {
  const cuts: number[] = [];
  for (let at = targetBytes; at < text.length; at++) {
    if (!isSafeCut(text, at)) continue;
    cuts.push(at);
    at += targetBytes - 1;
  }
  return cuts;
}

/** Whether the character that ends before `at` is well-formed and no whitespace or control. */
function isVisibleBefore(text: Uint8Array, at: number): boolean {
  if (at <= 0) return false;
  if (text[at - 1]! < 0x80) return isVisibleAscii(text[at - 1]!);
  let lead = at - 1;
  while (lead > 0 && at - lead < 4 && isContinuation(text[lead]!)) lead--;
  return visibleLength(text, lead) === at - lead;
}

/** Whether a well-formed character begins at `at` that is no whitespace or control. */
function isVisibleAt(text: Uint8Array, at: number): boolean {
  return at < text.length && (text[at]! < 0x80 ? isVisibleAscii(text[at]!) : visibleLength(text, at) > 0);
}

function isVisibleAscii(byte: number): boolean {
  return byte > SPACE && byte < 0x7f;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** Length of the character at `at`; 0 if it is ASCII, not whole, not UTF-8, or in a block that has whitespace. */
function visibleLength(text: Uint8Array, at: number): number {
  const lead = text[at]!;
  const length = lead < 0xc3 || lead > 0xf3 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  for (let n = 1; n < length; n++) if (at + n >= text.length || !isContinuation(text[at + n]!)) return 0;
  const second = text[at + 1]!;
  // Overlong forms and surrogates are not UTF-8.
  if ((lead === 0xe0 && second < 0xa0) || (lead === 0xed && second > 0x9f) || (lead === 0xf0 && second < 0x90))
    return 0;
  return mayBeWhitespace(lead, second, text[at + 2]!) ? 0 : length;
}

/** Blocks of 64 with whitespace above U+00BF: U+1680; U+2000 to U+205F; of U+3000 only itself (White_Space, Unicode 17). */
function mayBeWhitespace(lead: number, second: number, third: number): boolean {
  if (lead === 0xe1) return second === 0x9a;
  if (lead === 0xe2) return second <= 0x81;
  return lead === 0xe3 && second === 0x80 && third === 0x80;
}
