/**
 * The index of banded signatures over many synthetic pages, in memory and on disk. Both ways have to find the same pairs
 * and the same clusters; each runs in a process of its own, so that its peak memory can be told.
 *
 *     memory   every page: find, add
 *     disk     every page: its keys to `SharedKeysFinder`; then pages that share any: masked, find, add
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Components } from "../../../stages/dedup/components.ts";
import { KeyIndex } from "../../../stages/dedup/key-index.ts";
import { MAX_PAGES_PER_KEY } from "../../../stages/dedup/minhash-index.ts";
import { SharedKeysFinder } from "../../duplicates/shared-keys.ts";
import { absorb, mix32 } from "../../mix.ts";
import { SYNTHETIC_BANDS, SYNTHETIC_KEY_WORDS, syntheticKeysInto } from "./synthetic-keys.ts";

export const INDEX_WAYS = ["memory", "disk"] as const;
export type IndexWay = (typeof INDEX_WAYS)[number];

export interface IndexScaleOptions {
  readonly way: IndexWay;
  readonly pages: number;
  readonly seed: number;
  /** What the search for shared keys may hold; the way over the disk alone asks. */
  readonly memoryBytes: number;
}

export interface IndexScale {
  readonly way: IndexWay;
  readonly pages: number;
  /** Pages that were looked up and added. */
  readonly indexed: number;
  /** Bands that a page shares with an earlier one, over all pairs, and their digest: whatever the order they are found in. */
  readonly hits: number;
  readonly hitsDigest: string;
  readonly components: number;
  readonly componentsDigest: string;
  readonly indexBytes: number;
  /** CPU time of the process, without making the keys. */
  readonly cpuSeconds: number;
  readonly seconds: number;
  /** Of the whole process so far. */
  readonly peakRssBytes: number;
}

export function measureIndex(options: IndexScaleOptions): IndexScale {
  const { way, pages, seed } = options;
  const keys = new Uint32Array(SYNTHETIC_BANDS * SYNTHETIC_KEY_WORDS);
  const makingSeconds = secondsToMakeKeys(keys, options);
  const cpuBefore = process.cpuUsage();
  const before = performance.now();
  const lookup = new Lookup();
  if (way === "memory") {
    for (let page = 0; page < pages; page++) {
      syntheticKeysInto(keys, page, seed);
      lookup.take(page, keys);
    }
  } else {
    const shared = findShared(keys, options);
    for (let page = 0; page < pages; page++) {
      if (!shared.isShared(page)) continue;
      syntheticKeysInto(keys, page, seed);
      shared.mask(page, keys);
      lookup.take(page, keys);
    }
  }
  const cpu = process.cpuUsage(cpuBefore);
  const seconds = (performance.now() - before) / 1e3;
  const passes = 1 + (way === "disk" ? lookup.indexed / pages : 0);
  return {
    way,
    pages,
    ...lookup.found(pages),
    cpuSeconds: (cpu.user + cpu.system) / 1e6 - passes * makingSeconds,
    seconds,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
  };
}

function findShared(keys: Uint32Array, { pages, seed, memoryBytes }: IndexScaleOptions) {
  const scratch = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  try {
    const finder = new SharedKeysFinder({ keyWords: SYNTHETIC_KEY_WORDS, scratch, memoryBytes });
    for (let page = 0; page < pages; page++) {
      syntheticKeysInto(keys, page, seed);
      finder.add(page, keys);
    }
    return finder.finish();
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** CPU seconds that making all keys once takes, from a part of them. */
function secondsToMakeKeys(keys: Uint32Array, { pages, seed }: IndexScaleOptions): number {
  const part = Math.min(pages, 500_000);
  const before = process.cpuUsage();
  for (let page = 0; page < part; page++) syntheticKeysInto(keys, page, seed);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) / 1e6) * (pages / part);
}

/** Finds and adds pages, and keeps account of what was found. */
class Lookup {
  readonly #index = new KeyIndex({
    bands: SYNTHETIC_BANDS,
    keyWords: SYNTHETIC_KEY_WORDS,
    maxPagesPerKey: MAX_PAGES_PER_KEY,
  });
  readonly #twins = new Uint32Array(this.#index.maxPagesFound);
  readonly #components = new Components();
  /** The page behind each of the index's numbers. */
  #pages = new Uint32Array(1024);
  #hits = 0;
  #digestLow = 0;
  #digestHigh = 0;

  get indexed(): number {
    return this.#index.pageCount;
  }

  take(page: number, keys: Uint32Array): void {
    const count = this.#index.pagesInto(keys, this.#twins);
    for (let i = 0; i < count; i++) {
      const twin = this.#pages[this.#twins[i]!]!;
      this.#components.join(page, twin);
      // Sums, as the order of a page's hits means nothing.
      const pair = absorb(absorb(page, twin, 0xcc9e2d51), page, 0x1b873593);
      this.#digestLow = (this.#digestLow + mix32(pair)) | 0;
      this.#digestHigh = (this.#digestHigh + mix32(pair ^ 0x9e3779b1)) | 0;
    }
    this.#hits += count;
    const number = this.#index.add(keys);
    if (number === this.#pages.length) {
      const larger = new Uint32Array(Math.ceil(number * 1.5));
      larger.set(this.#pages);
      this.#pages = larger;
    }
    this.#pages[number] = page;
  }

  found(pages: number) {
    let components = 0;
    let low = 0;
    let high = 0;
    for (let page = 0; page < pages; page++) {
      const first = this.#components.firstOf(page);
      if (first === page) components++;
      low = absorb(low, first, 0xcc9e2d51);
      high = absorb(high, first, 0x1b873593);
    }
    return {
      indexed: this.indexed,
      hits: this.#hits,
      hitsDigest: hex(this.#digestLow, this.#digestHigh),
      components,
      componentsDigest: hex(low, high),
      indexBytes: this.#index.bytes,
    };
  }
}

function hex(...words: readonly number[]): string {
  return words.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}
