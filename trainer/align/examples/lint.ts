/** What a data set is like, before anything is learned from it: plain data, to be printed or stored. */
import type { Tokenizer } from "../../../pipeline/tokenizer.ts";
import type { Template } from "../templates/template.ts";
import type { Example, Preference, Prompt } from "./example.ts";
import { RowFault } from "./faults.ts";
import { normalised } from "./normalised.ts";
import { promptKey } from "./read.ts";
import { looksLikeRefusal } from "./refusal.ts";
import { tokenizeExample } from "./tokenize.ts";

export interface Duplicates {
  /** Rows that say what an earlier one says. */
  readonly exact: number;
  /** The same but for case, white space, and forms of the same character; exact ones among them. */
  readonly normalised: number;
}

export interface Prompts {
  readonly distinct: number;
  /** Of which there are several rows. */
  readonly repeated: number;
}

/** Held-out rows whose prompt is trained on, but for case and white space. */
export interface Overlap {
  readonly rows: number;
  readonly overlapping: number;
  /** The first ones. */
  readonly places: readonly string[];
}

/** Of lengths, by the nearest rank. */
export interface LengthSummary {
  readonly unit: LengthUnit;
  readonly mean: number;
  readonly min: number;
  readonly p5: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}
export type LengthUnit = "characters" | "tokens";

export interface PreferenceLint {
  readonly pairs: number;
  readonly prompts: Prompts;
  readonly duplicates: Duplicates;
  /** Pairs of answers that were judged several times: how often all judgements agree, and how often they do not. */
  readonly judgedAgain: {
    readonly agreeing: number;
    readonly opposite: number;
    readonly oppositePlaces: readonly string[];
  };
  /** Answers that differ in nothing but case and white space. */
  readonly equalAnswers: number;
  readonly length: {
    readonly chosen: LengthSummary;
    readonly rejected: LengthSummary;
    readonly chosenLonger: number;
    readonly rejectedLonger: number;
    readonly equal: number;
    /** How often "the longer one is better" is right, where lengths differ. Far from ½, length is what will be learned. */
    readonly longerWins: number;
  };
  /** By a test of phrases, `looksLikeRefusal`. */
  readonly refusals: {
    readonly chosen: number;
    readonly rejected: number;
    readonly onlyChosen: number;
    readonly onlyRejected: number;
  };
  readonly validation?: Overlap;
}

export interface ExampleLint {
  readonly examples: number;
  readonly prompts: Prompts;
  readonly duplicates: Duplicates;
  /** No text in the response. */
  readonly empty: number;
  /** By a test of phrases, `looksLikeRefusal`. */
  readonly refusals: number;
  readonly length: { readonly prompt: LengthSummary; readonly response: LengthSummary };
  /** With a tokenizer, a template and a context: whole rows, and how many the context does not hold. */
  readonly context?: { readonly length: LengthSummary; readonly tooLong: number; readonly unrendered: number };
  readonly validation?: Overlap;
}

const PLACES_KEPT = 20;

/** What there is to know of pairs before they are learned from. Lengths are in tokens where there is a tokenizer. */
export function lintPreferences(
  rows: readonly Preference[],
  { tokenizer, validation }: { readonly tokenizer?: Tokenizer; readonly validation?: readonly Prompt[] } = {},
): PreferenceLint {
  const keys = rows.map(({ messages }) => promptKey(messages));
  const measure = measureOf(tokenizer);
  const chosen = rows.map((row) => measure.of(row.chosen));
  const rejected = rows.map((row) => measure.of(row.rejected));
  const chosenLonger = countOf(rows, (_, i) => chosen[i]! > rejected[i]!);
  const rejectedLonger = countOf(rows, (_, i) => chosen[i]! < rejected[i]!);
  const refuses = rows.map((row) => [looksLikeRefusal(row.chosen), looksLikeRefusal(row.rejected)] as const);
  return {
    pairs: rows.length,
    prompts: promptsOf(keys),
    duplicates: duplicatesOf(rows, keys, ({ chosen, rejected }) => [chosen, rejected]),
    judgedAgain: judgedAgain(rows, keys),
    equalAnswers: countOf(rows, (row) => normalised(row.chosen) === normalised(row.rejected)),
    length: {
      chosen: summaryOf(chosen, measure.unit),
      rejected: summaryOf(rejected, measure.unit),
      chosenLonger,
      rejectedLonger,
      equal: rows.length - chosenLonger - rejectedLonger,
      longerWins: ratio(chosenLonger, chosenLonger + rejectedLonger),
    },
    refusals: {
      chosen: countOf(refuses, ([first]) => first),
      rejected: countOf(refuses, ([, second]) => second),
      onlyChosen: countOf(refuses, ([first, second]) => first && !second),
      onlyRejected: countOf(refuses, ([first, second]) => !first && second),
    },
    ...(validation && { validation: overlapOf(keys, validation) }),
  };
}

