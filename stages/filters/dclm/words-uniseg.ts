import { withRoom } from "../../../pipeline/text/growable.ts";
import { type CutChunk, renewed, WordCutter } from "../../../pipeline/text/word-cutter.ts";
import type { Words } from "../../../pipeline/text/words.ts";
import { UAX29_SPACE } from "../../../pipeline/text/words-uax29.ts";
import { Character, classesOf } from "./python-classes.ts";

const wordCutter = renewed(() => new WordCutter(chunkCutter(isWord), UAX29_SPACE));
const tokenCutter = renewed(() => new WordCutter(chunkCutter(isToken), WHITE_SPACE));

/**
 * Words as DCLM counts runs of them (mlfoundations/dclm 361714b, core_utils.py: `split_words` with `uniseg`, punctuation
 * ignored): the segments of UAX #29's default rules that begin with an alphanumeric character.
 *
 * `cutUnicodeWords` has ICU's words, which differ: here a colon holds letters together ("a:b"), "²" and "½" are words,
 * "_a" is none, and scripts without spaces are cut at every character instead of by a dictionary.
 */
export function cutUnisegWords(text: string): Words {
  return wordCutter().words(text);
}

/**
 * Every segment of UAX #29's default rules that is not white space alone, punctuation included: the tokens of DCLM's BFF
 * (mlfoundations/dclm 361714b, dedup/bff/src/main.rs, `tokenize`). White space before a mark that it carries is left out.
 */
export function cutUnisegTokens(text: string): Words {
  return tokenCutter().words(text);
}

/** Unicode's White_Space but for U+202F, which holds words together: Rust does not have \x1c to \x1f in it, as Python has. */
const WHITE_SPACE = UAX29_SPACE.slice().fill(0, 0x1c, 0x20);

/** The property Word_Break (UAX #29, table 3), as far as words in a run without white space need it. */
const Break = {
  other: 0,
  letter: 1,
  hebrew: 2,
  numeric: 4,
  katakana: 8,
  connector: 16,
  midLetter: 32,
  midNumber: 64,
  midBoth: 128,
  singleQuote: 256,
  doubleQuote: 512,
  mark: 1024,
  regional: 2048,
  /** A pictograph behind a zero width joiner. */
  held: 4096,
} as const;

const LETTER = Break.letter | Break.hebrew;
const MID_WORD = Break.midLetter | Break.midBoth | Break.singleQuote;
const MID_NUMBER = Break.midNumber | Break.midBoth | Break.singleQuote;
const CONNECTED = LETTER | Break.numeric | Break.katakana;

