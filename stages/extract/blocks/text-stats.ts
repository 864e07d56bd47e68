import type { BlockPage } from "./block-page.ts";
import { KINDS, LETTERS, NO_WORD, nextHash, UnitKind, wordHash } from "./unit-kinds.ts";

/** What can be counted in blocks of text in one look at each unit; one column a measure. */
export interface TextStats {
  readonly words: Int32Array;
  readonly commas: Int32Array;
  readonly sentences: Int32Array;
  readonly digits: Int32Array;
  readonly capitals: Int32Array;
  /** Signs that menus and legal lines have: | © » › → and the like. */
  readonly signs: Int32Array;
  readonly lineEnds: Int32Array;
  /** Characters of scripts that do not part words. */
  readonly wide: Int32Array;
  /** Whether a block ends as sentences do. */
  readonly isEnded: Uint8Array;
  /** What a block begins with; see `FirstUnit`. */
  readonly firstUnits: Uint8Array;
  /** Words that the page's title has. */
  readonly titleWords: Int32Array;
  /** Words of menus, legal lines and calls to subscribe. */
  readonly serviceWords: Int32Array;
  /** Blocks of the page with the same text, this one included. */
  readonly repeats: Int32Array;
}

export const FirstUnit = { other: 0, capital: 1, small: 2, digit: 3, beyondAscii: 4 } as const;

/** English, like most pages; others have the rest of the measures. */
const SERVICE_WORDS = [
  ..."account ad ads advertisement advertise agree all archives back cart categories category click close comment".split(
    " ",
  ),
  ..."comments contact continue cookie cookies copyright disclaimer download email expand facebook faq feedback".split(
    " ",
  ),
  ..."follow help home instagram join leave like linkedin links load log login menu more navigation newsletter".split(
    " ",
  ),
  ..."next older page password pinterest policy popular posts powered preferences previous print privacy read".split(
    " ",
  ),
  ..."recent recommended register related reply report reserved rights rss save search settings share show sign".split(
    " ",
  ),
  ..."signup sitemap skip sponsored subscribe tags terms theme toggle top topics trending tweet twitter view whatsapp".split(
    " ",
  ),
];
const SERVICE = new Set(SERVICE_WORDS.map(wordHash));

export function textStats(page: BlockPage): TextStats {
  const { count, units, starts, ends } = page;
  const column = () => new Int32Array(count);
  const [words, commas, sentences, digits, capitals] = [column(), column(), column(), column(), column()];
  const [signs, lineEnds, wide, titleWords, serviceWords] = [column(), column(), column(), column(), column()];
  const isEnded = new Uint8Array(count);
  const firstUnits = new Uint8Array(count);
  const hashes = column();
  const title = new Set(`${page.facts.title} ${page.facts.headline}`.split(/[^\p{L}\p{N}]+/u).map(wordHash));
  title.delete(NO_WORD);
  for (let block = 0; block < count; block++) {
    const start = starts[block]!;
    const end = ends[block]!;
    let isInWord = false;
    let hash = NO_WORD;
    let textHash = end - start;
    for (let at = start; at <= end; at++) {
      // What is behind a block (a line end, or anything) is no part of it: its last word ends there.
      const unit = at < end ? units[at]! : 0x20;
      const letter = LETTERS[unit]!;
      if (letter !== 0) hash = nextHash(hash, letter);
      else if (hash !== NO_WORD) {
        if (title.has(hash)) titleWords[block]!++;
        if (SERVICE.has(hash)) serviceWords[block]!++;
        hash = NO_WORD;
      }
      if (at === end) break;
      textHash = Math.imul(textHash ^ unit, 0x01000193);
      if (unit <= 0x20) {
        isInWord = false;
        if (unit === 0x0a) lineEnds[block]!++;
        continue;
      }
      if (!isInWord) words[block]!++;
      isInWord = true;
      const kind = KINDS[unit]!;
      if (kind === UnitKind.other) continue;
      if (kind === UnitKind.digit) digits[block]!++;
      else if (kind === UnitKind.capital) capitals[block]!++;
      else if (kind === UnitKind.comma) commas[block]!++;
      else if (kind === UnitKind.sign) signs[block]!++;
      else if (kind === UnitKind.wide) wide[block]!++;
      else if (kind === UnitKind.stop || kind === UnitKind.wideStop) {
        const next = at + 1 < end ? units[at + 1]! : 0x20;
        if (kind === UnitKind.wideStop || next <= 0x20 || next === 0x22 || next === 0x201d) sentences[block]!++;
      }
    }
    hashes[block] = textHash;
    isEnded[block] = endsAsSentence(units, start, end) ? 1 : 0;
    firstUnits[block] = firstUnit(units[start]!);
  }
  return {
    ...{ words, commas, sentences, digits, capitals, signs, lineEnds, wide, isEnded, firstUnits },
    ...{ titleWords, serviceWords, repeats: repeatsOf(hashes) },
  };
}

/** How many blocks have each block's hash. */
function repeatsOf(hashes: Int32Array): Int32Array {
  const counts = new Map<number, number>();
  for (const hash of hashes) counts.set(hash, (counts.get(hash) ?? 0) + 1);
  return hashes.map((hash) => counts.get(hash)!);
}

/** A full stop or the like, and behind it quotes and brackets only. */
function endsAsSentence(units: Uint16Array, start: number, end: number): boolean {
  for (let at = end - 1; at >= Math.max(start, end - 4); at--) {
    const kind = KINDS[units[at]!]!;
    if (kind === UnitKind.stop || kind === UnitKind.wideStop || units[at] === 0x3a) return true;
    if (!CLOSING.has(units[at]!)) return false;
  }
  return false;
}

const CLOSING = new Set([..."\"'”’»)]"].map((character) => character.charCodeAt(0)));

function firstUnit(unit: number): number {
  if (unit >= 0x41 && unit <= 0x5a) return FirstUnit.capital;
  if (unit >= 0x61 && unit <= 0x7a) return FirstUnit.small;
  if (unit >= 0x30 && unit <= 0x39) return FirstUnit.digit;
  return unit >= 0x80 ? FirstUnit.beyondAscii : FirstUnit.other;
}
