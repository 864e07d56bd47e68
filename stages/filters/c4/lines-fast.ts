/**
 * `cleanLines` over the words of the whole page: lines, strings and lower case are made only where a rule needs them.
 *
 *     words   The  cat  sat  .  See  our  privacy  policy  .  {
 *     marks                                        suspect    curly      ← once per kind of word
 *     gaps                    \n                            \n           ← lines end nowhere else
 *
 * No word goes across white space, and every line end is white space, so the words of a line are those of the page that
 * lie in it. Phrases are looked for in lines with a word that their rarest word would show in: no rule of the English
 * tokenizer cuts inside these.
 */

import { countCodePoints, countLineEnds, lineEnd, strip } from "../../../pipeline/text/python-text.ts";
import { Kind, perKind } from "../../../pipeline/text/word-kinds.ts";
import { Words, wordColumns } from "../../../pipeline/text/words.ts";
import { cutEnglishWords } from "../../../pipeline/text/words-english.ts";
import { countEnglishSentences } from "./english-sentences.ts";
import {
  type CleanedLines,
  cleanLines,
  type LineRules,
  noLines,
  passes,
  passesPhrases,
  withoutCitations,
} from "./lines.ts";

const SUSPECT = 1;
const SQUARE_BRACKET = 2;

const marksOf = perKind(marks, isUnmarked);

function marks(word: string): number {
  const lower = word.toLowerCase();
  const isSuspect =
    word.includes("{") ||
    lower.includes("javascript") ||
    lower.startsWith("ipsum") ||
    lower.startsWith("policy") ||
    lower.startsWith("cookies") ||
    lower.endsWith("terms");
  return (isSuspect ? SUSPECT : 0) | (word.includes("[") ? SQUARE_BRACKET : 0);
}

/** Most words are short, of small letters, and none of the above by their first and last one. */
function isUnmarked(flags: number, first: number, last: number, length: number): boolean {
  if ((flags & Kind.plain) === 0 || length >= "javascript".length) return false;
  return first !== I && first !== P && first !== C && last !== S;
}

const I = 0x69;
const P = 0x70;
const C = 0x63;
const S = 0x73;

const LF = 0x0a;
const SPACE = 0x20;

/** The same as `cleanLines(words.text, rules)`, for English words; a page that loses nothing keeps its very text. */
export function cleanLinesFast(words: Words, rules: LineRules): CleanedLines & { readonly words: () => Words } {
  // Blank lines can only stay where neither rule is on, and then they would have to be placed, too.
  if (!rules.filterNoTerminalPunct && rules.minLineWords <= 0) {
    const cleaned = cleanLines(words.text, rules);
    return { ...cleaned, words: () => cutEnglishWords(cleaned.text) };
  }
  return new Cleaner(words, rules).clean();
}

/** Words that stay, from `first` to `last` of `words`, moved by so many UTF-16 units. */
interface Stretch {
  readonly words: Words;
  readonly first: number;
  last: number;
  readonly shift: number;
}

class Cleaner {
  readonly #words: Words;
  readonly #text: string;
  readonly #rules: LineRules;
  readonly #counts = noLines();
  /** Parts of the new text before the stretch of the old one from `#from` to `#to`, which is kept as it is. */
  readonly #parts: string[] = [];
  #from = 0;
  #to = -1;
  readonly #stretches: Stretch[] = [];
  /** UTF-16 units of the new text so far; -1 before its first line. */
  #length = -1;

  constructor(words: Words, rules: LineRules) {
    this.#words = words;
    this.#text = words.text;
    this.#rules = rules;
  }

