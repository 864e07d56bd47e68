/**
 * Which keys does more than one page have? Deduplication that decides in a second look, or that memory does not hold, is
 * done for these alone: a page that shares no key with any other is like no other.
 *
 *     add ─▶ keys of each place, in memory ── full ─▶ sorted, distinct ones to disk ── finish ─▶ merged, place by place
 *                                                  └──────── pages of a repeated key: a bit ────────┘
 *
 * A place of the signature (a band) is a partition of its own, since keys mean something only within it. Keys are
 * compared whole. The answer does not depend on `memoryBytes`.
 *
 * Memory, while pages are added: `memoryBytes` (8 bytes a key of 64 bits, and 16 for the place that is being sorted), and
 * 1 KB for each time that it was full, if that is more. Result: a bit for each page and place, one a page, and 2 bits for
 * each number up to the largest: 2.2 bytes a page at 14 places.
 * Disk: nothing while all keys fit in memory, else (keyWords + 1) × 4 bytes a key at most: 168 bytes a page at 14 places
 * of 64-bit keys. Every byte is written once and read once.
 */
import { join } from "node:path";
import { ScratchFile } from "../io/scratch-file.ts";
import { type MergedRuns, type Run, SortedRuns } from "../io/sorted-runs.ts";
import { EqualKeys, SORT_BYTES_PER_KEY } from "./equal-keys.ts";
import { PageSet } from "./page-set.ts";
import { enlarged, release } from "./typed-arrays.ts";

export interface SharedKeys {
  /** Whether the page has any key that another page has. */
  isShared(page: number): boolean;
  /** Sets all keys of the page that nobody else has to zero, in place. */
  mask(page: number, keys: Uint32Array): void;
  readonly bytes: number;
}

/** Pages that are sorted at once, however little memory there is. */
const MIN_PAGES_IN_MEMORY = 16;
const INITIAL_PAGES = 1024;

export class SharedKeysFinder {
  readonly #keyWords: number;
  readonly #scratch: string;
  readonly #memoryBytes: number;
  readonly #equalKeys: EqualKeys;
  readonly #pages = new PageSet();
  #places: PlaceKeys[] | undefined;
  /** Pages in memory, and how many may be. */
  #heldPages = 0;
  #maxHeldPages = 0;
  #file: ScratchFile | undefined;
  #sorted: SortedRuns | undefined;

  /** `scratch` is a folder, which is left empty. */
  constructor(options: { readonly keyWords: number; readonly scratch: string; readonly memoryBytes: number }) {
    this.#keyWords = options.keyWords;
    this.#scratch = options.scratch;
    this.#memoryBytes = options.memoryBytes;
    this.#equalKeys = new EqualKeys(options.keyWords);
  }

