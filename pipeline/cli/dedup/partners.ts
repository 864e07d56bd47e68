/**
 * All confirmed pairs, not only those that decide: which of the documents before it each document is like. A pair is
 * confirmed if the stage, knowing one of the two alone, takes the other for its duplicate.
 *
 *     documents ──▶ kinds (equal signatures) ── a key in common ──▶ candidates ── the stage itself ──▶ confirmed
 *
 * Kinds are compared, once for all documents of the two. Candidates are found like the stage's own: by keys.
 *
 * So that 10⁵ equal documents, or as many with the same menu, cost linear time, comparisons and pairs have an allowance
 * each: a million, which holds all that 1,400 documents can have, and some more with every document that comes. Kinds
 * beyond the first `MAX_KINDS_PER_KEY` of a key are not found by that key.
 */

import { KeyIndex } from "../../../stages/dedup/key-index.ts";
import type { DedupDefinition, DuplicateOf } from "../../stage.ts";
import { withRoom } from "../../text/growable.ts";
import type { Signatures } from "./signatures.ts";

/** How much work there may be: free, and for each document beside that. */
export interface Allowance {
  readonly free: number;
  readonly comparisonsPerDocument: number;
  readonly pairsPerDocument: number;
}
export const ALLOWANCE: Allowance = { free: 1_000_000, comparisonsPerDocument: 64, pairsPerDocument: 16 };
const MAX_KINDS_PER_KEY = 256;

export interface Partner {
  readonly document: number;
  readonly similarity: number;
  readonly reason: string;
}

interface Link {
  readonly kind: number;
  readonly similarity: number;
  readonly reason: string;
}

export class Partners {
  readonly #definition: DedupDefinition;
  readonly #params: unknown;
  readonly #signatures: Signatures;
  readonly #candidates: KeyIndex | undefined;
  readonly #hits: Uint32Array;
  /** By kind, in place of the index's own numbers. */
  readonly #kindOf: number[] = [];
  readonly #links = new Map<number, Link[]>();
  /** What the stage says of two documents of a kind; null: that they are no duplicates. */
  readonly #alike = new Map<number, DuplicateOf | null>();
  readonly #members: Members = new Members();
  readonly #onLink: (one: number, other: number) => void;
  readonly #allowance: Allowance;
  #comparisonsLeft: number;
  #pairsLeft: number;
  #documentsLimited = 0;

  /** `onLink` is told of documents that are like each other, enough of them to know which belong together. */
  constructor(
    stage: { readonly definition: DedupDefinition; readonly params: unknown },
    signatures: Signatures,
    onLink: (one: number, other: number) => void,
    allowance: Allowance = ALLOWANCE,
  ) {
    const { keyWords } = stage.definition;
    this.#definition = stage.definition;
    this.#params = stage.params;
    this.#signatures = signatures;
    this.#onLink = onLink;
    this.#allowance = allowance;
    this.#comparisonsLeft = allowance.free;
    this.#pairsLeft = allowance.free;
    if (keyWords !== undefined && signatures.keyCount > 0) {
      const bands = signatures.keyCount / keyWords;
      this.#candidates = new KeyIndex({ bands, keyWords, maxPagesPerKey: MAX_KINDS_PER_KEY });
    }
    this.#hits = new Uint32Array(this.#candidates?.maxPagesFound ?? 0);
  }

  /** Whether all pairs are looked for; if not, the stage does not tell what its index goes by. */
  get areAllSought(): boolean {
    return this.#definition.keyWords !== undefined;
  }

  /** Documents that were not compared, or not paired, with all that came before. */
  get documentsLimited(): number {
    return this.#documentsLimited;
  }

