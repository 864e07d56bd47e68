/** Writes what `fasttext-model.ts` reads: fastText's file format, version 12. The layout is told there. */
import { closeSync, openSync, writeSync } from "node:fs";
import type { Matrix, QuantisedMatrix } from "./fasttext-matrix.ts";
import {
  type Dictionary,
  type FastTextModel,
  type KeptBuckets,
  LOSSES,
  MAGIC,
  NEWEST_VERSION,
  SUPERVISED,
} from "./fasttext-model.ts";

/**
 * A model as a fastText 0.9.2 file: a `.bin` where its matrices are dense, a `.ftz` where they are quantised. A file
 * that fastText wrote and `readFastTextModel` read comes out byte by byte.
 */
export function writeFastTextModel(model: FastTextModel): Uint8Array {
  return Buffer.concat([...modelParts(model)]);
}

/** Writes a model to a file, without holding its bytes a second time. */
export function saveFastTextModel(model: FastTextModel, path: string): void {
  const descriptor = openSync(path, "w");
  try {
    for (const part of modelParts(model)) {
      for (let done = 0; done < part.length; ) {
        done += writeSync(descriptor, part, done, Math.min(part.length - done, LARGEST_WRITE_BYTES));
      }
    }
  } finally {
    closeSync(descriptor);
  }
}

// One write of the operating system takes less than 2 GiB.
const LARGEST_WRITE_BYTES = 1 << 30;

function* modelParts(model: FastTextModel): Generator<Uint8Array> {
  const { training, dictionary, keptBuckets, input, output } = model;
  const lossCode = Number(Object.keys(LOSSES).find((code) => LOSSES[Number(code)] === model.loss));
  yield i32(MAGIC, NEWEST_VERSION);
  yield i32(model.columns, training.window, training.epochs, training.minCount, training.negatives, model.wordNgrams);
  yield i32(lossCode, SUPERVISED, model.buckets, model.minChars, model.maxChars, training.rateUpdateTokens);
  yield f64(training.samplingThreshold);

  const { wordCount, labelCount } = dictionary;
  yield i32(wordCount + labelCount, wordCount, labelCount);
  yield i64(dictionary.tokenCount, keptBuckets === null ? -1 : keptBuckets.buckets.length);
  yield entryBytes(dictionary);
  if (keptBuckets !== null) yield pairBytes(keptBuckets);
  yield* matrixParts(input);
  yield* matrixParts(output);
}

function entryBytes({ wordCount, labelCount, bytes, starts, counts }: Dictionary): Uint8Array {
  const entryCount = wordCount + labelCount;
  const result = Buffer.alloc(bytes.length + entryCount * (1 + 8 + 1));
  let at = 0;
  for (let entry = 0; entry < entryCount; entry++) {
    result.set(bytes.subarray(starts[entry], starts[entry + 1]), at);
    at += starts[entry + 1]! - starts[entry]! + 1;
    result.writeBigInt64LE(BigInt.asIntN(64, BigInt(counts[entry]!)), at);
    result[at + 8] = entry < wordCount ? 0 : 1;
    at += 8 + 1;
  }
  return result;
}

function pairBytes({ buckets, rows }: KeptBuckets): Uint8Array {
  const pairs = new Int32Array(2 * buckets.length);
  for (let i = 0; i < buckets.length; i++) {
    pairs[2 * i] = buckets[i]!;
    pairs[2 * i + 1] = rows[i]!;
  }
  return bytesOf(pairs);
}

function* matrixParts(matrix: Matrix): Generator<Uint8Array> {
  const shape = i64(matrix.rows, matrix.columns);
  if (matrix.kind === "dense") {
    yield Uint8Array.of(0);
    yield shape;
    yield bytesOf(matrix.weights);
    return;
  }
  yield Uint8Array.of(1, matrix.normCodes === null ? 0 : 1);
  yield shape;
  yield i32(matrix.codes.length);
  yield matrix.codes;
  yield quantiserShape(matrix);
  yield bytesOf(matrix.centroids);
  if (matrix.normCodes === null) return;
  yield matrix.normCodes;
  yield i32(1, 1, 1, 1);
  yield bytesOf(matrix.norms!);
}

function quantiserShape({ columns, parts, partColumns }: QuantisedMatrix): Uint8Array {
  return i32(columns, parts, partColumns, columns - (parts - 1) * partColumns);
}

function i32(...values: number[]): Uint8Array {
  return bytesOf(Int32Array.from(values));
}

function i64(...values: number[]): Uint8Array {
  return bytesOf(BigInt64Array.from(values, BigInt));
}

function f64(value: number): Uint8Array {
  return bytesOf(Float64Array.of(value));
}

/** The bytes where they lie: machines that run Node are little-endian, as the format is. */
function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
