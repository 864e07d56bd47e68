/**
 * The items of evaluation sets, to which pages are held one after the other.
 *
 *     items ─▶ texts that each is looked for by ─▶ runs of words, hashed ─▶ postings: run ─▶ items
 *     page  ─▶ words, in stretches ─▶ runs, looked up ─▶ items, and what of the page is theirs
 */
import type { EvalItem } from "./eval-files.ts";
import { GramSearch } from "./gram-search.ts";
import { NearSearch } from "./near-search.ts";
import { ParagraphSearch } from "./paragraph-search.ts";
import type { Span } from "./spans.ts";

/** What of a page is an item's. */
export interface Found {
  /** Item → how many words of the page are its, or how alike it is to the passage that is most like it. */
  readonly items: ReadonlyMap<number, number>;
  /** In UTF-16 units, in ascending order; no two touch. */
  readonly passages: readonly Span[];
}

export interface Search {
  find(text: string): Found;
  /** By item: whether it can be found at all. */
  readonly isSearched: Uint8Array;
}

export interface SearchOptions {
  readonly method: "ngrams" | "paragraph" | "near-duplicate";
  readonly ngram: number;
  readonly threshold: number;
}

export function searchFor(items: readonly EvalItem[], { method, ngram, threshold }: SearchOptions): Search {
  if (method === "ngrams") return new GramSearch(items, ngram);
  return method === "paragraph" ? new ParagraphSearch(items) : new NearSearch(items, threshold);
}
