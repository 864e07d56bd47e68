/** Short texts that look for trouble: each is drawn from a seed, and made of one kind of trouble or a mixture. */
import { hostileText, randomCodePoints } from "./hostile.ts";

export const MAX_FUZZ_CHARACTERS = 200;

type Random = () => number;

/** An inclusive range of code points. */
type Range = readonly [first: number, last: number];

/** Where classes change, and where tables are likely to be wrong. */
const RANGES: readonly Range[] = [
  [0x00, 0x1f], // controls: six of them are whitespace
  [0x20, 0x7e],
  [0x7f, 0xa0], // C1 controls with NEL, no-break space
  [0xa1, 0xff], // ª º are letters without case, ² ³ ¹ ¼ ½ ¾ numbers
  [0x100, 0x17f], // Latin Extended-A with ſ
  [0x1c4, 0x1f5], // digraphs, title case among them
  [0x2b0, 0x36f], // modifier letters, combining marks
  [0x370, 0x52f], // Greek, Cyrillic
  [0x531, 0x6ff], // Armenian, Hebrew with points, Arabic with marks and digits
  [0x900, 0x97f], // Devanagari: letters, signs, digits
  [0xe00, 0xe5b], // Thai
  [0x10a0, 0x10ff], // Georgian
  [0x1100, 0x11ff], // Jamo
  [0x13a0, 0x13fd], // Cherokee, whose lower case is elsewhere
  [0x1c80, 0x1cbf], // Cyrillic variants, Georgian capitals
  [0x1d00, 0x1dff], // phonetic letters, more marks
  [0x1680, 0x1680],
  [0x2000, 0x206f], // spaces, joiners, directions
  [0x2070, 0x218b], // superscripts, signs, Kelvin and Angstrom, number forms
  [0x2460, 0x24ff], // circled digits and letters
  [0x2c00, 0x2c7f],
  [0x3000, 0x30ff], // ideographic space, kana
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa640, 0xa7ff], // case pairs outside the usual blocks, letters new in each Unicode version
  [0xac00, 0xd7a3],
  [0xd800, 0xdfff], // alone, each becomes U+FFFD
  [0xf900, 0xfaff],
  [0xfe00, 0xfeff], // variation selectors up to the byte order mark
  [0xff00, 0xffef], // full-width forms
  [0xfff0, 0xffff],
  [0x10330, 0x1034a], // Gothic: numbers among letters
  [0x10400, 0x1044f], // Deseret: case above U+FFFF
  [0x104b0, 0x104fb],
  [0x10d40, 0x10d8f], // Garay, Unicode 16
  [0x16e40, 0x16eff],
  [0x1d400, 0x1d7ff], // mathematical letters and digits
  [0x1e900, 0x1e95f], // Adlam
  [0x1f100, 0x1f1ff], // regional indicators
  [0x1f300, 0x1faff],
  [0x20000, 0x323af],
  [0xe0000, 0xe01ef],
  [0x10fffe, 0x10ffff],
];

/** Decimal zeros; the nine after each are digits too. */
const ZEROS = [0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xbe6, 0xe50, 0x1040, 0x17e0, 0xa8d0, 0xff10, 0x104a0, 0x1d7ce];
const NUMBERS = ["²", "½", "Ⅻ", "①", "〇", "㊿", "\u{10107}", "९", ",", ".", " ", "-", "e", "٬"];
const SPACES = [..." \n\r\t\v\f\u0085\u00a0\u1680\u2000\u2009\u2028\u2029\u202f\u205f\u3000/", "\r\n", "  ", "    "];
const NO_SPACES = [..."\ufeff\u200b\u180e\u2060ax1.'"];
const APOSTROPHES = ["'", "'", "'", "’", "''", "ʼ"];
const CONTRACTED = ["s", "d", "m", "t", "ll", "ve", "re", "ſ", "l", "v", "r", "ſs", "lſ", "st", "tell", "\u212a", "n"];
const EMOJI = [..."😀👩🧑🏽❤☺🇺🇳🇯🏴👨💻3", "\ufe0f", "\u200d", "\u20e3", "\u{e0067}", " "];
const RUN_OF = [
  ..."aZ0 \n\t^.-_='\"/中あ한é\u0301\u0e31\u00a0\u200d😀𝒳\ufffd\ud83d",
  "'s",
  " a",
  "a ",
  "\r\n",
  "ab",
  "<|",
];
const WORDS =
  "the of and I'll don't HTTPServer iPhone naïve Straße façade 中文 word's x1 return function __init__ 2024-05-01 e.g. " +
  "https://example.org/a/b?c=d&e=%20 foo_bar fooBar {}; /* */ // #include <stdio.h> \\n \t <|endoftext| Ünïcödé ﬁn ﷺ";

const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
const below = (random: Random, n: number): number => Math.floor(random() * n);

function repeated(random: Random, maxParts: number, part: () => string): string {
  let text = "";
  for (let n = 1 + below(random, maxParts); n > 0; n--) text += part();
  return text;
}

function inSomeCase(random: Random, word: string): string {
  const style = below(random, 4);
  if (style === 0) return word.toUpperCase();
  if (style === 1) return word.slice(0, 1).toUpperCase() + word.slice(1);
  return style === 2 ? [...word].map((c) => (random() < 0.5 ? c.toUpperCase() : c)).join("") : word;
}

const ALL_WORDS = WORDS.split(" ");

