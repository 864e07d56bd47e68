/**
 * Two texts, line beside line: lines are paired as an edit script of fewest insertions and deletions has them, and in a pair
 * of lines that differ so are the words.
 */
import { type ArrayChange, diffArrays } from "diff";

/** A stretch of a line. */
export interface Segment {
  readonly text: string;
  readonly differs: boolean;
}

export interface LinePair {
  /** Which of the texts have the line: both the same one, both another one, or one of them. */
  readonly kind: "equal" | "changed" | "page" | "twin";
  /** With line ends where it is several lines, and one in the other text. */
  readonly page?: readonly Segment[];
  readonly twin?: readonly Segment[];
}

/** Texts that differ in more lines, or lines in more words, are told as unlike from the first difference to the last. */
const MAX_EDITS = 2000;
/** Lines that are paired by the words in common, page × twin; more are paired in order. */
const MAX_PAIRINGS = 10_000;
/** Lines that are joined with one that was broken in the other text, and characters that they come to. */
const MAX_JOINED = 50;
const MAX_JOINED_CHARS = 20_000;

export function compareTexts(page: string, twin: string): LinePair[] {
  const pairs: LinePair[] = [];
  let [ours, theirs]: [string[], string[]] = [[], []];
  const script = changes(page.split("\n"), twin.split("\n"));
  for (const [i, { value, added, removed }] of script.entries()) {
    // Blank lines are alike anywhere: between lines that differ they say nothing of which belong together.
    const isBetween = i > 0 && i < script.length - 1 && value.every((line) => line.trim() === "");
    if (!added && (removed || isBetween)) ours.push(...value);
    if (!removed && (added || isBetween)) theirs.push(...value);
    if (added || removed || isBetween) continue;
    pairs.push(...pairLines(ours, theirs));
    [ours, theirs] = [[], []];
    for (const line of value) pairs.push({ kind: "equal", page: same(line), twin: same(line) });
  }
  return [...pairs, ...pairLines(ours, theirs)];
}

/** An edit script; deletions come before insertions at the same place. */
function changes(from: string[], to: string[]): Pick<ArrayChange<string>, "value" | "added" | "removed">[] {
  const found = diffArrays(from, to, { maxEditLength: MAX_EDITS });
  if (found !== undefined) return found;
  const most = Math.min(from.length, to.length);
  let start = 0;
  while (start < most && from[start] === to[start]) start++;
  let end = 0;
  while (end < most - start && from.at(-1 - end) === to.at(-1 - end)) end++;
  return [
    { value: from.slice(0, start), added: false, removed: false },
    { value: from.slice(start, from.length - end), added: false, removed: true },
    { value: to.slice(start, to.length - end), added: true, removed: false },
    { value: from.slice(from.length - end), added: false, removed: false },
  ];
}

/** Lines of which none is the same in the other text: those that have most words in common stand beside each other. */
function pairLines(page: readonly string[], twin: readonly string[]): LinePair[] {
  const pairs: LinePair[] = [];
  let p = 0;
  let t = 0;
  const pushUntil = (pageEnd: number, twinEnd: number) => {
    while (p < pageEnd) pairs.push({ kind: "page", page: different(page[p++]!) });
    while (t < twinEnd) pairs.push({ kind: "twin", twin: different(twin[t++]!) });
  };
  const matched = alike(page, twin);
  for (const [n, [i, j]] of matched.entries()) {
    const [nextI, nextJ] = matched[n + 1] ?? [page.length, twin.length];
    const [ours, theirs] = joined(page.slice(p, nextI), twin.slice(t, nextJ), i - p, j - t);
    pushUntil(p + ours.start, t + theirs.start);
    if (ours.text === theirs.text) pairs.push({ kind: "equal", page: same(ours.text), twin: same(theirs.text) });
    else pairs.push({ kind: "changed", ...compareLines(ours.text, theirs.text) });
    p += ours.end - ours.start;
    t += theirs.end - theirs.start;
  }
  pushUntil(page.length, twin.length);
  return pairs;
}