const PROPERTIES: readonly (readonly [property: number, characters: RegExp])[] = [
  [Break.singleQuote, /'/],
  [Break.doubleQuote, /"/],
  [Break.midLetter, /[:\xb7\u0387\u055f\u05f4\u2027\ufe13\ufe55\uff1a]/],
  [Break.midNumber, /[,;\u037e\u0589\u060c\u060d\u066c\u07f8\u2044\ufe10\ufe14\ufe50\ufe54\uff0c\uff1b]/],
  [Break.midBoth, /[.\u2018\u2019\u2024\ufe52\uff07\uff0e]/],
  [Break.connector, /[\p{Pc}\u202f]/u],
  [Break.numeric, /[\p{Nd}\u066b\u0600-\u0605\u06dd\u0890\u0891\u08e2\u{110bd}\u{110cd}]/u],
  [Break.letter, /\u070f/],
  [Break.other, /\u200b/],
  [Break.mark, /[\p{M}\p{Grapheme_Extend}\p{Emoji_Modifier}\p{Cf}]/u],
  [Break.regional, /\p{Regional_Indicator}/u],
  [Break.katakana, /[\p{sc=Kana}\u3031-\u3035\u309b\u309c\u30a0\u30fc\uff70]/u],
  [Break.hebrew, /(?=\p{Lo})\p{sc=Hebr}/u],
  [
    Break.other,
    /[\p{Ideographic}\p{sc=Hira}]|(?=\p{L})[\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}\p{sc=Tale}\p{sc=Talu}\p{sc=Lana}\p{sc=Tavt}\p{sc=Ahom}]/u,
  ],
  [
    Break.letter,
    /[\p{Alphabetic}\u02c2-\u02c5\u02d2-\u02d7\u02de\u02df\u02e5-\u02eb\u02ed\u02ef-\u02ff\u055a-\u055c\u055e\u058a\u05f3\ua708-\ua716\ua720\ua721\ua789\ua78a\uab5b]/u,
  ],
];

const propertyOfKnown = new Map<number, number>();

function propertyOf(codePoint: number): number {
  let property = propertyOfKnown.get(codePoint);
  if (property === undefined) {
    const character = String.fromCodePoint(codePoint);
    property = PROPERTIES.find(([, characters]) => characters.test(character))?.[0] ?? Break.other;
    propertyOfKnown.set(codePoint, property);
  }
  return property;
}

const ZWJ = 0x200d;
const PICTOGRAPH = /^\p{Extended_Pictographic}/u;

/** The chunk at hand as characters with the marks behind each, which rule WB4 makes one: where each ends, and its property. */
let ends = new Int32Array(1 << 8);
let properties = new Uint16Array(1 << 8);
let count = 0;
/** Buffers longer than this are given back after use: one huge page must not pin its memory. */
const MAX_KEPT = 1 << 16;

function readChunk(text: string, start: number, end: number): void {
  ends = withRoom(ends, end - start);
  properties = withRoom(properties, end - start);
  count = 0;
  for (let i = start; i < end; ) {
    const codePoint = text.codePointAt(i)!;
    const next = i + (codePoint > 0xffff ? 2 : 1);
    const property = propertyOf(codePoint);
    const isHeld = count > 0 && text.charCodeAt(i - 1) === ZWJ && PICTOGRAPH.test(text.slice(i, next));
    if (property !== Break.mark || count === 0) properties[count++] = isHeld ? property | Break.held : property;
    ends[count - 1] = next;
    i = next;
  }
}

/** Whether a segment counts, by where it lies and the property of its first character. */
type Wanted = (text: string, start: number, end: number, first: number) => boolean;

const isWord: Wanted = (text, start, _, first) => {
  const isAlphanumeric = (classesOf(text.codePointAt(start)!) & Character.alphanumeric) !== 0;
  // Some marks are letters (U+FF9E); one that opens a chunk belongs to the space before it.
  return isAlphanumeric && first !== Break.mark;
};

const isToken: Wanted = (text, start, end) => {
  let i = start;
  while (i < end && text.charCodeAt(i) === NARROW_SPACE) i++;
  return i < end;
};
const NARROW_SPACE = 0x202f;

function chunkCutter(isWanted: Wanted): CutChunk {
  return (text, start, end, spans) => {
    readChunk(text, start, end);
    for (let i = 0, segmentStart = start; i < count; i++) {
      const first = properties[i]!;
      // Regional indicators are held in pairs: WB15 and WB16.
      if (first === Break.regional && i + 1 < count && properties[i + 1] === Break.regional) i++;
      while (i + 1 < count && isJoined(i)) i++;
      if (isWanted(text, segmentStart, ends[i]!, first)) spans.push(segmentStart, ends[i]!);
      segmentStart = ends[i]!;
    }
    if (ends.length > MAX_KEPT) {
      ends = new Int32Array(1 << 8);
      properties = new Uint16Array(1 << 8);
    }
  };
}

/** Whether no rule parts character `i` of the chunk from the next: WB3c, and WB5 to WB13b. */
function isJoined(i: number): boolean {
  const a = properties[i]!;
  const b = properties[i + 1]!;
  if (is(b, Break.held)) return true;
  if (is(a, LETTER | Break.numeric) && is(b, LETTER | Break.numeric)) return true;
  const before = i > 0 ? properties[i - 1]! : Break.other;
  const after = i + 2 < count ? properties[i + 2]! : Break.other;
  if (is(a, LETTER) && is(b, MID_WORD) && is(after, LETTER)) return true;
  if (is(before, LETTER) && is(a, MID_WORD) && is(b, LETTER)) return true;
  if (is(a, Break.hebrew) && is(b, Break.singleQuote)) return true;
  if (is(a, Break.hebrew) && is(b, Break.doubleQuote) && is(after, Break.hebrew)) return true;
  if (is(before, Break.hebrew) && is(a, Break.doubleQuote) && is(b, Break.hebrew)) return true;
  if (is(a, Break.numeric) && is(b, MID_NUMBER) && is(after, Break.numeric)) return true;
  if (is(before, Break.numeric) && is(a, MID_NUMBER) && is(b, Break.numeric)) return true;
  if (is(a, Break.katakana) && is(b, Break.katakana)) return true;
  if (is(a, CONNECTED | Break.connector) && is(b, Break.connector)) return true;
  return is(a, Break.connector) && is(b, CONNECTED);
}

function is(property: number, set: number): boolean {
  return (property & set) !== 0;
}
