/**
 * Shingles: the runs of `ngram` consecutive words that stand for a page when two pages are compared.
 *
 *     text ─ lower-case ─▶ words ─▶ n-grams ─ 32-bit hash ─▶ the page's set of shingles
 *
 * This file is the definition; `kernel/` computes the same hashes without making a string.
 *
 * Why 32 bits are enough: a hash that matches by chance can only add to the overlap of two pages. Two pages with u
 * shingles each that the other lacks have u²/2³² such matches on average. For two pages of 800 shingles at the
 * threshold of 0.8 (u ≈ 90) that is one chance match in half a million comparisons, worth 0.001 of Jaccard; for two
 * unrelated books of a million words it is 233 in two million, or 0.0001. Twice the bytes would buy nothing a
 * threshold can see.
 */
import { absorb, mix32 } from "../../pipeline/mix.ts";

/**
 * A word: letters, numbers and "_" of any script, which is Python's `\w+`. JavaScript's `\w` is ASCII only. Combining
 * marks part words, in Python too; scripts written without spaces give one word per clause.
 */
export const WORD = /[\p{L}\p{N}_]+/gu;

/** What a word's hash starts from. Any constant but 0, which would hash a leading U+0000 like nothing at all. */
export const WORD_BASIS = 0x811c9dc5;
/** 2³² / golden ratio, made odd. */
export const WORD_MULTIPLIER = 0x9e3779b1;
/** Weight of a word against the next. Odd, so that n-grams differing in one word never share a hash; 3 mod 4, so that
 * swapped neighbours do so hardly more often than chance. */
export const NGRAM_MULTIPLIER = 0xcc9e2d53;

export function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(WORD) ?? [];
}

/** The n-grams of a text in order, repeats included, as words joined by spaces. */
export function shinglesOf(text: string, ngram: number): readonly string[] {
  const words = wordsOf(text);
  return words.slice(0, Math.max(0, words.length - ngram + 1)).map((_, i) => words.slice(i, i + ngram).join(" "));
}

/** Hashes a lower-cased word by its UTF-16 code units. */
export function hashWord(word: string): number {
  let h: number = WORD_BASIS;
  for (let i = 0; i < word.length; i++) h = absorb(h, word.charCodeAt(i), WORD_MULTIPLIER);
  return mix32(h) >>> 0;
}

/** Hashes a shingle: its words' hashes as digits of a polynomial mod 2³², which can be rolled along a page. */
export function hashShingle(shingle: string): number {
  let h = 0;
  for (const word of shingle.split(" ")) h = Math.imul(h, NGRAM_MULTIPLIER) + hashWord(word);
  return mix32(h) >>> 0;
}

/** The definition: hashes of a text's n-grams in order, repeats included; none when it has fewer than `ngram` words. */
export function shingleHashes(text: string, ngram: number): readonly number[] {
  return shinglesOf(text, ngram).map(hashShingle);
}