/** Each makes a text of one kind. */
const KINDS: readonly ((random: Random) => string)[] = [
  (random) => hostileText(random, 60),
  (random) => randomCodePoints(random, 1 + below(random, 60)),
  function fewClasses(random) {
    const ranges = [pick(random, RANGES), pick(random, RANGES), pick(random, RANGES)];
    return repeated(random, 60, () => {
      const [first, last] = pick(random, ranges);
      return String.fromCodePoint(first + below(random, last - first + 1));
    });
  },
  (random) => repeated(random, 60, () => String.fromCharCode(below(random, 256))),
  (random) => repeated(random, 40, () => (random() < 0.8 ? pick(random, SPACES) : pick(random, NO_SPACES))),
  function contractions(random) {
    return repeated(random, 12, () => {
      const stem = random() < 0.6 ? inSomeCase(random, pick(random, ["we", "lag", "é", "中", "x1", " it", ""])) : "";
      return stem + pick(random, APOSTROPHES) + inSomeCase(random, pick(random, CONTRACTED));
    });
  },
  function digits(random) {
    const zero = pick(random, ZEROS);
    return repeated(random, 40, () => {
      if (random() < 0.15) return pick(random, NUMBERS);
      return String.fromCodePoint((random() < 0.8 ? zero : pick(random, ZEROS)) + below(random, 10));
    });
  },
  (random) => repeated(random, 25, () => pick(random, EMOJI)),
  (random) => repeated(random, 3, () => pick(random, RUN_OF).repeat(1 + below(random, 70))),
  (random) => repeated(random, 20, () => inSomeCase(random, pick(random, ALL_WORDS)) + (random() < 0.7 ? " " : "")),
];

/**
 * Letters, marks and numbers that came with Unicode 17 (DerivedAge.txt; the ideographs with the gap after them). npm
 * tiktoken 1.0 and tokenizers 0.23 classify by Unicode 16, for which they are none. Measured: no other code point is
 * treated differently.
 */
export const NEW_IN_UNICODE_17: readonly Range[] = [
  [0x88f, 0x88f],
  [0xc5c, 0xc5c],
  [0xcdc, 0xcdc],
  [0x1acf, 0x1add],
  [0x1ae0, 0x1aeb],
  [0xa7ce, 0xa7cf],
  [0xa7d2, 0xa7d2],
  [0xa7d4, 0xa7d4],
  [0xa7f1, 0xa7f1],
  [0x10940, 0x10959],
  [0x10ec5, 0x10ec7],
  [0x10efa, 0x10efb],
  [0x11b60, 0x11b67],
  [0x11db0, 0x11ddb],
  [0x11de0, 0x11de9],
  [0x16ea0, 0x16eb8],
  [0x16ebb, 0x16ed3],
  [0x16ff2, 0x16ff6],
  [0x187f8, 0x187ff],
  [0x18d09, 0x18d1e],
  [0x18d80, 0x18df2],
  [0x1e6c0, 0x1e6de],
  [0x1e6e0, 0x1e6f5],
  [0x1e6fe, 0x1e6ff],
  [0x2b73a, 0x2b73f],
  [0x2cea2, 0x2cead],
  [0x323b0, 0x33479],
];

const isNew = new RegExp(
  `[${NEW_IN_UNICODE_17.map(([first, last]) => `${inClass(first)}-${inClass(last)}`).join("")}]`,
  "gv",
);

function inClass(codePoint: number): string {
  return `\\u{${codePoint.toString(16)}}`;
}

/** A text of 1 to 200 UTF-16 units; a cut at the end may leave half a character, which is one more trouble. */
export function fuzzText(random: Random): string {
  const text =
    random() < 0.5
      ? pick(random, KINDS)(random)
      : repeated(random, 5, () => pick(random, KINDS)(random).slice(0, 1 + below(random, 60)));
  return text.replace(isNew, "").slice(0, MAX_FUZZ_CHARACTERS) || pick(random, RUN_OF);
}

/** Bytes that are mostly not UTF-8: noise, good text with flipped, lost and stray bytes, the known bad sequences. */
export function fuzzBytes(random: Random): Uint8Array {
  const kind = below(random, 3);
  if (kind === 0) return Uint8Array.from({ length: 1 + below(random, 60) }, () => below(random, 256));
  const bytes = [...Buffer.from(fuzzText(random))];
  for (let damages = 1 + below(random, 5); damages > 0; damages--) {
    const at = below(random, bytes.length + 1);
    if (kind === 1) bytes.splice(at, below(random, 3), ...pick(random, BAD_SEQUENCES));
    else bytes.splice(at, 1 + below(random, 2), ...(random() < 0.5 ? [below(random, 256)] : []));
  }
  return Uint8Array.from(bytes);
}

/** Unicode 16, table 3-7: what no UTF-8 text contains. */
const BAD_SEQUENCES: readonly (readonly number[])[] = [
  [0x80],
  [0xbf, 0xbf],
  [0xc0, 0x80],
  [0xc1, 0xbf],
  [0xc3],
  [0xe0, 0x80, 0xaf],
  [0xe2, 0x82],
  [0xed, 0xa0, 0x80],
  [0xed, 0xbf, 0xbf],
  [0xf0, 0x80, 0x80, 0xaf],
  [0xf0, 0x9f, 0x98],
  [0xf4, 0x90, 0x80, 0x80],
  [0xf5, 0x80, 0x80, 0x80],
  [0xf8, 0x88, 0x80, 0x80, 0x80],
  [0xff],
  [0xfe, 0xff],
];
