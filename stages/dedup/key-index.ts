/**
 * The index of banded signatures: one key table a band, since a key means something only within its band. Pages are
 * numbered from 0 as they are added.
 *
 * A key of which all words are 0 stands for one that nobody else has, and is left out.
 *
 * Memory for 64-bit keys: 14 to 21 bytes a band, 198 to 297 bytes a page at 14 bands; where a page shares its key with an
 * earlier one, 12 to 18 bytes in place of these. While a band's table grows, it is there twice; the bands grow one after
 * the other.
 */
import { KeyTable } from "./key-table.ts";

export class KeyIndex {
  readonly #tables: readonly KeyTable[];
  readonly #keyWords: number;
  readonly #firstWords: Uint32Array;
  #pageCount = 0;
  #entriesSkipped = 0;
  /** The most pages that `pagesInto` can write. */
  readonly maxPagesFound: number;

  constructor(shape: { readonly bands: number; readonly keyWords: number; readonly maxPagesPerKey: number }) {
    const { bands, keyWords, maxPagesPerKey } = shape;
    this.#tables = Array.from({ length: bands }, () => new KeyTable(keyWords, maxPagesPerKey));
    this.#keyWords = keyWords;
    this.#firstWords = new Uint32Array(bands);
    this.maxPagesFound = bands * maxPagesPerKey;
  }

  /** Pages added. */
  get pageCount(): number {
    return this.#pageCount;
  }

  /** How many times an added page was left out of a band because its key already had as many pages as it may. */
  get entriesSkipped(): number {
    return this.#entriesSkipped;
  }

  get bytes(): number {
    return this.#tables.reduce((sum, table) => sum + table.bytes, 0);
  }

  /** Writes the added pages that share a key with these, once per shared band, in no useful order; returns how many. */
  pagesInto(keys: Uint32Array, out: Uint32Array): number {
    this.#touch(keys);
    let count = 0;
    let at = 0;
    for (const table of this.#tables) {
      count += table.pagesInto(keys, at, out, count);
      at += this.#keyWords;
    }
    return count;
  }

  /** The most added pages that share any one key with these. */
  mostUnderOneKey(keys: Uint32Array): number {
    const counts = this.#tables.map((table, band) => table.countOf(keys, band * this.#keyWords));
    return Math.max(0, ...counts);
  }

  /** Remembers a page under its keys; returns its number. A page whose keys are all left out has a number, too. */
  add(keys: Uint32Array): number {
    this.#touch(keys);
    const page = this.#pageCount++;
    let at = 0;
    for (const table of this.#tables) {
      if (!table.add(keys, at, page)) this.#entriesSkipped++;
      at += this.#keyWords;
    }
    return page;
  }

  /**
   * In a large index every band's slot is a cache miss. Reading all of them before any is searched lets the fetches
   * overlap, where the searches, which branch on what they read, would wait for one after the other.
   */
  #touch(keys: Uint32Array): void {
    for (let band = 0; band < this.#tables.length; band++) {
      // Written somewhere, as a read that nobody uses would be optimised away.
      this.#firstWords[band] = this.#tables[band]!.touch(keys, band * this.#keyWords);
    }
  }
}
