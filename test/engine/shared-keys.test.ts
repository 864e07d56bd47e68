/** Which keys more than one page has: sorted in memory, or in runs on disk, against Maps. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { isSameResult } from "../../pipeline/cli/bench-dedup/index-command.ts";
import { INDEX_WAYS, measureIndex } from "../../pipeline/cli/bench-dedup/index-scale.ts";
import { SharedKeysFinder } from "../../pipeline/duplicates/shared-keys.ts";
import { seededRandom } from "../../pipeline/random.ts";

const SEED = Number(process.env.FUZZ_SEED ?? 7);
const top = mkdtempSync(join(tmpdir(), "sluice-shared-keys-"));
after(() => rmSync(top, { recursive: true, force: true }));

let folders = 0;
function emptyFolder(): string {
  const folder = join(top, String(folders++));
  mkdirSync(folder);
  return folder;
}

interface Page {
  readonly page: number;
  readonly keys: Uint32Array;
}

/** The definition: which places of a page hold a key that another page has there, as "10110…". */
function definition(pages: readonly Page[], keyWords: number): string[] {
  const placesOf = (keys: Uint32Array) => Array.from({ length: keys.length / keyWords }, (_, p) => p);
  const keyOf = (keys: Uint32Array, p: number) => `${p}:${keys.subarray(p * keyWords, (p + 1) * keyWords).join()}`;
  const isNone = (keys: Uint32Array, p: number) =>
    keys.subarray(p * keyWords, (p + 1) * keyWords).every((w) => w === 0);
  const counts = new Map<string, number>();
  for (const { keys } of pages) {
    for (const p of placesOf(keys)) counts.set(keyOf(keys, p), (counts.get(keyOf(keys, p)) ?? 0) + 1);
  }
  return pages.map(({ keys }) =>
    placesOf(keys)
      .map((p) => (!isNone(keys, p) && counts.get(keyOf(keys, p))! > 1 ? "1" : "0"))
      .join(""),
  );
}

/** The same through a finder: what it leaves of keys when it masks them. */
function found(pages: readonly Page[], keyWords: number, memoryBytes: number): string[] {
  const scratch = emptyFolder();
  const finder = new SharedKeysFinder({ keyWords, scratch, memoryBytes });
  for (const { page, keys } of pages) finder.add(page, keys);
  const shared = finder.finish();
  assert.deepEqual(readdirSync(scratch), [], "scratch files are left");
  return pages.map(({ page, keys }) => {
    const masked = keys.slice();
    shared.mask(page, masked);
    let left = "";
    for (let at = 0; at < keys.length; at += keyWords) {
      const own = keys.subarray(at, at + keyWords);
      const now = masked.subarray(at, at + keyWords);
      const isKept = now.some((word) => word !== 0);
      if (isKept) assert.deepEqual(now, own);
      left += isKept ? "1" : "0";
    }
    assert.equal(shared.isShared(page), left.includes("1"), `page ${page}`);
    return left;
  });
}

const ROOMY = 1 << 28;
const TIGHT = 1 << 12;

function assertAsDefined(pages: readonly Page[], keyWords: number): void {
  const expected = definition(pages, keyWords);
  for (const memoryBytes of [ROOMY, TIGHT, 1]) assert.deepEqual(found(pages, keyWords, memoryBytes), expected);
}

/** Pages of which some have keys of earlier ones, whole or but for one word; some keys are zero; numbers have gaps. */
function randomPages(seed: number, count: number, places: number, keyWords: number): Page[] {
  const random = seededRandom(seed);
  const pages: Page[] = [];
  let page = Math.floor(random() * 3);
  for (let n = 0; n < count; n++) {
    const keys = Uint32Array.from({ length: places * keyWords }, () => random() * 2 ** 32);
    for (let p = 0; p < places; p++) {
      const at = p * keyWords;
      if (n > 0 && random() < 0.3) {
        const earlier = pages[Math.floor(random() * n)]!.keys;
        keys.set(earlier.subarray(at, at + keyWords), at);
        if (random() < 0.3) keys[at + Math.floor(random() * keyWords)]! ^= 1 << Math.floor(random() * 32);
      }
      if (random() < 0.05) keys.fill(0, at, at + keyWords);
    }
    pages.push({ page, keys });
    page += random() < 0.8 ? 1 : Math.floor(random() * 200) + 1;
  }
  return pages;
}

for (const keyWords of [1, 2, 4]) {
  test(`keys of ${keyWords} words: what Maps say, in memory, in 40 runs on disk and in hundreds`, () => {
    for (const [count, places] of [
      [5000, 1],
      [2000, 5],
      [33, 14],
    ] as const) {
      assertAsDefined(randomPages(SEED + count, count, places, keyWords), keyWords);
    }
  });
}

test("keys that agree in the first word are told apart by the others", () => {
  const pagesOf = (rest: readonly number[][]) =>
    rest.map((words, page) => ({ page, keys: Uint32Array.of(9, ...words) }));
  assert.deepEqual(found(pagesOf([[1], [2], [1], [3]]), 2, ROOMY), ["1", "0", "1", "0"]);
  const random = seededRandom(SEED);
  const words = Array.from({ length: 3000 }, () => [random() * 1000, 5, random() < 0.5 ? 1 : 0]);
  assertAsDefined(pagesOf(words), 4);
});

test("a key means something only in its own place", () => {
  const pages = [Uint32Array.of(1, 2, 3, 4), Uint32Array.of(3, 4, 1, 2), Uint32Array.of(3, 4, 5, 6)];
  assert.deepEqual(
    found(
      pages.map((keys, page) => ({ page, keys })),
      2,
      ROOMY,
    ),
    ["00", "10", "10"],
  );
});