  /** Pages come in ascending order of their numbers, each with as many keys as the first. */
  add(page: number, keys: Uint32Array): void {
    this.#places ??= this.#makePlaces(keys.length / this.#keyWords);
    const places = this.#places;
    if (keys.length !== places.length * this.#keyWords) {
      throw new RangeError(`page ${page}: ${keys.length} words of keys, but ${places.length * this.#keyWords} before`);
    }
    this.#pages.add(page);
    for (let p = 0; p < places.length; p++) places[p]!.add(keys, p * this.#keyWords, this.#heldPages);
    if (++this.#heldPages === this.#maxHeldPages) this.#writeRuns();
  }

  /** Sorts, removes its files, tells. */
  finish(): SharedKeys {
    const places = this.#places ?? [];
    try {
      if (this.#sorted === undefined) {
        for (const place of places) place.markRepeated(this.#equalKeys, this.#heldPages, 0);
      } else {
        this.#writeRuns();
        this.#forget();
        for (const { runs, shared } of places) {
          const merged = this.#sorted.merge(runs, this.#memoryBytes);
          eachRepeated(merged, this.#keyWords, (ordinal) => setBit(shared, ordinal));
        }
      }
    } finally {
      this.close();
    }
    return new MarkedKeys(
      this.#pages,
      places.map(({ shared }) => shared),
      this.#keyWords,
    );
  }

  /** Gives up: removes its files. */
  close(): void {
    this.#file?.close();
    this.#file = undefined;
    this.#sorted = undefined;
    this.#forget();
    this.#places = undefined;
  }

  #forget(): void {
    for (const place of this.#places ?? []) place.forget();
    this.#equalKeys.forget();
  }

  #makePlaces(count: number): PlaceKeys[] {
    const bytesPerPage = count * this.#keyWords * 4 + SORT_BYTES_PER_KEY;
    this.#maxHeldPages = Math.max(MIN_PAGES_IN_MEMORY, Math.floor(this.#memoryBytes / bytesPerPage));
    return Array.from({ length: count }, () => new PlaceKeys(this.#keyWords, this.#maxHeldPages));
  }

  /** A run for each place: its distinct keys, each with the ordinal of a page that has it. */
  #writeRuns(): void {
    const keyWords = this.#keyWords;
    this.#file ??= new ScratchFile(join(this.#scratch, "keys.runs"));
    this.#sorted ??= new SortedRuns(this.#file, { recordWords: keyWords + 1, keyWords });
    const { record } = this.#sorted;
    const firstOrdinal = this.#pages.size - this.#heldPages;
    for (const place of this.#places!) {
      const distinct = place.markRepeated(this.#equalKeys, this.#heldPages, firstOrdinal);
      place.runs.push(this.#sorted.begin());
      for (let i = 1; i < distinct.length; i += 2) {
        const index = distinct[i]!;
        for (let w = 0; w < keyWords; w++) record[w] = place.keys[index * keyWords + w]!;
        record[keyWords] = firstOrdinal + index;
        this.#sorted.add();
      }
    }
    this.#heldPages = 0;
  }
}

/** Calls `repeated` with the ordinal of every record whose key another one has, too: once at least. */
function eachRepeated(merged: MergedRuns, keyWords: number, repeated: (ordinal: number) => void): void {
  const last = new Uint32Array(keyWords + 1);
  let hasLast = false;
  for (let head = merged.first; head !== undefined; head = merged.first) {
    const { words, word } = head;
    let same = 0;
    while (same < keyWords && words[word + same] === last[same]) same++;
    if (hasLast && same === keyWords) {
      repeated(last[keyWords]!);
      repeated(words[word + keyWords]!);
    }
    for (let w = 0; w <= keyWords; w++) last[w] = words[word + w]!;
    hasLast = true;
    merged.next();
  }
}

/** The keys of one place of the signature that are in memory, and the bits of all pages so far. */
class PlaceKeys {
  readonly #keyWords: number;
  readonly #maxPages: number;
  keys: Uint32Array<ArrayBuffer>;
  /** A bit for each page by its ordinal: whether another page has the same key here. */
  shared: Uint32Array<ArrayBuffer> = new Uint32Array(0);
  /** Of the keys that memory did not hold. */
  readonly runs: Run[] = [];

  constructor(keyWords: number, maxPages: number) {
    this.#keyWords = keyWords;
    this.#maxPages = maxPages;
    this.keys = new Uint32Array(Math.min(INITIAL_PAGES, maxPages) * keyWords);
  }

  add(keys: Uint32Array, at: number, index: number): void {
    const to = index * this.#keyWords;
    if (to === this.keys.length) {
      this.keys = enlarged(this.keys, Math.min(2 * this.keys.length, this.#maxPages * this.#keyWords));
    }
    for (let w = 0; w < this.#keyWords; w++) this.keys[to + w] = keys[at + w]!;
  }

  /** Marks the pages in memory whose key another one of them has; lends the distinct keys as `EqualKeys` does. */
  markRepeated(equalKeys: EqualKeys, pageCount: number, firstOrdinal: number): Uint32Array {
    const words = Math.ceil((firstOrdinal + pageCount) / 32);
    if (words > this.shared.length)
      this.shared = enlarged(this.shared, Math.max(words, Math.ceil(this.shared.length * 1.25)));
    const { shared } = this;
    return equalKeys.find(this.keys, pageCount, (index) => setBit(shared, firstOrdinal + index));
  }

  /** Lets go of the keys, not of the bits. */
  forget(): void {
    release(this.keys);
    this.keys = new Uint32Array(0);
  }
}

class MarkedKeys implements SharedKeys {
  readonly #pages: PageSet;
  readonly #places: readonly Uint32Array[];
  readonly #keyWords: number;
  /** A bit for each page: whether it has one in any place. */
  readonly #any: Uint32Array;

  constructor(pages: PageSet, places: readonly Uint32Array[], keyWords: number) {
    this.#pages = pages;
    this.#places = places;
    this.#keyWords = keyWords;
    this.#any = new Uint32Array(Math.ceil(pages.size / 32));
    for (const bits of places) for (let i = 0; i < this.#any.length; i++) this.#any[i] = this.#any[i]! | bits[i]!;
  }

  get bytes(): number {
    return this.#places.reduce((sum, bits) => sum + bits.byteLength, this.#pages.bytes + this.#any.byteLength);
  }

  isShared(page: number): boolean {
    const ordinal = this.#pages.ordinalOf(page);
    return ordinal >= 0 && hasBit(this.#any, ordinal);
  }

  mask(page: number, keys: Uint32Array): void {
    const ordinal = this.#pages.ordinalOf(page);
    if (ordinal < 0 || !hasBit(this.#any, ordinal)) {
      keys.fill(0);
      return;
    }
    const keyWords = this.#keyWords;
    for (let p = 0; p < this.#places.length; p++) {
      if (!hasBit(this.#places[p]!, ordinal)) keys.fill(0, p * keyWords, (p + 1) * keyWords);
    }
  }
}

function setBit(bits: Uint32Array, at: number): void {
  bits[at >>> 5] = bits[at >>> 5]! | (1 << (at & 31));
}

function hasBit(bits: Uint32Array, at: number): boolean {
  return (bits[at >>> 5]! & (1 << (at & 31))) !== 0;
}
