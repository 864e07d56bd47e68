/** The two ways to fill rows, and what the rows tell a model. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cumulativeLengths, documentLengths, positionsOf, targetMask } from "../../pipeline/packed/masks.ts";
import type { PackingCounts } from "../../pipeline/packed/packing-manifest.ts";
import { seededRandom } from "../../pipeline/random.ts";
import { type BestFitParams, type Packer, packBestFit } from "../../tokenizer/packing/best-fit.ts";
import { packBestFitFast } from "../../tokenizer/packing/best-fit-fast.ts";
import { concatenate } from "../../tokenizer/packing/concatenate.ts";
import { noCounts } from "../../tokenizer/packing/counts.ts";
import { type DocumentSpan, MemorySpan } from "../../tokenizer/packing/document-span.ts";
import { LengthSet } from "../../tokenizer/packing/length-set.ts";

const EOT = 0;

/** Letters are tokens, and each document ends with end-of-text. */
function documentsOf(texts: readonly string[]): MemorySpan[] {
  return texts.map((text, n) => new MemorySpan(n, Uint16Array.from([...text].map((c) => c.charCodeAt(0)).concat(EOT))));
}

function documentsOfLengths(lengths: readonly number[]): MemorySpan[] {
  return lengths.map((length, n) => new MemorySpan(n, new Uint16Array(length).fill(n % 1000).fill(EOT, length - 1)));
}

function write(rows: Iterable<readonly DocumentSpan[]>): string[] {
  return [...rows].map((row) => row.map(letters).join(" "));
}

function letters(span: DocumentSpan): string {
  const tokens = new Uint16Array(span.length);
  span.copyTo(tokens, 0);
  return [...tokens].map((token) => (token === EOT ? "." : String.fromCharCode(token))).join("");
}

/** A row as numbers: what two packers have to agree in. */
function places(rows: Iterable<readonly DocumentSpan[]>): number[][] {
  return [...rows].map((row) => row.flatMap(({ document, start, length }) => [document, start, length]));
}

function randomLengths(seed: number, count: number, max: number): number[] {
  const random = seededRandom(seed);
  // Skewed, as pages are: many short, few long.
  return Array.from({ length: count }, () => 1 + Math.floor(max * random() ** 3));
}

function expectConserved(counts: PackingCounts, rowTokens: number): void {
  assert.equal(counts.tokensIn, counts.tokensKept + counts.tokensCropped + counts.tokensRemainder);
  assert.equal(counts.rows * rowTokens, counts.tokensKept + counts.tokensPadded);
  assert.ok(counts.documentsWhole + counts.documentsCut <= counts.documents);
  assert.ok(counts.tokensRemainder < rowTokens);
}

test("concatenate: one after another, cut at every row, the rest counted", () => {
  const counts = noCounts();
  const rows = write(concatenate(documentsOf(["aaaaaa", "bb", "ccccc", "d"]), 8, counts));
  assert.deepEqual(rows, ["aaaaaa. b", "b. ccccc."]);
  assert.deepEqual(counts, {
    documents: 4,
    tokensIn: 18,
    rows: 2,
    tokensKept: 16,
    tokensCropped: 0,
    tokensRemainder: 2,
    tokensPadded: 0,
    documentsWhole: 2,
    documentsCut: 1,
  });
});

test("best-fit: the longest that fits, then the next", () => {
  const documents = documentsOf(["aaaaa", "bbb", "cc", "d"]);
  const padded = noCounts();
  const params = { rowTokens: 8, fill: "pad", bufferDocuments: 10 } as const;
  assert.deepEqual(write(packBestFit(documents, params, padded)), ["aaaaa. d.", "bbb. cc."]);
  assert.equal(padded.tokensPadded, 1);
  assert.equal(padded.documentsWhole, 4);

  // The last row is not full: with "crop" it is the remainder.
  const cropped = noCounts();
  assert.deepEqual(write(packBestFit(documents, { ...params, fill: "crop" }, cropped)), ["aaaaa. d."]);
  assert.equal(cropped.tokensRemainder, 7);
});

test("best-fit: crop fills a row with the beginning of the shortest", () => {
  const counts = noCounts();
  const documents = documentsOf(["aaaaa", "bbbbbb", "cccc", "ddddd"]);
  const params = { rowTokens: 8, fill: "crop", bufferDocuments: 4 } as const;
  // b (7) leaves one place, and of a (6), c (5) and d (6) the shortest loses least; then a leaves two.
  assert.deepEqual(write(packBestFit(documents, params, counts)), ["bbbbbb. c", "aaaaa. dd"]);
  assert.equal(counts.tokensCropped, 4 + 4);
  assert.equal(counts.documentsCut, 2);
});

