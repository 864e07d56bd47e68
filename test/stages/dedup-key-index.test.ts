import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../pipeline/random.ts";
import { KeyIndex } from "../../stages/dedup/key-index.ts";

/** The definition of the index: per band, a map from key to the first pages under it. */
class MapIndex {
  readonly #bands: Map<string, number[]>[];
  readonly #keyWords: number;
  readonly #maxPagesPerKey: number;
  pageCount = 0;
  entriesSkipped = 0;

  constructor({ bands, keyWords, maxPagesPerKey }: { bands: number; keyWords: number; maxPagesPerKey: number }) {
    this.#bands = Array.from({ length: bands }, () => new Map());
    this.#keyWords = keyWords;
    this.#maxPagesPerKey = maxPagesPerKey;
  }

  pagesOf(keys: Uint32Array): number[] {
    return this.#bands.flatMap((band, b) => band.get(this.#key(keys, b)) ?? []).sort((x, y) => x - y);
  }

  add(keys: Uint32Array): void {
    const page = this.pageCount++;
    for (const [b, band] of this.#bands.entries()) {
      const key = this.#key(keys, b);
      if (/^[0,]*$/.test(key)) continue;
      const pages = band.get(key);
      if (pages === undefined) band.set(key, [page]);
      else if (pages.length < this.#maxPagesPerKey) pages.push(page);
      else this.entriesSkipped++;
    }
  }

  #key(keys: Uint32Array, band: number): string {
    return keys.subarray(band * this.#keyWords, (band + 1) * this.#keyWords).join();
  }
}

function found(index: KeyIndex, keys: Uint32Array): number[] {
  const out = new Uint32Array(index.maxPagesFound);
  return [...out.subarray(0, index.pagesInto(keys, out)).sort()];
}

const SHAPES = [
  { bands: 2, keyWords: 2, maxPagesPerKey: 4, pages: 100_000 },
  { bands: 1, keyWords: 4, maxPagesPerKey: 1, pages: 50_000 },
  { bands: 3, keyWords: 1, maxPagesPerKey: 3, pages: 20_000 },
] as const;

for (const { pages, ...shape } of SHAPES) {
  test(`${pages * shape.bands} keys of ${shape.keyWords} words: the index agrees with a Map`, () => {
    const random = seededRandom(pages);
    const index = new KeyIndex(shape);
    const twin = new MapIndex(shape);
    const keys = new Uint32Array(shape.bands * shape.keyWords);
    const earlier: Uint32Array[] = [];
    for (let page = 0; page < pages; page++) {
      for (let i = 0; i < keys.length; i++) keys[i] = random() * 2 ** 32;
      // A third of the keys were there before, in full or with their last word changed.
      const old = earlier[Math.floor(random() * earlier.length)];
      if (old !== undefined && random() < 0.4) keys.set(old.subarray(0, shape.keyWords));
      if (random() < 0.1) keys[shape.keyWords - 1]! ^= 0x8000_0000;
      if (random() < 0.05) keys.fill(0, 0, Math.ceil(random() * keys.length));
      if (page % 8 === 0) {
        const [got, expected] = [found(index, keys), twin.pagesOf(keys)];
        if (got.join() !== expected.join()) assert.deepEqual(got, expected, `page ${page}`);
        earlier.push(keys.slice());
      }
      index.add(keys);
      twin.add(keys);
    }
    for (const keys of earlier) {
      const [got, expected] = [found(index, keys), twin.pagesOf(keys)];
      if (got.join() !== expected.join()) assert.deepEqual(got, expected);
    }
    assert.equal(index.pageCount, twin.pageCount);
    assert.equal(index.entriesSkipped, twin.entriesSkipped);
    assert.ok(index.entriesSkipped > 0);
  });
}

test("keys at the ends of the range are keys like any other, all words zero excepted", () => {
  const index = new KeyIndex({ bands: 1, keyWords: 2, maxPagesPerKey: 8 });
  const edges = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
  const all = edges.flatMap((a) => edges.map((b) => Uint32Array.of(a, b))).slice(1);
  for (const keys of all) assert.deepEqual(found(index, keys), []);
  for (const keys of all) index.add(keys);
  for (const [page, keys] of all.entries()) assert.deepEqual(found(index, keys), [page]);
});

test("slots crowded at the end of the table go on behind it, and survive growth", () => {
  const index = new KeyIndex({ bands: 1, keyWords: 2, maxPagesPerKey: 1 });
  const keysOf = (n: number) => Uint32Array.of(0xffff_fff0 + (n % 16), n);
  for (let n = 0; n < 3000; n++) index.add(keysOf(n));
  for (let n = 0; n < 3000; n++) assert.deepEqual(found(index, keysOf(n)), [n]);
});

test("a key means something only in its own band", () => {
  const index = new KeyIndex({ bands: 2, keyWords: 2, maxPagesPerKey: 1 });
  index.add(Uint32Array.of(1, 2, 3, 4));
  assert.deepEqual(found(index, Uint32Array.of(3, 4, 1, 2)), []);
  assert.deepEqual(found(index, Uint32Array.of(9, 9, 3, 4)), [0]);
  assert.deepEqual(found(index, Uint32Array.of(1, 2, 3, 4)), [0, 0]);
});

test("a key of zeros is neither stored nor found, takes no room, and is not counted as left out", () => {
  const index = new KeyIndex({ bands: 2, keyWords: 2, maxPagesPerKey: 2 });
  const empty = index.bytes;
  const none = new Uint32Array(4);
  for (let page = 0; page < 5000; page++) assert.equal(index.add(none), page);
  assert.deepEqual([index.bytes, index.entriesSkipped, index.mostUnderOneKey(none)], [empty, 0, 0]);
  assert.deepEqual(found(index, none), []);
  assert.equal(index.add(Uint32Array.of(0, 0, 0, 1)), 5000);
  assert.deepEqual(found(index, Uint32Array.of(0, 0, 0, 1)), [5000]);
  assert.deepEqual(found(index, none), []);
});

test("the most pages under one key are told, up to as many as it may have", () => {
  const index = new KeyIndex({ bands: 2, keyWords: 2, maxPagesPerKey: 3 });
  const keys = Uint32Array.of(1, 1, 2, 2);
  for (const expected of [0, 1, 2, 3, 3]) {
    assert.equal(index.mostUnderOneKey(Uint32Array.of(5, 5, 2, 2)), expected);
    assert.equal(index.mostUnderOneKey(keys), expected);
    index.add(keys);
  }
});

test("14 bands cost 198 to 297 bytes a page, and not 14 Maps' 2,500", () => {
  const random = seededRandom(14);
  const index = new KeyIndex({ bands: 14, keyWords: 2, maxPagesPerKey: 32 });
  const keys = new Uint32Array(28);
  for (let page = 1; page <= 60_000; page++) {
    for (let i = 0; i < keys.length; i++) keys[i] = random() * 2 ** 32;
    index.add(keys);
    if (page >= 10_000 && page % 1000 === 0) {
      const bytesPerPage = index.bytes / page;
      assert.ok(bytesPerPage > 197 && bytesPerPage < 298, `${bytesPerPage} at ${page} pages`);
    }
  }
});