  clean(): CleanedLines & { readonly words: () => Words } {
    const text = this.#text;
    const { starts, ends, kinds, flags, length } = this.#words;
    const marks = marksOf(this.#words.vocabulary);
    const maxUnits = this.#rules.maxWordChars > 0 ? this.#rules.maxWordChars : Number.MAX_SAFE_INTEGER;

    this.#skipBlankLines(countLineEnds(text, 0, length === 0 ? text.length : starts[0]!));
    let first = 0;
    let chunks = 0;
    let chunkStart = length === 0 ? 0 : starts[0]!;
    let hasLongWord = false;
    let mark = 0;
    for (let i = 0; i < length; i++) {
      const end = ends[i]!;
      const start = starts[i]!;
      if (!isUnmarked(flags[i]!, text.charCodeAt(start), text.charCodeAt(end - 1), end - start))
        mark |= marks[kinds[i]!]!;
      const next = i + 1 < length ? starts[i + 1]! : text.length;
      if (next === end && i + 1 < length) continue;
      chunks++;
      if (end - chunkStart > maxUnits && countCodePoints(text, chunkStart, end) > maxUnits) hasLongWord = true;
      chunkStart = next;
      if (next - end === 1 && i + 1 < length && text.charCodeAt(end) === SPACE) continue;
      const lineEnds = countLineEnds(text, end, next);
      if (lineEnds === 0 && i + 1 < length) continue;
      this.#closeLine(first, i + 1, chunks, hasLongWord, mark);
      this.#skipBlankLines(lineEnds - 1);
      first = i + 1;
      chunks = 0;
      hasLongWord = false;
      mark = 0;
    }
    // What follows the last line end is a line unless it is empty.
    const lastLineEnds = length === 0 || countLineEnds(text, ends[length - 1]!, text.length) > 0;
    if (lastLineEnds && text.length > 0 && lineEnd(text, text.length - 1) === text.length) this.#skipBlankLines(1);
    const newText = this.#newText();
    return {
      text: newText,
      counts: this.#counts,
      words: () => this.#newWords(newText),
    };
  }

  #skipBlankLines(count: number): void {
    if (count <= 0) return;
    this.#counts.lines += count;
    if (this.#rules.filterNoTerminalPunct) this.#counts.unterminatedLines += count;
    else this.#counts.shortLines += count;
  }

  /** Judges the line that the words from `first` to `last` make. */
  #closeLine(first: number, last: number, chunks: number, hasLongWord: boolean, mark: number): void {
    const counts = this.#counts;
    const start = this.#words.starts[first]!;
    const end = this.#words.ends[last - 1]!;
    counts.lines++;
    if (hasLongWord) {
      counts.longWordLines++;
      return;
    }
    if ((mark & SQUARE_BRACKET) !== 0 && this.#rules.removeCitations) {
      const line = this.#text.slice(start, end);
      const cleaned = withoutCitations(line);
      if (cleaned.length !== line.length) {
        this.#closeCleanedLine(cleaned, chunks);
        return;
      }
    }
    if (this.#rules.filterNoTerminalPunct && !isTerminated(this.#text, start, end)) {
      counts.unterminatedLines++;
      return;
    }
    if (chunks < this.#rules.minLineWords) {
      counts.shortLines++;
      return;
    }
    if ((mark & SUSPECT) !== 0 && !passesPhrases(this.#text.slice(start, end), this.#rules, counts)) return;
    counts.keptLines++;
    counts.sentences += countEnglishSentences(this.#words, first, last, end);
    this.#keepWords(this.#words, first, last, start, end);
    if (this.#to >= 0 && start === this.#to + 1 && this.#text.charCodeAt(this.#to) === LF) this.#to = end;
    else {
      this.#flush();
      this.#from = start;
      this.#to = end;
    }
  }

  /** What was taken out may have parted words: such a line is read anew. */
  #closeCleanedLine(line: string, chunks: number): void {
    const counts = this.#counts;
    if (!passes(line, chunks, this.#rules, counts)) return;
    counts.keptLines++;
    const words = cutEnglishWords(line);
    counts.sentences += countEnglishSentences(words);
    this.#keepWords(words, 0, words.length, 0, line.length);
    this.#flush();
    this.#parts.push(line);
  }

  /** Words of the next line of the new text, which lies in theirs from `start` to `end`. */
  #keepWords(words: Words, first: number, last: number, start: number, end: number): void {
    const shift = this.#length + 1 - start;
    this.#length += 1 + end - start;
    const before = this.#stretches.at(-1);
    if (before?.words === words && before.shift === shift && before.last === first) before.last = last;
    else this.#stretches.push({ words, first, last, shift });
  }

  /** The words of the new text: those of the lines that were kept, since no word and no exception goes across a line end. */
  #newWords(text: string): Words {
    const { vocabulary } = this.#words;
    if (text === this.#text) return this.#words;
    if (this.#stretches.some(({ words }) => words.vocabulary !== vocabulary)) return cutEnglishWords(text);
    const length = this.#stretches.reduce((sum, { first, last }) => sum + last - first, 0);
    const columns = wordColumns(length);
    const { starts, ends, kinds, flags } = columns;
    // The whole text was stripped at last: its first word is where the text's first character is.
    let strippedUnits = -1;
    let to = 0;
    for (const { words, first, last, shift } of this.#stretches) {
      if (strippedUnits < 0 && last > first) strippedUnits = words.starts[first]! + shift;
      kinds.set(words.kinds.subarray(first, last), to);
      flags.set(words.flags.subarray(first, last), to);
      for (let i = first; i < last; i++, to++) {
        starts[to] = words.starts[i]! + shift - strippedUnits;
        ends[to] = words.ends[i]! + shift - strippedUnits;
      }
    }
    return new Words(text, columns, vocabulary);
  }

  #flush(): void {
    if (this.#to >= 0) this.#parts.push(this.#text.slice(this.#from, this.#to));
    this.#to = -1;
  }

  #newText(): string {
    if (this.#parts.length === 0 && this.#from === 0 && this.#to === this.#text.length) return this.#text;
    this.#flush();
    return strip(this.#parts.join("\n"));
  }
}

function isTerminated(text: string, start: number, end: number): boolean {
  const last = text.charCodeAt(end - 1);
  if (last === 0x2e) return !(end - start >= 3 && text.startsWith("...", end - 3));
  return last === 0x3f || last === 0x21 || last === 0x22 || last === 0x27;
}