interface Lines {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * A line that is broken in two, or more, in the other text: around line `i` of the page and line `j` of the twin, as many
 * neighbours are taken in, on either side, as make them more alike. Neighbours belong to no other pair.
 */
function joined(page: readonly string[], twin: readonly string[], i: number, j: number): [Lines, Lines] {
  let ours: Lines = { start: i, end: i + 1, text: page[i]! };
  let theirs: Lines = { start: j, end: j + 1, text: twin[j]! };
  const alikeness = (a: Lines, b: Lines) => similarity(wordSet(a.text), wordSet(b.text));
  for (let best = alikeness(ours, theirs), steps = 0; steps < MAX_JOINED; steps++) {
    const choices = [
      ...grown(page, ours).map((lines) => [lines, theirs] as const),
      ...grown(twin, theirs).map((lines) => [ours, lines] as const),
    ].map((choice) => ({ choice, value: alikeness(...choice) }));
    const { choice, value } = choices.reduce((a, b) => (b.value > a.value ? b : a), {
      choice: [ours, theirs],
      value: best,
    });
    if (value <= best) break;
    [ours, theirs] = choice;
    best = value;
  }
  return [ours, theirs];
}

/** Lines with what stands before or behind them, up to the next line that is not blank. */
function grown(all: readonly string[], { start, end }: Lines): Lines[] {
  const isBlank = (n: number) => all[n]!.trim() === "";
  let before = start - 1;
  while (before > 0 && isBlank(before)) before--;
  let behind = end;
  while (behind < all.length - 1 && isBlank(behind)) behind++;
  return [
    ...(before >= 0 ? [{ start: before, end, text: all.slice(before, end).join("\n") }] : []),
    ...(behind < all.length ? [{ start, end: behind + 1, text: all.slice(start, behind + 1).join("\n") }] : []),
  ].filter(({ text }) => text.length <= MAX_JOINED_CHARS);
}

/** Pairs of numbers in ascending order, of the greatest sum of similarities (Needleman and Wunsch 1970). */
function alike(page: readonly string[], twin: readonly string[]): [number, number][] {
  if (page.length * twin.length > MAX_PAIRINGS) {
    return Array.from({ length: Math.min(page.length, twin.length) }, (_, i) => [i, i]);
  }
  const [ours, theirs] = [page.map(wordSet), twin.map(wordSet)];
  const width = twin.length + 1;
  const best = new Float64Array((page.length + 1) * width);
  for (let i = page.length - 1; i >= 0; i--) {
    for (let j = twin.length - 1; j >= 0; j--) {
      const together = best[(i + 1) * width + j + 1]! + similarity(ours[i]!, theirs[j]!);
      best[i * width + j] = Math.max(together, best[(i + 1) * width + j]!, best[i * width + j + 1]!);
    }
  }
  const pairs: [number, number][] = [];
  for (let i = 0, j = 0; i < page.length && j < twin.length; ) {
    const here = best[i * width + j]!;
    if (here === best[(i + 1) * width + j]) i++;
    else if (here === best[i * width + j + 1]) j++;
    else pairs.push([i++, j++]);
  }
  return pairs;
}

function wordSet(line: string): ReadonlySet<string> {
  return new Set(tokens(line).filter((token) => token.trim() !== ""));
}

/** Of two blank lines: less than a word in common. */
const BLANK = 1e-6;

function similarity(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const all = a.union(b).size;
  return all === 0 ? BLANK : a.intersection(b).size / all;
}

function compareLines(page: string, twin: string): Pick<LinePair, "page" | "twin"> {
  const [ours, theirs]: [Segment[], Segment[]] = [[], []];
  const script = changes(tokens(page), tokens(twin));
  for (const [i, { value, added, removed }] of script.entries()) {
    const text = value.join("");
    // A space between words that differ belongs to them.
    const isBetween = !added && !removed && text.trim() === "" && i > 0 && i < script.length - 1;
    if (!added) append(ours, text, removed || isBetween);
    if (!removed) append(theirs, text, added || isBetween);
  }
  return { page: ours, twin: theirs };
}

function append(segments: Segment[], text: string, differs: boolean): void {
  const last = segments.at(-1);
  if (text === "") return;
  if (last?.differs === differs) segments[segments.length - 1] = { text: last.text + text, differs };
  else segments.push({ text, differs });
}

/** Words, white space between them, and each character of scripts that put none there. */
function tokens(line: string): string[] {
  return line.match(TOKEN) ?? [];
}
const UNSPACED = "\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmer}\\p{sc=Myanmar}";
const TOKEN = new RegExp(`[${UNSPACED}]|\\s+|[^\\s${UNSPACED}]+`, "gu");

const same = (text: string): Segment[] => [{ text, differs: false }];
const different = (text: string): Segment[] => [{ text, differs: true }];