test("best-fit: a document longer than a row is cut into rows, and its rest packed like a document", () => {
  const counts = noCounts();
  const documents = documentsOf(["abcdefghijklmnopqr", "ss"]);
  const params = { rowTokens: 8, fill: "pad", bufferDocuments: 8 } as const;
  assert.deepEqual(write(packBestFit(documents, params, counts)), ["abcdefgh", "ijklmnop", "qr. ss."]);
  assert.equal(counts.documentsCut, 1);
  assert.equal(counts.documentsWhole, 1);
});

test("best-fit: a buffer of one document packs them as they come", () => {
  const params = { rowTokens: 8, fill: "pad", bufferDocuments: 1 } as const;
  const rows = write(packBestFit(documentsOf(["aaa", "bbbbbb", "c", "d"]), params, noCounts()));
  assert.deepEqual(rows, ["aaa.", "bbbbbb.", "c. d."]);
});

test("the fast packer gives the rows of the definition, on random lengths", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = seededRandom(seed);
    const rowTokens = 3 + Math.floor(random() * 300);
    const lengths = randomLengths(seed, Math.floor(random() * 300), rowTokens * (seed % 3 === 0 ? 4 : 1));
    for (const fill of ["crop", "pad"] as const) {
      const params: BestFitParams = { rowTokens, fill, bufferDocuments: 1 + Math.floor(random() * 64) };
      const results = [packBestFit, packBestFitFast].map((packer: Packer) => {
        const counts = noCounts();
        return { rows: places(packer(documentsOfLengths(lengths), params, counts)), counts };
      });
      assert.deepEqual(results[1], results[0], `seed ${seed} ${fill}`);
    }
  }
});

test("tokens in are kept, cropped or left over, and every document is whole where it can be", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const rowTokens = 2 + seed * 7;
    const lengths = randomLengths(seed, 400, rowTokens * 2);
    for (const strategy of ["concatenate", "crop", "pad"] as const) {
      const counts = noCounts();
      const documents = documentsOfLengths(lengths);
      const rows =
        strategy === "concatenate"
          ? concatenate(documents, rowTokens, counts)
          : packBestFitFast(documents, { rowTokens, fill: strategy, bufferDocuments: 50 }, counts);
      const seen = new Map<number, number>();
      let kept = 0;
      for (const row of rows) {
        let used = 0;
        for (const { document, start, length } of row) {
          assert.ok(length > 0);
          // Parts follow one another in the document, and none is there twice.
          if (strategy === "concatenate") assert.equal(start, seen.get(document) ?? 0);
          seen.set(document, (seen.get(document) ?? 0) + length);
          used += length;
        }
        assert.ok(strategy === "pad" ? used <= rowTokens && used > 0 : used === rowTokens);
        kept += used;
      }
      assert.equal(
        counts.tokensIn,
        lengths.reduce((sum, length) => sum + length, 0),
      );
      assert.equal(counts.tokensKept, kept);
      expectConserved(counts, rowTokens);
      for (const [document, tokens] of seen) assert.ok(tokens <= lengths[document]!, "no token twice");
      if (strategy === "pad") {
        assert.equal(kept, counts.tokensIn, "padding loses nothing");
        assert.equal(counts.documentsWhole, lengths.filter((length) => length <= rowTokens).length);
        assert.equal(counts.documentsCut, lengths.filter((length) => length > rowTokens).length);
      }
    }
  }
});

test("best-fit loses less than it would without a choice", () => {
  const lengths = randomLengths(9, 5000, 2000);
  const loss = (bufferDocuments: number): number => {
    const counts = noCounts();
    for (const _ of packBestFitFast(
      documentsOfLengths(lengths),
      { rowTokens: 1025, fill: "pad", bufferDocuments },
      counts,
    ));
    return counts.tokensPadded / counts.tokensIn;
  };
  const [none, some, many] = [loss(1), loss(32), loss(1000)];
  assert.ok(none > 4 * some && some > many && many < 0.005, `${none} ${some} ${many}`);
});

