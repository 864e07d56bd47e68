/** The loader: rows in seeded order from shards and packed rows, mixed from several sources. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FormatError, RecipeError } from "../../pipeline/errors.ts";
import { MANIFEST } from "../../pipeline/manifest.ts";
import { seededRandom } from "../../pipeline/random.ts";
import { type PackOptions, pack } from "../../tokenizer/packing/pack.ts";
import { type Batch, type LoaderOptions, openLoader } from "../../trainer/loader.ts";
import { Mixture } from "../../trainer/mixture.ts";
import { epochOrder } from "../../trainer/order.ts";
import { tempFolder } from "../tokenizer/temp.ts";
import { type RunOptions, SMALL, tokenizerOf, writeRun as writeRunTo } from "./runs.ts";

const folder = tempFolder();
let made = 0;
const fresh = (name: string): string => join(folder, `${name}-${made++}`);
const writeRun = (documents: readonly number[][], options: RunOptions = {}): Promise<string> =>
  writeRunTo(fresh("run"), documents, options);

const END = SMALL.endOfText;

function someDocuments(count: number, seed = 1, { vocabSize, endOfText } = SMALL): number[][] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const ids = Array.from({ length: Math.floor(60 * random() ** 2) }, () => Math.floor(random() * (vocabSize - 1)));
    return [...ids, endOfText];
  });
}

async function packRun(run: string, options: Partial<PackOptions> = {}): Promise<string> {
  const outDir = fresh("packed");
  const shards = [{ path: join(run, "data/00000.tok") }];
  await pack({ shards, outDir, length: 31, strategy: "best-fit", shuffleDocuments: false, ...options });
  return outDir;
}

/** Opens a loader of one or more folders for as long as `use` takes. */
async function withLoader<T>(
  folders: string | readonly string[],
  options: Partial<LoaderOptions>,
  use: (loader: Awaited<ReturnType<typeof openLoader>>) => Promise<T>,
): Promise<T> {
  const sources = [folders].flat().map((folder) => ({ folder }));
  const loader = await openLoader({ sources, contextLength: 31, seed: 1, ...options });
  try {
    return await use(loader);
  } finally {
    await loader.close();
  }
}

/** The rows of a batch, with T + 1 tokens each. */
function rowsOf({ rows, positions, tokens, targets }: Batch): number[][] {
  return Array.from({ length: rows }, (_, n) => {
    const inputs = [...tokens.subarray(n * positions, (n + 1) * positions)];
    const outputs = [...targets.subarray(n * positions, (n + 1) * positions)];
    assert.deepEqual(inputs.slice(1), outputs.slice(0, -1), "targets are the tokens after");
    return [inputs[0]!, ...outputs];
  });
}

const readEpoch = (run: string, options: Partial<LoaderOptions> = {}, epoch = 0): Promise<number[][]> =>
  withLoader(run, options, async (loader) =>
    rowsOf(await loader.batch(epoch * loader.rowsPerEpoch, loader.rowsPerEpoch)),
  );

const sorted = (rows: readonly number[][]): string[] => rows.map((row) => row.join(" ")).sort();

/** The definition: the stream of all tokens, cut every T. */
function cut(stream: readonly number[], length: number): number[][] {
  const rows: number[][] = [];
  for (let at = 0; at + length < stream.length; at += length) rows.push(stream.slice(at, at + length + 1));
  return rows;
}

test("an epoch holds every row of the concatenated stream once, whatever the number of shards and the width of ids", async () => {
  for (const tokenizer of [SMALL, tokenizerOf(70_000)]) {
    const documents = someDocuments(80, 1, tokenizer);
    const stream = documents.flat();
    for (const contextLength of [1, 2, 31, stream.length - 1]) {
      const orders: number[][][] = [];
      // 100 shards of 80 documents: some of one document, some of none; long rows cross many.
      for (const shardCount of [1, 3, 100]) {
        const run = await writeRun(documents, { shardCount, tokenizer });
        for (const documentMasks of [false, true]) {
          orders.push(await readEpoch(run, { contextLength, documentMasks }));
        }
      }
      assert.deepEqual(sorted(orders[0]!), sorted(cut(stream, contextLength)));
      for (const order of orders) assert.deepEqual(order, orders[0], "the shards do not decide the order");
    }
  }
});

