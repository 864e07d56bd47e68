/** What single UTF-16 units of a text count as, by table. */

export const UnitKind = {
  other: 0,
  digit: 1,
  capital: 2,
  comma: 3,
  /** Signs that menus and legal lines have. */
  sign: 4,
  /** Ends a sentence where a space follows. */
  stop: 5,
  /** Ends a sentence. */
  wideStop: 6,
  /** Of a script that does not part words. */
  wide: 7,
} as const;

/** `UnitKind` of each unit. */
export const KINDS = new Uint8Array(1 << 16);
KINDS.fill(UnitKind.wide, 0x0e00, 0x0e80);
KINDS.fill(UnitKind.wide, 0x3040, 0xa000);
KINDS.fill(UnitKind.digit, 0x30, 0x3a);
KINDS.fill(UnitKind.capital, 0x41, 0x5b);
KINDS.fill(UnitKind.capital, 0xc0, 0xd7);
KINDS.fill(UnitKind.capital, 0xd8, 0xdf);
KINDS.fill(UnitKind.capital, 0x410, 0x430);
for (const [kind, characters] of [
  [UnitKind.comma, ",;、，；،"],
  [UnitKind.sign, "|©®»›«‹→←•·▶▼✕×"],
  [UnitKind.stop, ".!?…"],
  [UnitKind.wideStop, "。！？"],
] as const) {
  for (const character of characters) KINDS[character.charCodeAt(0)] = kind;
}

/** Letters and digits, in lower case where they are ASCII; 0 for what parts words. */
export const LETTERS = new Uint16Array(1 << 16);
for (let unit = 0x80; unit < 1 << 16; unit++) if (!isPunctuation(unit)) LETTERS[unit] = unit;
for (const character of "abcdefghijklmnopqrstuvwxyz0123456789") {
  LETTERS[character.charCodeAt(0)] = character.charCodeAt(0);
  LETTERS[character.toUpperCase().charCodeAt(0)] = character.charCodeAt(0);
}

/** Beyond ASCII: signs of Latin-1 that are no letters, punctuation, arrows and shapes, ideographic and full-width punctuation. */
function isPunctuation(unit: number): boolean {
  return (
    (unit < 0xc0 && unit !== 0xaa && unit !== 0xb5 && unit !== 0xba) ||
    unit === 0xd7 ||
    unit === 0xf7 ||
    (unit >= 0x2000 && unit < 0x2c00) ||
    (unit >= 0x3000 && unit < 0x3040) ||
    (unit >= 0xff00 && unit < 0xff10)
  );
}

/** The hash of no letters. */
export const NO_WORD = 0;

/** The hash of a word and one more of its `LETTERS`. (The constant keeps a word that has begun from hashing to none.) */
export function nextHash(hash: number, letter: number): number {
  return Math.imul(hash ^ letter, 0x01000193) ^ 0x2f0b4c47;
}

export function wordHash(word: string): number {
  let hash = NO_WORD;
  for (let at = 0; at < word.length; at++) {
    const letter = LETTERS[word.charCodeAt(at)]!;
    if (letter !== 0) hash = nextHash(hash, letter);
  }
  return hash;
}