test("edges: no documents, exactly one row, one giant, documents of end-of-text alone", () => {
  for (const strategy of ["concatenate", "crop", "pad"] as const) {
    const run = (lengths: readonly number[]): [number, PackingCounts] => {
      const counts = noCounts();
      const documents = documentsOfLengths(lengths);
      const rows =
        strategy === "concatenate"
          ? concatenate(documents, 10, counts)
          : packBestFitFast(documents, { rowTokens: 10, fill: strategy, bufferDocuments: 4 }, counts);
      const made = [...rows].length;
      expectConserved(counts, 10);
      return [made, counts];
    };
    assert.equal(run([])[0], 0);
    const [exact, exactCounts] = run([10, 10, 10]);
    assert.equal(exact, 3);
    assert.equal(exactCounts.documentsWhole, 3);
    assert.equal(exactCounts.tokensRemainder + exactCounts.tokensPadded + exactCounts.tokensCropped, 0);
    const [giant, giantCounts] = run([1_000_003]);
    assert.equal(giant, strategy === "pad" ? 100_001 : 100_000);
    assert.equal(giantCounts.documentsCut, 1);
    const [empty, emptyCounts] = run(Array(25).fill(1));
    assert.equal(empty, strategy === "pad" ? 3 : 2);
    assert.equal(emptyCounts.documentsWhole, strategy === "pad" ? 25 : 20);
    assert.equal(run([0, 0, 10, 0])[0], 1, "a document without any token is no piece");
  }
});

test("a hundred thousand tiny documents are packed in no time", () => {
  const lengths = randomLengths(3, 100_000, 30);
  const counts = noCounts();
  const begun = performance.now();
  for (const _ of packBestFitFast(
    documentsOfLengths(lengths),
    { rowTokens: 2049, fill: "crop", bufferDocuments: 50_000 },
    counts,
  ));
  assert.ok(performance.now() - begun < 2000);
  expectConserved(counts, 2049);
  assert.ok(counts.tokensCropped / counts.tokensIn < 0.001);
});

test("a set of lengths answers as a plain set does", () => {
  for (const max of [1, 31, 32, 33, 1023, 1024, 1025, 40_000]) {
    const random = seededRandom(max);
    const fast = new LengthSet(max);
    const plain = new Set<number>();
    for (let step = 0; step < 400; step++) {
      const value = Math.floor(random() * (max + 1));
      if (random() < 0.5) {
        fast.add(value);
        plain.add(value);
      } else {
        // Whatever was added last leaves as often as not, so that the set is often nearly empty.
        const gone = [...plain].at(-1) ?? value;
        fast.remove(gone);
        plain.delete(gone);
      }
      const limit = step % 5 === 0 ? max : Math.floor(random() * (max + 1));
      const below = [...plain].filter((member) => member <= limit);
      assert.equal(fast.highestUpTo(limit), Math.max(-1, ...below), `max ${max} step ${step}`);
      assert.equal(fast.lowest(), plain.size === 0 ? -1 : Math.min(...plain));
    }
  }
});

test("masks: attention, positions and targets follow from where documents begin", () => {
  // a a E b b b E, and end-of-text that is the last target.
  const full = { tokens: new Uint16Array(8), documentStarts: Uint32Array.of(0, 3, 7), usedTokens: 8 };
  assert.deepEqual([...cumulativeLengths(full)], [0, 3, 7]);
  assert.deepEqual([...documentLengths(full)], [3, 4]);
  assert.deepEqual([...positionsOf(full)], [0, 1, 2, 0, 1, 2, 3]);
  assert.deepEqual([...targetMask(full)], [1, 1, 0, 1, 1, 1, 0]);

  const padded = { tokens: new Uint16Array(8), documentStarts: Uint32Array.of(0, 3), usedTokens: 5 };
  assert.deepEqual([...documentLengths(padded)], [3, 2, 2], "padding attends to itself");
  assert.deepEqual([...positionsOf(padded)], [0, 1, 2, 0, 1, 0, 1]);
  assert.deepEqual([...targetMask(padded)], [1, 1, 0, 1, 0, 0, 0]);

  const single = { tokens: new Uint16Array(4), documentStarts: Uint32Array.of(0), usedTokens: 4 };
  assert.deepEqual([...cumulativeLengths(single)], [0, 3]);
  assert.deepEqual([...targetMask(single)], [1, 1, 1]);
  // The last token alone is padding: it is no position, only a target.
  const almost = { tokens: new Uint16Array(4), documentStarts: Uint32Array.of(0), usedTokens: 3 };
  assert.deepEqual([...cumulativeLengths(almost)], [0, 3]);
  assert.deepEqual([...targetMask(almost)], [1, 1, 0]);
});
