/**
 * Words as contamination is judged by: neither case, punctuation nor white space make a difference (Brown et al. 2020, GPT-3,
 * appendix C; lm-evaluation-harness 4e7e0d4, decontamination/janitor.py, whose ASCII rules are here Unicode's).
 *
 *     text ─ NFKC, lower-case ─▶ letters, marks, numbers and white space alone ─ cut at white space ─▶ words ─ 64-bit hash
 *
 * In scripts written without spaces every character is a word. `normalizedWords` is the definition; `WordHasher` makes no
 * strings.
 */

const NO_SPACES = ["Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar"];
const ALONE = new RegExp(`[${NO_SPACES.map((script) => `\\p{Script=${script}}`).join("")}]`, "gu");
const NO_WORD = /[^\p{L}\p{M}\p{N}\s]/gu;

export function normalizedWords(text: string): string[] {
  const normal = normalize(text).replace(NO_WORD, "").replace(ALONE, " $& ").trim();
  return normal === "" ? [] : normal.split(/\s+/u);
}

function normalize(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}

const Class = { dropped: 0, word: 1, space: 2, alone: 3, surrogate: 4 } as const;

function classOf(character: string): number {
  if (/\s/u.test(character)) return Class.space;
  if (character.replace(NO_WORD, "") === "") return Class.dropped;
  return character.replace(ALONE, "") === "" ? Class.alone : Class.word;
}

let table: Uint8Array | undefined;

/** Of every UTF-16 code unit. */
function classTable(): Uint8Array {
  if (table !== undefined) return table;
  table = new Uint8Array(1 << 16);
  for (let unit = 0; unit < table.length; unit++) {
    table[unit] = (unit & 0xf800) === 0xd800 ? Class.surrogate : classOf(String.fromCharCode(unit));
  }
  return table;
}

const LOW = 0x9e3779b1;
const HIGH = 0x85ebca77;

/** Hashes of a text's words in two halves, in arrays that are used again: valid until the next text. */
export class WordHasher {
  low = new Uint32Array(1 << 12);
  high = new Uint32Array(1 << 12);
  count = 0;
  readonly #classes = classTable();

  read(text: string): void {
    const normal = normalize(text);
    this.#reserve(normal.length);
    const { low, high } = this;
    const classes = this.#classes;
    let count = 0;
    let a = 0;
    let b = 0;
    let inWord = false;
    const end = (): void => {
      low[count] = mix(a);
      high[count++] = mix(b);
      a = 0;
      b = 0;
      inWord = false;
    };
    const take = (unit: number): void => {
      a = Math.imul(a ^ unit, LOW);
      a = (a << 15) | (a >>> 17);
      b = Math.imul(b + unit, HIGH);
      b = (b << 13) | (b >>> 19);
      inWord = true;
    };
    for (let i = 0; i < normal.length; i++) {
      const unit = normal.charCodeAt(i);
      let kind = classes[unit]!;
      let second = 0;
      if (kind === Class.surrogate) {
        const codePoint = normal.codePointAt(i)!;
        if (codePoint <= 0xffff) continue; // half a pair
        kind = classOf(String.fromCodePoint(codePoint));
        second = normal.charCodeAt(++i);
      }
      if (kind === Class.dropped) continue;
      if (kind !== Class.word && inWord) end();
      if (kind === Class.space) continue;
      take(unit);
      if (second !== 0) take(second);
      if (kind === Class.alone) end();
    }
    if (inWord) end();
    this.count = count;
  }

  #reserve(words: number): void {
    if (this.low.length >= words) return;
    this.low = new Uint32Array(words);
    this.high = new Uint32Array(words);
  }
}

/** The finaliser of MurmurHash3 (A. Appleby 2011). */
export function mix(value: number): number {
  let h = value ^ (value >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
