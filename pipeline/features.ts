/**
 * Features: what is measured once per page and shared by every stage that asks. A stage names them in `needs` and
 * takes them from its view; each is computed on first use, and again only when the text has changed.
 */

import { cutEnglishWords } from "./text/words-english.ts";
import { cutSpacedWords } from "./text/words-spaced.ts";
import { cutUnicodeWords } from "./text/words-uax29.ts";

/** A named measurement of a text. */
export interface FeatureDefinition<T = unknown> {
  readonly kind: "feature";
  readonly name: string;
  readonly measure: (text: string) => T;
}

/** Makes a feature. Put the returned value itself in `needs`; it arrives in the view under its name. */
export function defineFeature<const K extends string, T>(fields: {
  readonly name: K;
  readonly measure: (text: string) => T;
}): FeatureDefinition<T> & { readonly name: K } {
  return { kind: "feature", ...fields };
}

const BUILT_IN = {
  /** Words by UAX #29 (word-like segments), in order, as strings. */
  words: defineFeature({ name: "words", measure: (text: string): readonly string[] => [...cutUnicodeWords(text)] }),
  /** The same words by place and kind, for measurements over many pages; `[...unicodeWords]` gives strings. */
  unicodeWords: defineFeature({ name: "unicodeWords", measure: cutUnicodeWords }),
  /** What lies between white space, as Python's `split()` has it, by place and kind. */
  spacedWords: defineFeature({ name: "spacedWords", measure: cutSpacedWords }),
  /** English words and punctuation marks as spaCy and datatrove cut them, in order; `[...englishWords]` gives strings. */
  englishWords: defineFeature({ name: "englishWords", measure: cutEnglishWords }),
  /** Lines, cut at "\n", untrimmed. */
  lines: defineFeature({ name: "lines", measure: (text: string): readonly string[] => text.split("\n") }),
  /** Paragraphs: the trimmed text cut at runs of two or more "\n". */
  paragraphs: defineFeature({
    name: "paragraphs",
    measure: (text: string): readonly string[] => text.trim().split(/\n{2,}/),
  }),
};

type BuiltIn = typeof BUILT_IN;

/** A built-in feature's name, or a feature made by `defineFeature`. */
export type FeatureNeed = keyof BuiltIn | FeatureDefinition;

type Measured<F> = F extends FeatureDefinition<infer T> ? T : never;

/** The features that a stage with these needs finds in its view. */
export type FeaturesOf<N extends FeatureNeed> = {
  readonly [K in Extract<N, keyof BuiltIn>]: Measured<BuiltIn[K]>;
} & { readonly [F in Extract<N, FeatureDefinition> as F["name"]]: Measured<F> };

export function builtInFeature(name: string): FeatureDefinition | undefined {
  return Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name as keyof BuiltIn] : undefined;
}

export const builtInFeatureNames: readonly string[] = Object.keys(BUILT_IN);