test("row by row or all at once, batches are the same, also across epochs", async () => {
  const run = await writeRun(someDocuments(40));
  await withLoader(run, { documentMasks: true }, async (loader) => {
    const rowCount = 2 * loader.rowsPerEpoch + 5;
    const whole = await loader.batch(0, rowCount);
    for (const size of [1, 4, loader.rowsPerEpoch, rowCount - 1]) {
      for (const field of ["tokens", "targets", "weights", "documents"] as const) {
        const parts: number[] = [];
        for (let row = 0; row < rowCount; row += size) {
          parts.push(...(await loader.batch(row, Math.min(size, rowCount - row)))[field]);
        }
        assert.deepEqual(parts, [...whole[field]], `${field} in batches of ${size}`);
      }
    }
  });
});

test("every epoch and every seed has an order of its own, and the same one again", async () => {
  const run = await writeRun(someDocuments(100));
  const first = await readEpoch(run);
  assert.deepEqual(await readEpoch(run), first);
  for (const other of [await readEpoch(run, {}, 1), await readEpoch(run, {}, 7), await readEpoch(run, { seed: 2 })]) {
    assert.notDeepEqual(other, first);
    assert.deepEqual(sorted(other), sorted(first));
  }
});

test("training goes on at a row number as if it had never stopped", async () => {
  const runs = [await writeRun(someDocuments(30)), await writeRun(someDocuments(50, 2))];
  const all = await withLoader(runs, {}, async (loader) => rowsOf(await loader.batch(0, 200)));
  for (const rowsTaken of [1, 57, 199]) {
    const rest = await withLoader(runs, {}, async (loader) => rowsOf(await loader.batch(rowsTaken, 200 - rowsTaken)));
    assert.deepEqual(rest, all.slice(rowsTaken));
  }
  await withLoader(runs, {}, async (loader) => {
    const far = await loader.batch(1e12, 2);
    assert.deepEqual(rowsOf(far), [...rowsOf(await loader.batch(1e12, 1)), ...rowsOf(await loader.batch(1e12 + 1, 1))]);
  });
});

test("with document masks, no target counts across a border, and documents are told apart", async () => {
  // T = 4: row 0 is 1 2 E 3 | 4, row 1 is 4 E E 5 | 6; 6 E are left over: one target of none.
  const run = await writeRun([[1, 2, END], [3, 4, END], [END], [5, 6, END]]);
  const expected: Record<string, { weights: number[]; documents: number[] }> = {
    [`1 2 ${END} 3 4`]: { weights: [1, 1, 0, 1], documents: [0, 0, 0, 1] },
    [`4 ${END} ${END} 5 6`]: { weights: [1, 0, 0, 1], documents: [0, 0, 1, 2] },
  };
  for (const documentMasks of [true, false]) {
    await withLoader(run, { contextLength: 4, documentMasks }, async (loader) => {
      assert.equal(loader.rowsPerEpoch, 2);
      assert.equal(loader.sources[0]!.droppedTokens, 1);
      for (let row = 0; row < 2; row++) {
        const batch = await loader.batch(row, 1);
        const { weights, documents } = expected[rowsOf(batch)[0]!.join(" ")]!;
        assert.deepEqual([...batch.weights], documentMasks ? weights : [1, 1, 1, 1]);
        assert.deepEqual([...batch.documents], documentMasks ? documents : [0, 0, 0, 0]);
      }
    });
  }
});

test("borders are where the documents say, at any place in any shard", async () => {
  const documents = someDocuments(120, 3);
  // The same documents with ids that name them: a border is where the number changes.
  const numbered = documents.map((ids, n) => ids.map((_, t) => (t === ids.length - 1 ? END : n)));
  const owners = documents.flatMap((ids, n) => ids.map(() => n));
  for (const shardCount of [1, 7]) {
    const run = await writeRun(numbered, { shardCount });
    await withLoader(run, { documentMasks: true, contextLength: 50 }, async (loader) => {
      for (let n = 0; n < loader.rowsPerEpoch; n++) {
        const { weights, documents: found } = await loader.batch(n, 1);
        const first = loader.placeOf(n).row * 50;
        for (let t = 0; t < 50; t++) {
          assert.equal(weights[t], owners[first + t] === owners[first + t + 1] ? 1 : 0);
          assert.equal(found[t], owners[first + t]! - owners[first]!);
        }
      }
    });
  }
});

