/**
 * Words as contamination is judged by: neither case, punctuation nor white space make a difference (Brown et al. 2020, GPT-3,
 * appendix C; lm-evaluation-harness 4e7e0d4, decontamination/janitor.py, whose ASCII rules are here Unicode's).
 *
 *     text ─ NFKC, lower-case ─▶ letters, marks, numbers and white space alone ─ cut at white space ─▶ words ─ 64-bit hash
 *
 * In scripts written without spaces every character is a word. `normalizedWords` is the definition; `WordHasher` makes no
 * strings.
 *
 * What becomes of punctuation inside of a word is a choice (`Punctuation`). In GPT-3's words it `joins`: "well-known" is "wellknown", and
 * `{"question":"Find` one word. Where it `parts`, as in datatrove's (utils/text.py, simplify_text), these are two words and
 * two; apostrophes and invisible characters join all the same: "don't" is "dont".
 */
import { mix32 } from "../mix.ts";
import { withRoom } from "./growable.ts";

/** What becomes of punctuation inside of a word. */
export type Punctuation = "joins" | "parts";

const NO_SPACES = ["Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar"];
const ALONE = new RegExp(`[${NO_SPACES.map((script) => `\\p{Script=${script}}`).join("")}]`, "gu");
const NO_WORD = /[^\p{L}\p{M}\p{N}\s]/gu;
/** What parts no words: apostrophes, as typed and as printed, and what has no width (soft hyphens, joiners). */
const WITHIN = /['\u2018\u2019\p{Cf}]/gu;

export function normalizedWords(text: string, punctuation: Punctuation = "joins"): string[] {
  const joined = punctuation === "joins" ? normalize(text).replace(NO_WORD, "") : partedAtMarks(normalize(text));
  const normal = joined.replace(ALONE, " $& ").trim();
  return normal === "" ? [] : normal.split(/\s+/u);
}

function partedAtMarks(text: string): string {
  return text.replace(WITHIN, (mark) => (/\s/u.test(mark) ? mark : "")).replace(NO_WORD, " ");
}

function normalize(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}

/** A byte order mark is white space, but what is a word's last sigma is looked for behind it. */
const BREAK = new RegExp(
  `[\\s--\\ufeff]|[[${NO_SPACES.map((script) => `\\p{Script=${script}}`).join("")}]&&\\p{Lo}]`,
  "gv",
);

/**
 * The first place from `from` on at which a text may be cut, so that the words of the parts are the words of the whole: before
 * white space, or a letter that is a word by itself. (A mark would join what stands before it.) The text's end, if there is none.
 */
export function wordBreak(text: string, from: number): number {
  // From between the halves of a pair the search would step back.
  BREAK.lastIndex = text.codePointAt(from - 1)! > 0xffff ? from + 1 : from;
  return BREAK.exec(text)?.index ?? text.length;
}

const Class = { dropped: 0, word: 1, space: 2, alone: 3, surrogate: 4 } as const;

function classOf(character: string, punctuation: Punctuation): number {
  if (/\s/u.test(character)) return Class.space;
  if (character.replace(NO_WORD, "") === "") {
    return punctuation === "joins" || character.replace(WITHIN, "") === "" ? Class.dropped : Class.space;
  }
  return character.replace(ALONE, "") === "" ? Class.alone : Class.word;
}

const tables = new Map<Punctuation, Uint8Array>();

/** Of every UTF-16 code unit. */
function classTable(punctuation: Punctuation): Uint8Array {
  const known = tables.get(punctuation);
  if (known !== undefined) return known;
  const table = new Uint8Array(1 << 16);
  for (let unit = 0; unit < table.length; unit++) {
    table[unit] = (unit & 0xf800) === 0xd800 ? Class.surrogate : classOf(String.fromCharCode(unit), punctuation);
  }
  tables.set(punctuation, table);
  return table;
}

const LOW = 0x9e3779b1;
const HIGH = 0x85ebca77;

/** Hashes of a text's words in two halves, in arrays that are used again: valid until the next text. */
export class WordHasher {
  low = new Uint32Array(1 << 12);
  high = new Uint32Array(1 << 12);
  count = 0;
  readonly #punctuation: Punctuation;
  readonly #classes: Uint8Array;

  constructor(punctuation: Punctuation = "joins") {
    this.#punctuation = punctuation;
    this.#classes = classTable(punctuation);
  }

  /** `carried` is how many of the last words stay before those of this text, which then goes on where the last one ended. */
  read(text: string, carried = 0): void {
    const normal = normalize(text);
    let { low, high } = this;
    low.copyWithin(0, this.count - carried, this.count);
    high.copyWithin(0, this.count - carried, this.count);
    const punctuation = this.#punctuation;
    const classes = this.#classes;
    let count = carried;
    let a = 0;
    let b = 0;
    let inWord = false;
    const end = (): void => {
      if (count === low.length) {
        this.low = withRoom(low, count + 1);
        this.high = withRoom(high, count + 1);
        ({ low, high } = this);
      }
      low[count] = mix32(a);
      high[count++] = mix32(b);
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
        const isPair = codePoint > 0xffff;
        kind = classOf(String.fromCodePoint(codePoint), punctuation);
        if (isPair) second = normal.charCodeAt(++i);
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
}
