/** Order from keys alone, within a limit of memory. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { seededRandom } from "../../pipeline/random.ts";
import {
  ExternalShuffle,
  minShuffleBytes,
  recordBytes,
  SHUFFLE_DOCUMENTS,
  SHUFFLE_ROWS,
  shuffleKey,
} from "../../tokenizer/packing/shuffle.ts";
import { tempFolder } from "./temp.ts";

const root = tempFolder();
let made = 0;

interface Item {
  readonly key: number;
  readonly payload: Buffer;
}

function items(seed: number, count: number, keyOf: (n: number) => number): Item[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, n) => {
    const payload = Buffer.alloc(4 + Math.floor(random() ** 2 * 900), n);
    payload.writeUInt32LE(n);
    return { key: keyOf(n), payload };
  });
}

/** Compares without a diff, which would take minutes for thousands of buffers. */
function expectSame(found: readonly Buffer[], expected: readonly Buffer[], what: string): void {
  assert.equal(found.length, expected.length, what);
  const firstOther = found.findIndex((payload, n) => !payload.equals(expected[n]!));
  assert.equal(firstOther, -1, what);
}

/** What comes out, how many files there were at most, and that none is left. */
function shuffled(
  all: readonly Item[],
  memoryBytes: number,
  expectedBytes = all.reduce((sum, { payload }) => sum + recordBytes(payload.length), 0),
): { order: Buffer[]; maxFiles: number } {
  const folder = join(root, String(made++));
  mkdirSync(folder);
  const shuffle = new ExternalShuffle({ folder, memoryBytes, maxPayloadBytes: 904, expectedBytes });
  // A payload may come in pieces.
  for (const { key, payload } of all) shuffle.add(key, payload.subarray(0, 3), payload.subarray(3));
  const order: Buffer[] = [];
  let maxFiles = 0;
  for (const bytes of shuffle.drain()) {
    if (order.length % 1000 === 0) maxFiles = Math.max(maxFiles, readdirSync(folder).length);
    order.push(Buffer.from(bytes));
  }
  shuffle.close();
  assert.deepEqual(readdirSync(folder), []);
  return { order, maxFiles };
}

const inOrderOfKeys = (all: readonly Item[]): Buffer[] =>
  all
    .map((item, n) => ({ ...item, n }))
    .sort((a, b) => a.key - b.key || a.n - b.n)
    .map(({ payload }) => payload);

const LITTLE = minShuffleBytes(904);

test("the same order in memory, in buckets, and in buckets of buckets", () => {
  const all = items(1, 10_000, (n) => shuffleKey(5, SHUFFLE_DOCUMENTS, String(n)));
  const expected = inOrderOfKeys(all);
  const inMemory = shuffled(all, 1e9);
  expectSame(inMemory.order, expected, "in memory");
  assert.equal(inMemory.maxFiles, 0, "what fits the memory touches no disk");
  for (const memoryBytes of [LITTLE, 3 * LITTLE, 2e6]) {
    const onDisk = shuffled(all, memoryBytes);
    assert.ok(onDisk.maxFiles > 1);
    expectSame(onDisk.order, expected, `${memoryBytes} bytes`);
  }
  // A wrong guess of the size costs time, not correctness.
  for (const guess of [0, 1, 1e12]) expectSame(shuffled(all, LITTLE, guess).order, expected, `guess ${guess}`);
});

test("equal keys keep the order in which they came, however many there are", () => {
  const few = [0, 0.25, 0.5, 0.5 + 2 ** -48, 1 - 2 ** -48];
  const all = items(2, 10_000, (n) => few[n % few.length]!);
  for (const memoryBytes of [LITTLE, 1e9]) {
    expectSame(shuffled(all, memoryBytes).order, inOrderOfKeys(all), `${memoryBytes} bytes`);
  }
  const one = items(3, 10_000, () => 0.123);
  expectSame(shuffled(one, LITTLE).order, inOrderOfKeys(one), "one");
});

test("nothing, one record, and a limit that cannot be held", () => {
  assert.deepEqual(shuffled([], LITTLE).order, []);
  const one = items(4, 1, () => 0.9);
  expectSame(shuffled(one, LITTLE).order, inOrderOfKeys(one), "one");
  assert.throws(() => shuffled(one, LITTLE - 1), RangeError);
});

/** Σ (found − expected)² / expected. */
function chiSquare(found: readonly number[], expected: number): number {
  return found.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
}

test("every order of four is as likely as another", () => {
  const seeds = 12_000;
  const counts = new Map<string, number>();
  for (let seed = 0; seed < seeds; seed++) {
    const order = ["a", "b", "c", "d"]
      .map((name) => [shuffleKey(seed, SHUFFLE_DOCUMENTS, name), name] as const)
      .sort(([a], [b]) => a - b)
      .map(([, name]) => name)
      .join("");
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assert.equal(counts.size, 24);
  // 23 degrees of freedom: 49.7 is exceeded once in a thousand.
  const found = chiSquare([...counts.values()], seeds / 24);
  assert.ok(found < 49.7, String(found));
});

test("within one seed, every document is as likely at every place, and neighbours are strangers", () => {
  const count = 200_000;
  const order = Array.from({ length: count }, (_, n) => [shuffleKey(1, SHUFFLE_ROWS, String(n)), n] as const)
    .sort(([a], [b]) => a - b)
    .map(([, n]) => n);
  const cells = new Array<number>(100).fill(0);
  for (const [place, n] of order.entries()) {
    cells[Math.floor((10 * place) / count) * 10 + Math.floor((10 * n) / count)]!++;
  }
  // 81 degrees of freedom: 124.8 is exceeded once in a thousand.
  assert.ok(chiSquare(cells, count / 100) < 124.8);
  const ascents = order.filter((n, place) => place > 0 && n > order[place - 1]!).length;
  // The number of ascents of a random permutation has variance (n + 1) / 12.
  assert.ok(Math.abs(ascents - (count - 1) / 2) < 4 * Math.sqrt((count + 1) / 12));
});

test("documents and rows draw different keys from one seed, and other seeds others", () => {
  assert.notEqual(shuffleKey(1, SHUFFLE_DOCUMENTS, "7"), shuffleKey(1, SHUFFLE_ROWS, "7"));
  assert.notEqual(shuffleKey(1, SHUFFLE_ROWS, "7"), shuffleKey(2, SHUFFLE_ROWS, "7"));
});