test("packed rows are used as they are; padding is no target", async () => {
  const documents = someDocuments(60, 4);
  const packed = await packRun(await writeRun(documents));
  for (const documentMasks of [false, true]) {
    await withLoader(packed, { documentMasks }, async (loader) => {
      const { rowsPerEpoch } = loader;
      const batch = await loader.batch(0, rowsPerEpoch);
      assert.ok(batch.weights.includes(0));
      const rows = rowsOf(batch);
      assert.equal(new Set(sorted(rows)).size, rowsPerEpoch);
      // What counts as a target is every token of every document, but the first of each piece, or of each row.
      const tokens = documents.flat().length;
      const counted = batch.weights.reduce((sum, weight) => sum + weight, 0);
      const cutPieces = documents.reduce((sum, ids) => sum + Math.ceil(ids.length / 32), 0);
      assert.equal(counted, tokens - (documentMasks ? cutPieces : rowsPerEpoch));
      for (let i = 0; i + 1 < batch.weights.length; i++) {
        // A document's end predicts nothing, and what follows it is another document's, or padding.
        if (!documentMasks || (i + 1) % 31 === 0 || batch.tokens[i] !== END) continue;
        assert.equal(batch.weights[i], 0);
        if (batch.tokens[i + 1] !== END) assert.equal(batch.documents[i + 1], batch.documents[i]! + 1);
      }
      assert.equal(loader.sources[0]!.bytesPerToken, undefined);
    });
  }
});

test("a mixture keeps its proportions within one row at every point", async () => {
  const random = seededRandom(5);
  const many = Array.from({ length: 20 }, () => Math.ceil(1000 * random() ** 3));
  for (const weights of [[1], [1, 1], [3, 1], [0.7, 0.2, 0.1], [1, 99], [1, 100, 1, 100], [Math.PI, 1, Math.E], many]) {
    const mixture = new Mixture(weights);
    const sum = weights.reduce((total, weight) => total + weight, 0);
    for (const [n, weight] of weights.entries()) assert.ok(Math.abs(mixture.shares[n]! - weight / sum) < 2e-5);
    const taken = weights.map(() => 0);
    for (let row = 0; row < 3000; row++) {
      const { source, nth } = mixture.at(row);
      assert.equal(nth, taken[source]!++, "rows of a source are numbered one after the other");
      for (const [n, share] of mixture.shares.entries()) {
        assert.ok(Math.abs(taken[n]! - share * (row + 1)) < 1, `${weights}: source ${n} after ${row + 1} rows`);
      }
      if (row % 97 === 0) assert.deepEqual(mixture.rowsOfEach(row + 1), taken);
    }
    const far = 1e12 + 7;
    const farTaken = mixture.rowsOfEach(far);
    const { source, nth } = mixture.at(far);
    assert.equal(nth, farTaken[source]);
  }
});

test("sources go through epochs of their own, and the loader tells how far each is", async () => {
  // Ids tell the source: below 500 of the first, the rest of the second.
  const runs = [
    await writeRun(someDocuments(40).map((ids) => ids.map((id) => (id === END ? 0 : id % 500)).concat(END))),
    await writeRun(someDocuments(10, 2).map((ids) => ids.map(() => 700).concat(END))),
  ];
  const sources = [
    { folder: runs[0]!, weight: 1 },
    { folder: runs[1]!, weight: 3 },
  ];
  await withLoader([], { sources }, async (loader) => {
    assert.deepEqual(
      loader.sources.map(({ share }) => share),
      [0.25, 0.75],
    );
    const [, second] = loader.sources;
    assert.equal(loader.rowsPerEpoch, loader.sources[0]!.rowsPerEpoch + second!.rowsPerEpoch);
    const rowsTaken = 4 * second!.rowsPerEpoch;
    const rows = rowsOf(await loader.batch(0, rowsTaken));
    const fromSecond = rows.filter((row) => row.includes(700));
    assert.equal(fromSecond.length, 3 * second!.rowsPerEpoch);
    for (let epoch = 1; epoch < 3; epoch++) {
      const rowsOfEpoch = (n: number) => fromSecond.slice(n * second!.rowsPerEpoch, (n + 1) * second!.rowsPerEpoch);
      assert.deepEqual(sorted(rowsOfEpoch(epoch)), sorted(rowsOfEpoch(0)));
      assert.notDeepEqual(rowsOfEpoch(epoch), rowsOfEpoch(0));
    }
    const [first, other] = loader.progress(rowsTaken);
    assert.deepEqual(other, { folder: runs[1], rowsTaken: fromSecond.length, epochsTaken: 3 });
    assert.deepEqual([first!.folder, first!.rowsTaken], [runs[0], rowsTaken - fromSecond.length]);
    assert.equal(loader.placeOf(rowsTaken + 3).epoch, 3);
  });
  // The same data twice is two sources: each has an order of its own.
  await withLoader([runs[0]!, runs[0]!], {}, async (loader) => {
    const places = Array.from({ length: 20 }, (_, row) => loader.placeOf(row));
    const ofSource = (n: number) => places.filter(({ source }) => source === n).map(({ row }) => row);
    assert.notDeepEqual(ofSource(0), ofSource(1));
  });
});