  /** The documents before this one that it is like. It is known from now on. */
  add(document: number, kind: number): Partner[] {
    this.#comparisonsLeft += this.#allowance.comparisonsPerDocument;
    this.#pairsLeft += this.#allowance.pairsPerDocument;
    const isNew = this.#members.first(kind) === undefined;
    const wasWhole = isNew ? this.#compare(document, kind) : true;
    const partners: Partner[] = [];
    const own = isNew ? null : this.#alikeIn(kind);
    const links = this.#links.get(kind) ?? [];
    for (const { kind: other, similarity, reason } of own === null ? links : [{ ...own, kind }, ...links]) {
      for (const member of this.#members.of(other)) {
        if (this.#pairsLeft === 0) break;
        this.#pairsLeft--;
        partners.push({ document: member, similarity, reason });
      }
    }
    if (own !== null) this.#onLink(this.#members.first(kind)!, document);
    this.#members.push(kind, document);
    if (!wasWhole || this.#pairsLeft === 0) this.#documentsLimited++;
    return partners;
  }

  /** Finds the kinds that a new one is like; false if limits left some out. */
  #compare(document: number, kind: number): boolean {
    const candidates = this.#candidates;
    if (candidates === undefined) return true;
    const keys = this.#signatures.keysOf(kind);
    const ranked = ranks(this.#hits.subarray(0, candidates.pagesInto(keys, this.#hits)));
    const skippedBefore = candidates.entriesSkipped;
    this.#kindOf[candidates.add(keys)] = kind;
    let isWhole = candidates.entriesSkipped === skippedBefore;
    if (ranked.length === 0) return isWhole;
    const evidence = this.#signatures.evidenceOf(kind);
    const index = this.#definition.openIndex(this.#params as never);
    index.add(keys);
    for (const { page } of ranked) {
      if (this.#comparisonsLeft === 0) {
        isWhole = false;
        break;
      }
      this.#comparisonsLeft--;
      const other = this.#kindOf[page]!;
      const found = index.find(this.#signatures.keysOf(other), (added) =>
        added === undefined ? this.#signatures.evidenceOf(other) : evidence,
      );
      if (found === undefined) continue;
      const { similarity, reason } = found;
      this.#link(kind, { kind: other, similarity, reason });
      this.#link(other, { kind, similarity, reason });
      this.#onLink(this.#members.first(other)!, document);
    }
    return isWhole;
  }

  #link(kind: number, link: Link): void {
    const links = this.#links.get(kind);
    if (links === undefined) this.#links.set(kind, [link]);
    else links.push(link);
  }

  #alikeIn(kind: number): DuplicateOf | null {
    let alike = this.#alike.get(kind);
    if (alike === undefined) {
      const keys = this.#signatures.keysOf(kind);
      const index = this.#definition.openIndex(this.#params as never);
      index.add(keys);
      alike = index.find(keys, () => this.#signatures.evidenceOf(kind)) ?? null;
      this.#alike.set(kind, alike);
    }
    return alike;
  }
}

/** Distinct pages, those that come most often first, then the lowest. */
function ranks(hits: Uint32Array): readonly { readonly page: number }[] {
  hits.sort();
  const found: { page: number; times: number }[] = [];
  for (const page of hits) {
    const last = found.at(-1);
    if (last?.page === page) last.times++;
    else found.push({ page, times: 1 });
  }
  return found.sort((a, b) => b.times - a.times || a.page - b.page);
}

const NONE = -1;

/** The documents of every kind, in the order in which they came: 4 bytes a document, 8 a kind. */
class Members {
  #first = new Int32Array(1 << 10).fill(NONE);
  #last = new Int32Array(1 << 10).fill(NONE);
  #next = new Int32Array(1 << 10).fill(NONE);

  first(kind: number): number | undefined {
    const first = this.#first[kind] ?? NONE;
    return first === NONE ? undefined : first;
  }

  *of(kind: number): Generator<number, void, undefined> {
    for (let document = this.#first[kind] ?? NONE; document !== NONE; document = this.#next[document]!) yield document;
  }

  push(kind: number, document: number): void {
    this.#first = grown(this.#first, kind + 1);
    this.#last = grown(this.#last, kind + 1);
    this.#next = grown(this.#next, document + 1);
    if (this.#first[kind] === NONE) this.#first[kind] = document;
    else this.#next[this.#last[kind]!] = document;
    this.#last[kind] = document;
  }
}

function grown(array: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const before = array.length;
  const roomy = withRoom(array, length);
  return roomy === array ? array : roomy.fill(NONE, before);
}