/** What there is to know of examples before they are learned from. Lengths are in tokens where there is a tokenizer. */
export function lintExamples(
  rows: readonly Example[],
  {
    tokenizer,
    template,
    contextLength,
    validation,
  }: {
    readonly tokenizer?: Tokenizer;
    readonly template?: Template;
    readonly contextLength?: number;
    readonly validation?: readonly Prompt[];
  } = {},
): ExampleLint {
  const keys = rows.map(({ messages }) => promptKey(messages));
  const measure = measureOf(tokenizer);
  const asked = rows.map(({ messages }) => measure.of(messages.map(({ content }) => content).join("\n")));
  const said = rows.map(({ response }) => measure.of(response));
  const hasContext = tokenizer !== undefined && template !== undefined && contextLength !== undefined;
  return {
    examples: rows.length,
    prompts: promptsOf(keys),
    duplicates: duplicatesOf(rows, keys, ({ response }) => [response]),
    empty: countOf(rows, ({ response }) => response.trim() === ""),
    refusals: countOf(rows, ({ response }) => looksLikeRefusal(response)),
    length: { prompt: summaryOf(asked, measure.unit), response: summaryOf(said, measure.unit) },
    ...(hasContext && { context: contextOf(rows, tokenizer, template, contextLength) }),
    ...(validation && { validation: overlapOf(keys, validation) }),
  };
}

function contextOf(
  rows: readonly Example[],
  tokenizer: Tokenizer,
  template: Template,
  contextLength: number,
): NonNullable<ExampleLint["context"]> {
  const lengths: number[] = [];
  for (const row of rows) {
    try {
      lengths.push(tokenizeExample(tokenizer, template, row).ids.length);
    } catch (error) {
      if (!(error instanceof RowFault)) throw error;
    }
  }
  const tooLong = countOf(lengths, (length) => length > contextLength + 1);
  return { length: summaryOf(lengths, "tokens"), tooLong, unrendered: rows.length - lengths.length };
}

function measureOf(tokenizer: Tokenizer | undefined): {
  readonly unit: LengthUnit;
  readonly of: (text: string) => number;
} {
  if (tokenizer === undefined) return { unit: "characters", of: (text) => text.length };
  return { unit: "tokens", of: (text) => tokenizer.encode(text).length };
}

function promptsOf(keys: readonly string[]): Prompts {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return { distinct: counts.size, repeated: countOf([...counts.values()], (count) => count > 1) };
}

function duplicatesOf<T extends Prompt>(
  rows: readonly T[],
  keys: readonly string[],
  textsOf: (row: T) => readonly string[],
): Duplicates {
  const exact = rows.map((row) => JSON.stringify([row.messages, textsOf(row)]));
  const alike = rows.map((row, n) => JSON.stringify([keys[n], textsOf(row).map(normalised)]));
  return { exact: rows.length - new Set(exact).size, normalised: rows.length - new Set(alike).size };
}

/** Judgements of the same two answers to the same prompt. */
function judgedAgain(rows: readonly Preference[], keys: readonly string[]): PreferenceLint["judgedAgain"] {
  const judgements = new Map<string, { readonly places: string[]; readonly winners: Set<string> }>();
  for (const [n, { place, chosen, rejected }] of rows.entries()) {
    const [winner, loser] = [normalised(chosen), normalised(rejected)];
    const key = JSON.stringify([keys[n], ...[winner, loser].sort()]);
    const found = judgements.get(key) ?? { places: [], winners: new Set() };
    found.places.push(place);
    found.winners.add(winner);
    judgements.set(key, found);
  }
  const again = [...judgements.values()].filter(({ places }) => places.length > 1);
  const opposite = again.filter(({ winners }) => winners.size > 1);
  const oppositePlaces = opposite.slice(0, PLACES_KEPT).map(({ places }) => places.join(", "));
  return { agreeing: again.length - opposite.length, opposite: opposite.length, oppositePlaces };
}

function overlapOf(keys: readonly string[], validation: readonly Prompt[]): Overlap {
  const trained = new Set(keys);
  const overlapping = validation.filter(({ messages }) => trained.has(promptKey(messages)));
  const places = overlapping.slice(0, PLACES_KEPT).map(({ place }) => place);
  return { rows: validation.length, overlapping: overlapping.length, places };
}

/** All 0 of nothing. */
function summaryOf(lengths: readonly number[], unit: LengthUnit): LengthSummary {
  const sorted = Float64Array.from(lengths).sort();
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  const sum = sorted.reduce((all, length) => all + length, 0);
  return {
    unit,
    mean: ratio(sum, sorted.length),
    min: at(0),
    p5: at(0.05),
    p50: at(0.5),
    p95: at(0.95),
    max: at(1),
  };
}

function ratio(part: number, all: number): number {
  return all === 0 ? 0 : part / all;
}

function countOf<T>(items: readonly T[], holds: (item: T, i: number) => boolean): number {
  return items.reduce((count, item, i) => count + (holds(item, i) ? 1 : 0), 0);
}