test("packed rows and shards mix", async () => {
  const run = await writeRun(someDocuments(60));
  await withLoader([run, await packRun(run)], { documentMasks: true }, async (loader) => {
    assert.deepEqual([loader.vocabSize, loader.tokenizer], [SMALL.vocabSize, SMALL]);
    assert.equal(new Set(loader.manifestIds).size, 2);
    assert.deepEqual(
      loader.sources.map(({ bytesPerToken }) => bytesPerToken),
      [4, undefined],
    );
    rowsOf(await loader.batch(0, 50));
  });
});

test("an order is a permutation, for every number of rows", () => {
  const counts = [...Array.from({ length: 300 }, (_, n) => n + 1), 1023, 1024, 1025, 65_521, 65_536, 99_999];
  for (const rowCount of counts) {
    for (const epoch of [0, 1]) {
      const rowAt = epochOrder(rowCount, { seed: 7, source: 0, epoch });
      const seen = new Uint8Array(rowCount);
      for (let place = 0; place < rowCount; place++) seen[rowAt(place)]!++;
      assert.ok(
        seen.every((times) => times === 1),
        `${rowCount} rows`,
      );
    }
  }
  const rowCount = 2 ** 45 + 1;
  const rowAt = epochOrder(rowCount, { seed: 7, source: 0, epoch: 0 });
  const far = Array.from({ length: 1000 }, (_, place) => rowAt(rowCount - 1 - place));
  assert.equal(new Set(far).size, 1000);
  assert.ok(far.every((row) => Number.isSafeInteger(row) && row >= 0 && row < rowCount));
  for (const place of [-1, 0.5, rowCount]) assert.throws(() => rowAt(place), RangeError);
});

test("in the orders of many seeds, every row is as often at every place, beside every other", () => {
  for (const rowCount of [2, 5, 12, 20]) {
    const seeds = 400 * rowCount;
    const placed = new Uint32Array(rowCount * rowCount);
    const followed = new Uint32Array(rowCount * rowCount);
    for (let seed = 0; seed < seeds; seed++) {
      const rowAt = epochOrder(rowCount, { seed, source: 0, epoch: 0 });
      for (let place = 0; place < rowCount; place++) {
        placed[place * rowCount + rowAt(place)]!++;
        followed[rowAt(place) * rowCount + rowAt((place + 1) % rowCount)]!++;
      }
    }
    // 400 are expected of each place, 400 n / (n - 1) of each pair; six deviations are 120 and a little.
    for (const found of placed) assert.ok(Math.abs(found - 400) < 130, `${found} of 400 in orders of ${rowCount}`);
    const expected = (400 * rowCount) / (rowCount - 1);
    for (const [pair, found] of followed.entries()) {
      if (pair % (rowCount + 1) === 0 || rowCount === 2) continue;
      assert.ok(Math.abs(found - expected) < 150, `${found} of ${expected} pairs in orders of ${rowCount}`);
    }
  }
});

test("an order is what it was: a checkpoint of an earlier release goes on with the same rows", () => {
  const rowAt = epochOrder(1_000_003, { seed: 42, source: 1, epoch: 2 });
  assert.deepEqual([0, 1, 2, 1_000_002].map(rowAt), [495_348, 624_710, 442_622, 201_596]);
  const mixture = new Mixture([3, 1, 1]);
  assert.equal(Array.from({ length: 10 }, (_, row) => "abc"[mixture.at(row).source]).join(""), "aabacaabac");
});