test("100,000 pages that are all equal, equal in pairs, and all different, in little memory", () => {
  const count = 100_000;
  for (const distinct of [1, count / 2, count]) {
    const finder = new SharedKeysFinder({ keyWords: 2, scratch: emptyFolder(), memoryBytes: 1 << 17 });
    const keys = new Uint32Array(4);
    const keysOf = (page: number) => {
      for (let i = 0; i < 4; i++) keys[i] = Math.imul(page % distinct, 0x9e3779b1) + i + 1;
      return keys;
    };
    for (let page = 0; page < count; page++) finder.add(page, keysOf(page));
    const shared = finder.finish();
    let sharedPages = 0;
    for (let page = 0; page < count; page++) if (shared.isShared(page)) sharedPages++;
    assert.equal(sharedPages, distinct < count ? count : 0);
  }
});

test("numbers with large gaps cost 2 bits each, and one that was not added shares nothing", () => {
  const finder = new SharedKeysFinder({ keyWords: 1, scratch: emptyFolder(), memoryBytes: ROOMY });
  const numbers = [3, 31, 32, 1_000_000, 8_000_001];
  for (const page of numbers) finder.add(page, Uint32Array.of(5, page));
  const shared = finder.finish();
  for (const page of numbers) {
    const keys = Uint32Array.of(5, page);
    shared.mask(page, keys);
    assert.deepEqual([shared.isShared(page), ...keys], [true, 5, 0]);
  }
  for (const page of [0, 2, 4, 30, 33, 999_999, 1_000_001, 8_000_000, 8_000_002, 2 ** 32 - 1]) {
    const keys = Uint32Array.of(5, 5);
    shared.mask(page, keys);
    assert.deepEqual([shared.isShared(page), ...keys], [false, 0, 0], `page ${page}`);
  }
  assert.ok(shared.bytes < 3e6, `${shared.bytes} bytes`);
});

test("no pages at all, and pages without any place, share nothing", () => {
  const finder = () => new SharedKeysFinder({ keyWords: 2, scratch: emptyFolder(), memoryBytes: ROOMY });
  assert.equal(finder().finish().isShared(0), false);
  const one = finder();
  one.add(0, new Uint32Array(0));
  one.add(1, new Uint32Array(0));
  assert.equal(one.finish().isShared(1), false);
});

test("14 places cost 2.2 bytes a page in the end", () => {
  const finder = new SharedKeysFinder({ keyWords: 2, scratch: emptyFolder(), memoryBytes: ROOMY });
  const keys = new Uint32Array(28);
  for (let page = 0; page < 100_000; page++) finder.add(page, keys.fill(page + 1));
  const { bytes } = finder.finish();
  assert.ok(bytes < 2.3 * 100_000, `${bytes} bytes`);
});

test("pages out of order and pages with another number of keys are refused", () => {
  const finder = new SharedKeysFinder({ keyWords: 2, scratch: emptyFolder(), memoryBytes: ROOMY });
  finder.add(7, Uint32Array.of(1, 2));
  assert.throws(() => finder.add(7, Uint32Array.of(1, 2)), /page 7 after page 7: numbers must ascend/);
  assert.throws(() => finder.add(8, Uint32Array.of(1, 2, 3, 4)), /page 8: 4 words of keys, but 2 before/);
});

test("a finder that is given up leaves no file", () => {
  const scratch = emptyFolder();
  const finder = new SharedKeysFinder({ keyWords: 1, scratch, memoryBytes: 1 });
  for (let page = 0; page < 1000; page++) finder.add(page, Uint32Array.of(page));
  assert.equal(readdirSync(scratch).length, 1);
  finder.close();
  finder.close();
  assert.deepEqual(readdirSync(scratch), []);
});

test("a scratch folder that cannot be written is an error with the path in it", () => {
  const scratch = join(emptyFolder(), "file");
  writeFileSync(scratch, "");
  const finder = new SharedKeysFinder({ keyWords: 1, scratch, memoryBytes: 1 });
  assert.throws(() => {
    for (let page = 0; page < 1000; page++) finder.add(page, Uint32Array.of(page));
  }, /file\/keys\.runs: scratch file cannot be created \(ENOTDIR/);
  finder.close();
});

test("a full disk is an error with the path and what to do in it", { skip: !existsSync("/dev/full") }, () => {
  const scratch = emptyFolder();
  symlinkSync("/dev/full", join(scratch, "keys.runs"));
  const finder = new SharedKeysFinder({ keyWords: 4, scratch, memoryBytes: 1 });
  const keys = new Uint32Array(4 * 20);
  assert.throws(
    () => {
      for (let page = 0; page < 1000; page++) finder.add(page, keys.fill(page + 1));
    },
    (error: Error) =>
      error.name === "RetryError" && /keys\.runs: .* written \(ENOSPC.*make room there/.test(error.message),
  );
  finder.close();
  assert.deepEqual(readdirSync(scratch), []);
});

test("over the disk, the index finds the same pairs and clusters as in memory", () => {
  const options = { pages: 200_000, seed: SEED, memoryBytes: 1 << 22 };
  const results = INDEX_WAYS.map((way) => measureIndex({ way, ...options }));
  assert.ok(isSameResult(results), JSON.stringify(results));
  const [inMemory, onDisk] = results;
  assert.ok(inMemory!.hits > 300_000 && Math.abs(inMemory!.components - 170_000) < 1000);
  assert.ok(onDisk!.indexed < 0.32 * inMemory!.indexed, "pages that share nothing are not indexed");
});
