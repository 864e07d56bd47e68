/**
 * What a response can be told to keep to, so that a program can say whether it did: the verifiable instructions of IFEval
 * (Zhou et al. 2023, arXiv 2311.07911; google-research/instruction_following_eval), those that need no model. IFEval's
 * language is that of a classifier; `script` here only tells alphabets apart. Keywords are texts, not patterns.
 */
import { z } from "zod";
import { Bounds, isWithin, needsBound } from "./bounds.ts";
import { parseJson, unfenced } from "./json.ts";
import { countBullets, countSentences, countText, countWords, hasWord, paragraphsOf } from "./text-units.ts";

interface Kind<S extends z.ZodObject = z.ZodObject> {
  readonly options: S;
  holds(response: string, options: z.output<S>): boolean;
}
function kind<S extends z.ZodObject>(options: S, holds: Kind<S>["holds"]): Kind<S> {
  return { options, holds };
}

const none = z.strictObject({});
const bounds = needsBound(z.strictObject(Bounds));
const texts = z.strictObject({ texts: z.array(z.string().min(1)).min(1) });
const text = z.strictObject({ text: z.string().min(1) });
const frequency = needsBound(z.strictObject({ text: z.string().min(1), ...Bounds }));

/** One line each; of every kind the name that configs and rows use. */
const KINDS: Readonly<Record<string, Kind>> = {
  words: kind(bounds, (response, limits) => isWithin(countWords(response), limits)),
  sentences: kind(bounds, (response, limits) => isWithin(countSentences(response), limits)),
  paragraphs: kind(bounds, (response, limits) => isWithin(paragraphsOf(response).length, limits)),
  bullets: kind(bounds, (response, limits) => isWithin(countBullets(response), limits)),
  keywords: kind(texts, (response, { texts }) => texts.every((wanted) => countText(response, wanted) > 0)),
  "no-keywords": kind(texts, (response, { texts }) => !texts.some((unwanted) => hasWord(response, unwanted))),
  frequency: kind(frequency, (response, { text, ...limits }) => isWithin(countText(response, text), limits)),
  "starts-with": kind(text, (response, { text }) => plain(response).startsWith(plain(text))),
  "ends-with": kind(text, (response, { text }) => plain(unquoted(response)).endsWith(plain(text))),
  "lower-case": kind(none, (response) => response === response.toLowerCase() && hasCase(response)),
  "upper-case": kind(none, (response) => response === response.toUpperCase() && hasCase(response)),
  "no-commas": kind(none, (response) => !response.includes(",")),
  json: kind(none, (response) => parseJson(unfenced(response)) !== undefined),
  title: kind(none, (response) => response.split("\n").some(hasTitle)),
  script: kind(
    z.strictObject({ name: z.string().refine(isScript, "a script's name in Unicode, as Cyrillic") }),
    (response, { name }) => {
      const letters = countMatches(response, /\p{L}/gu);
      // Names and quotations in another script are no other language.
      return letters > 0 && countMatches(response, new RegExp(`(?=\\p{L})\\p{Script=${name}}`, "gu")) >= 0.9 * letters;
    },
  ),
};

const variants = Object.entries(KINDS).map(([name, { options }]) => options.safeExtend({ kind: z.literal(name) }));

/** A constraint as configs and rows write it: `{ kind: words, atMost: 50 }`. */
export const Constraint = z.discriminatedUnion("kind", variants as [(typeof variants)[0]], {
  error: ({ code }) =>
    code === "invalid_union" ? `one of these as kind: ${Object.keys(KINDS).join(", ")}` : undefined,
}) as unknown as z.ZodType<Constraint>;
export interface Constraint {
  readonly kind: string;
  readonly [option: string]: unknown;
}

export function holds(response: string, constraint: Constraint): boolean {
  return KINDS[constraint.kind]!.holds(response, constraint);
}

function plain(text: string): string {
  return text.trim().toLowerCase();
}

function unquoted(text: string): string {
  const trimmed = text.trim();
  let [start, end] = [0, trimmed.length];
  while (start < end && trimmed[start] === '"') start++;
  while (end > start && trimmed[end - 1] === '"') end--;
  return trimmed.slice(start, end);
}

function hasCase(text: string): boolean {
  return text.toLowerCase() !== text.toUpperCase();
}

/** `<<title>>`, from the first `<<` of a line to its last `>>`. */
function hasTitle(line: string): boolean {
  const start = line.indexOf("<<");
  const end = line.lastIndexOf(">>");
  return start >= 0 && end > start + 2 && /[^<>\s]/.test(line.slice(start, end));
}

function isScript(name: string): boolean {
  try {
    return new RegExp(`\\p{Script=${name}}`, "u") !== undefined;
  } catch {
    return false;
  }
}

function countMatches(text: string, pattern: RegExp): number {
  let count = 0;
  for (const _ of text.matchAll(pattern)) count++;
  return count;
}