test("what cannot be loaded is refused, and the message says what to do", async () => {
  const documents = someDocuments(20);
  const run = await writeRun(documents);
  const other = await writeRun(someDocuments(20, 1, tokenizerOf(2000)), { tokenizer: tokenizerOf(2000) });
  const packed = await packRun(run);
  const empty = fresh("empty");
  mkdirSync(empty);
  const gone = await writeRun(documents);
  rmSync(join(gone, "data/00000.tok"));
  const tokens = documents.flat().length;

  const refused: [Partial<LoaderOptions> | string, typeof FormatError | typeof RecipeError, RegExp][] = [
    [join(folder, "nowhere"), RecipeError, /nowhere: found no such folder; expected the output folder of/],
    [join(run, MANIFEST), RecipeError, /manifest\.json: found a file; expected/],
    [empty, FormatError, /found neither manifest\.json nor packing\.json; expected/],
    [
      await writeRun(documents, { sink: "jsonl", shardCount: 0 }),
      RecipeError,
      /no token shards \(its sink was jsonl\)/,
    ],
    [gone, FormatError, /00000\.tok: missing, or not of the size/],
    [
      { sources: [{ folder: run }, { folder: other }] },
      FormatError,
      /tokenizer v2000 0000.*, but .* has v1000 .*; mix sources of one tokenizer/,
    ],
    [
      { sources: [{ folder: run }], contextLength: tokens },
      RecipeError,
      new RegExp(`its ${tokens} tokens fill no row of ${tokens + 1}; expected`),
    ],
    [
      { sources: [{ folder: packed }], contextLength: 64 },
      RecipeError,
      /rows for a context of 31 tokens, expected 64: set contextLength to 31, or pack with --length 64/,
    ],
    [{ sources: [] }, RecipeError, /no sources/],
    [{ sources: [{ folder: run }], contextLength: 0 }, RecipeError, /contextLength 0: expected a whole number from 1/],
    [{ sources: [{ folder: run }], seed: 0.5 }, RecipeError, /seed 0\.5: expected a whole number/],
    ...[0, -1, Number.NaN, Infinity].map((weight): [Partial<LoaderOptions>, typeof RecipeError, RegExp] => [
      { sources: [{ folder: run, weight }, { folder: run }] },
      RecipeError,
      /source weight (0|-1|NaN|Infinity) of a sum of/,
    ]),
  ];
  for (const [what, kind, message] of refused) {
    const [folders, options] = typeof what === "string" ? [what, {}] : [[], what];
    await assert.rejects(
      withLoader(folders, options, async () => {}),
      (error) => error instanceof kind && message.test(error.message) && !error.message.includes("\n"),
      String(message),
    );
  }
  await withLoader(run, {}, async (loader) => {
    await assert.rejects(loader.batch(0, 0), RangeError);
    await assert.rejects(loader.batch(-1, 1), RangeError);
    assert.throws(() => loader.progress(1.5), RangeError);
  });
});

test("damage is found before training, or at the row that has it", async () => {
  const run = await writeRun(someDocuments(30));
  const shard = join(run, "data/00000.tok");
  const bytes = readFileSync(shard);
  const damage = (path: string, sound: Buffer, at: number): void => {
    const damaged = Buffer.from(sound);
    damaged[at]! ^= 1;
    writeFileSync(path, damaged);
  };
  damage(shard, bytes, 300);
  await assert.rejects(readEpoch(run), /tokens section is damaged/);
  damage(shard, bytes, 256 + 2 * someDocuments(30).flat().length + 1);
  await assert.rejects(readEpoch(run, { documentMasks: true, verify: false }), /documents section is damaged/);
  damage(shard, bytes, 20);
  await assert.rejects(readEpoch(run), /header section is damaged/);
  writeFileSync(shard, bytes);

  const packed = await packRun(run);
  const rows = join(packed, "rows/00000.rows");
  damage(rows, readFileSync(rows), 300);
  await assert.rejects(readEpoch(packed), /row 0 is damaged/);
});

test("an id beyond the vocabulary is refused, also where nothing was verified", async () => {
  const run = await writeRun([[1, 1000, END], ...someDocuments(10)]);
  await assert.rejects(readEpoch(run), /token 1000 in a vocabulary of 1000/);
  await assert.rejects(readEpoch(run, { verify: false, contextLength: 7 }), (error: Error) => {
    return error instanceof FormatError && /run-\d+: row 0: token 1000 in a vocabulary of 1000/.test(error.message);
  });
});
