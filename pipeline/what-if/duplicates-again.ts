/**
 * Deduplication once more, from the signatures in the ledger: pages in input order, each compared with pages that stay, as
 * `DuplicateResolver` does in the run.
 *
 * Some pages may be *unsure*: whether they stay is unknown, since the run did not measure what would have to be judged. Of
 * other pages only what is the same whether or not these stay is told. With L the pages that surely stay, and m the number
 * of unsure pages that may have a key in common with a page p (all those that were never signed count):
 *
 *     m = 0                          p meets pages of L alone: the index of L decides
 *     m > room                       the index might overlook pages of L for unsure ones: unknown
 *     p is a duplicate in L          it is one whoever else stays, if of whom, and how similar, is open
 *     none in L, and of the unsure   p is no duplicate
 *       all are signed, none matches
 *     otherwise                      unknown
 *
 * If all thresholds are drawn tighter, no page is unsure, and every answer is the first.
 */
import { keyNumber, type StoredSignature } from "../signatures.ts";
import type { DedupDefinition, DedupIndex, DuplicateOf } from "../stage.ts";
import type { AskedStage } from "./asked-stages.ts";
import { MAY_BE_DUPLICATE, type Which } from "./judge-again.ts";
import type { Fate, RecordedPage } from "./recorded-pages.ts";

type ReadEvidence = (stageIndex: number, signature: number) => Uint8Array;

export class DuplicatesAgain {
  readonly #stages: readonly StageAgain[];

  constructor(stages: readonly AskedStage[], which: Which, evidence: ReadEvidence) {
    this.#stages = stages
      .filter(({ definition }) => definition.kind === "dedup")
      .map((stage) => new StageAgain(stage, stage[which], (signature) => evidence(stage.index, signature)));
  }

  /** The page's fate, given what it is without deduplication. Pages come in input order. */
  decide(page: RecordedPage, fate: Fate): Fate {
    let unsureAt: StageAgain | undefined;
    for (const stage of this.#stages) {
      const signature = page.signatures.get(stage.index);
      if (signature === undefined || stage.index >= fate.stageIndex) continue;
      const found = stage.find(signature);
      if (found === "unknown") unsureAt ??= stage;
      else if (found !== undefined) {
        const { reason, similarity: value } = found;
        // It is surely dropped, if not surely here.
        if (unsureAt !== undefined) return mayBeDuplicate(unsureAt);
        return { outcome: "dropped", stageIndex: stage.index, stage: stage.label, reason, value };
      }
    }
    if (fate.outcome === "kept" && unsureAt === undefined) {
      for (const stage of this.#stages) stage.add(page.signatures.get(stage.index));
    } else if (fate.outcome === "kept" || fate.outcome === "unknown") {
      for (const stage of this.#stages) {
        stage.addUnsure(page.signatures.get(stage.index), page.way.stageIndex > stage.index);
      }
    }
    return unsureAt === undefined ? fate : mayBeDuplicate(unsureAt);
  }
}

function mayBeDuplicate({ index, label }: StageAgain): Fate {
  return { outcome: "unknown", stageIndex: index, stage: label, reason: MAY_BE_DUPLICATE };
}

/** Parts of a split page have the signature of the whole in common, share its answer, and are added once. */
interface Answer {
  readonly signature: number;
  readonly found: Found | "unknown" | undefined;
  isSure: boolean;
  isUnsure: boolean;
}

type Found = { readonly reason: string; readonly similarity: number | undefined };

class StageAgain {
  readonly index: number;
  readonly label: string;
  readonly #evidence: (signature: number) => Uint8Array;
  readonly #sure: Added;
  readonly #unsure: Added;
  readonly #unsureKeys: KeyCounts;
  #unsigned = 0;
  #last: Answer | undefined;

  constructor({ index, label, definition }: AskedStage, params: unknown, evidence: (signature: number) => Uint8Array) {
    const dedup = definition as DedupDefinition;
    this.index = index;
    this.label = label;
    this.#evidence = evidence;
    this.#sure = new Added(dedup.openIndex(params as never));
    this.#unsure = new Added(dedup.openIndex(params as never));
    this.#unsureKeys = new KeyCounts(dedup.keyWords);
  }

  find(signature: StoredSignature): Found | "unknown" | undefined {
    if (this.#last?.signature !== signature.number) {
      this.#last = { signature: signature.number, found: this.#findAnew(signature), isSure: false, isUnsure: false };
    }
    return this.#last.found;
  }

  #findAnew(signature: StoredSignature): Found | "unknown" | undefined {
    const unsure = this.#unsigned + this.#unsureKeys.most(signature.keys);
    const match = this.#sure.find(signature, this.#evidence);
    if (unsure === 0) return match;
    if (unsure > this.#sure.room(signature.keys)) return "unknown";
    if (match !== undefined) return { reason: match.reason, similarity: undefined };
    if (this.#unsigned > 0 || this.#unsure.find(signature, this.#evidence) !== undefined) return "unknown";
    return undefined;
  }

  /** Adds a page that was asked about last. */
  add(signature: StoredSignature | undefined): void {
    if (signature === undefined || this.#last!.isSure) return;
    this.#last!.isSure = true;
    this.#sure.add(signature);
  }

  /** `isSeen`: whether the stage saw the page: without a signature it was too short then, and is nobody's twin. */
  addUnsure(signature: StoredSignature | undefined, isSeen: boolean): void {
    if (signature === undefined) {
      if (!isSeen) this.#unsigned++;
    } else if (!this.#last!.isUnsure) {
      this.#last!.isUnsure = true;
      this.#unsure.add(signature);
      this.#unsureKeys.add(signature.keys);
    }
  }
}

/** An index, and which signature each added page has. */
class Added {
  readonly #index: DedupIndex;
  readonly #signatures: number[] = [];

  constructor(index: DedupIndex) {
    this.#index = index;
  }

  find({ keys, number }: StoredSignature, evidence: (signature: number) => Uint8Array): DuplicateOf | undefined {
    return this.#index.find(keys, (added) => evidence(added === undefined ? number : this.#signatures[added]!));
  }

  add({ keys, number }: StoredSignature): void {
    this.#index.add(keys);
    this.#signatures.push(number);
  }

  room(keys: Uint32Array): number {
    return this.#index.room?.(keys) ?? 0;
  }
}

/** How many pages have a key, by its place and 53 of its bits. */
class KeyCounts {
  readonly #keyWords: number | undefined;
  readonly #counts: Map<number, number>[] = [];
  #pages = 0;

  constructor(keyWords: number | undefined) {
    this.#keyWords = keyWords;
  }

  add(keys: Uint32Array): void {
    this.#pages++;
    if (this.#keyWords === undefined) return;
    for (let place = 0, at = 0; at < keys.length; place++, at += this.#keyWords) {
      const counts = this.#counts[place] ?? new Map<number, number>();
      this.#counts[place] = counts;
      const key = keyNumber(keys, at, this.#keyWords);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }

  /** At most so many pages have a key in common with these. */
  most(keys: Uint32Array): number {
    if (this.#keyWords === undefined || this.#pages === 0) return this.#pages;
    let pages = 0;
    for (let place = 0, at = 0; at < keys.length; place++, at += this.#keyWords) {
      pages += this.#counts[place]?.get(keyNumber(keys, at, this.#keyWords)) ?? 0;
    }
    return Math.min(pages, this.#pages);
  }
}
