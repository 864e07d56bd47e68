/**
 * Seeded order that does not depend on how things are stored. Each thing draws a key in [0, 1) from the seed and its own
 * name (a document's page id, a row's number), and the order is that of the keys.
 *
 * Why it is uniform: the keys come from SHA-256, so they are as good as independent uniform draws, and n such draws are
 * ranked in each of the n! ways with equal probability (equal keys, of 48 bits, are as rare as n² / 2^49, and keep the
 * order in which they came). The key of a document knows nothing of shards, workers or neighbours: other shards of the
 * same documents give the same order, and documents added or taken away leave the order of the others as it was, which
 * keeps two variants of a recipe comparable.
 *
 * Memory: records are spread over buckets by ranges of the key. A bucket that fits the memory is sorted there; one that
 * does not is spread again. Sorting the buckets one after the other sorts the whole, so the limit cannot be seen in the
 * result.
 *
 *     records ─▶ [0, ¼) [¼, ½) [½, ¾) [¾, 1) ─▶ sort ─▶ sort ─▶ spread again ─▶ sort …
 */
import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { drawUniform } from "../../pipeline/random.ts";

export const SHUFFLE_DOCUMENTS = "pack documents";
export const SHUFFLE_ROWS = "pack rows";

/** A key in [0, 1). `drawUniform`, said once here for both uses. */
export function shuffleKey(
  seed: number,
  purpose: typeof SHUFFLE_DOCUMENTS | typeof SHUFFLE_ROWS,
  name: string,
): number {
  return drawUniform(seed, purpose, name);
}

/** In a bucket: this, then the payload. */
const RecordLayout = {
  key: 0, // f64
  payloadBytes: 8, // u32
  payload: 12,
} as const;

/** What a record in memory takes beside its bytes: its key, its place and its rank. */
const INDEX_BYTES_A_RECORD = 8 + 8 + 4;
const MAX_FAN_OUT = 256;
const MIN_WRITE_BYTES = 1 << 14;
const READ_BYTES = 1 << 16;

/** The least memory that a shuffle can be held to: a few write buffers that hold a record, and one for reading. */
export function minShuffleBytes(maxPayloadBytes: number): number {
  return 16 * Math.max(MIN_WRITE_BYTES, recordBytes(maxPayloadBytes));
}

/** What a record adds to the memory and the disk that a shuffle needs. */
export function recordBytes(payloadBytes: number): number {
  return RecordLayout.payload + payloadBytes + INDEX_BYTES_A_RECORD;
}

/**
 * Sorts records by their keys within a limit of memory; equal keys stay in the order in which they came. Files lie in
 * `folder`, which is the caller's to make and to remove.
 * @example
 * const shuffle = new ExternalShuffle({ folder, memoryBytes: 1e8, maxPayloadBytes: 1e6, expectedBytes });
 * for (const page of pages) shuffle.add(shuffleKey(seed, SHUFFLE_DOCUMENTS, page.id), page.bytes);
 * for (const bytes of shuffle.drain()) …
 */
export class ExternalShuffle {
  readonly #limits: Limits;
  readonly #buckets: Buckets;

  /** `expectedBytes`, the sum of `recordBytes`, chooses the number of buckets. It need not be exact. */
  constructor({ folder, expectedBytes, ...limits }: Limits & { folder: string; expectedBytes: number }) {
    const minBytes = minShuffleBytes(limits.maxPayloadBytes);
    if (limits.memoryBytes < minBytes) {
      throw new RangeError(`a shuffle in ${limits.memoryBytes} bytes of memory: expected ${minBytes} or more`);
    }
    this.#limits = limits;
    this.#buckets = new Buckets({ path: join(folder, "bucket"), from: 0, to: 1 }, limits, expectedBytes);
  }

  /** A record; its payload is the pieces one after the other. They are copied. */
  add(key: number, ...payload: readonly Uint8Array[]): void {
    this.#buckets.add(key, payload);
  }

  /** The payloads in order, once. Each is valid until the next is asked for. */
  *drain(): Generator<Buffer> {
    yield* drain(this.#buckets, this.#limits);
  }

  /** Closes what is open, for a shuffle that is given up before it is drained. */
  close(): void {
    this.#buckets.close();
  }
}

interface Limits {
  readonly memoryBytes: number;
  /** Of a record, at most. */
  readonly maxPayloadBytes: number;
}

/** A range of keys and the file that holds its records, if the memory did not. */
interface Range {
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

function* drain(buckets: Buckets, limits: Limits): Generator<Buffer> {
  for (const bucket of buckets.flush()) {
    if (bucket.recordCount === 0) continue;
    if (bucket.bytes + bucket.recordCount * INDEX_BYTES_A_RECORD <= limits.memoryBytes) {
      const bytes = bucket.takeBytes();
      bucket.remove();
      yield* sorted(bytes, bucket.recordCount);
    } else if (bucket.hasOneKey) {
      // In order as it is, and no range divides it.
      for (const record of eachRecord(bucket)) yield record.subarray(RecordLayout.payload);
      bucket.remove();
    } else {
      const parts = new Buckets(bucket.range, limits, bucket.bytes + bucket.recordCount * INDEX_BYTES_A_RECORD);
      try {
        for (const record of eachRecord(bucket)) {
          parts.add(record.readDoubleLE(RecordLayout.key), [record.subarray(RecordLayout.payload)]);
        }
        bucket.remove();
        yield* drain(parts, limits);
      } finally {
        parts.close();
      }
    }
  }
}

function* sorted(records: Buffer, count: number): Generator<Buffer> {
  const keys = new Float64Array(count);
  const places = new Float64Array(count);
  for (let n = 0, at = 0; n < count; n++) {
    keys[n] = records.readDoubleLE(at + RecordLayout.key);
    places[n] = at;
    at += RecordLayout.payload + records.readUInt32LE(at + RecordLayout.payloadBytes);
  }
  const order = Uint32Array.from({ length: count }, (_, n) => n).sort((a, b) => keys[a]! - keys[b]! || a - b);
  for (const n of order) {
    const start = places[n]! + RecordLayout.payload;
    yield records.subarray(
      start,
      start + records.readUInt32LE(start - RecordLayout.payload + RecordLayout.payloadBytes),
    );
  }
}

/** The records of a bucket's file, one in memory at a time. */
function* eachRecord(bucket: Bucket): Generator<Buffer> {
  const file = openSync(bucket.range.path, "r");
  try {
    let chunk = Buffer.alloc(READ_BYTES);
    let begin = 0;
    let end = 0;
    /** Makes the next `bytes` lie in the chunk. */
    const need = (bytes: number): void => {
      if (end - begin >= bytes) return;
      const larger = chunk.length >= bytes ? chunk : Buffer.alloc(bytes);
      chunk.copy(larger, 0, begin, end);
      chunk = larger;
      end -= begin;
      begin = 0;
      while (end < bytes) {
        const read = readSync(file, chunk, end, chunk.length - end, null);
        if (read === 0) throw new Error(`${bucket.range.path}: a temporary file of this pack has become shorter`);
        end += read;
      }
    };
    for (let n = 0; n < bucket.recordCount; n++) {
      need(RecordLayout.payload);
      const recordBytes = RecordLayout.payload + chunk.readUInt32LE(begin + RecordLayout.payloadBytes);
      need(recordBytes);
      yield chunk.subarray(begin, begin + recordBytes);
      begin += recordBytes;
    }
  } finally {
    closeSync(file);
  }
}

/** A range of keys, divided evenly. */
class Buckets {
  readonly #from: number;
  readonly #perKey: number;
  readonly #buckets: readonly Bucket[];

  constructor({ path, from, to }: Range, { memoryBytes, maxPayloadBytes }: Limits, expectedBytes: number) {
    const fitsMemory = expectedBytes <= memoryBytes;
    const minWriteBytes = Math.max(MIN_WRITE_BYTES, recordBytes(maxPayloadBytes));
    // Half full on average, a bucket is almost never above the memory; half of the memory is for writing. Powers of two
    // keep the borders exact, so that two keys are parted at last, however close.
    const wanted = 2 ** Math.ceil(Math.log2(Math.max(2, expectedBytes / (memoryBytes / 2))));
    const allowed = 2 ** Math.floor(Math.log2(memoryBytes / 2 / minWriteBytes));
    const fanOut = fitsMemory ? 1 : Math.min(wanted, allowed, MAX_FAN_OUT);
    // A single bucket is never written: all of the memory is its buffer.
    const writeBytes = fitsMemory ? expectedBytes : Math.floor(memoryBytes / 2 / fanOut);
    const width = (to - from) / fanOut;
    this.#from = from;
    this.#perKey = 1 / width;
    this.#buckets = Array.from(
      { length: fanOut },
      (_, n) => new Bucket({ path: `${path}.${n}`, from: from + n * width, to: from + (n + 1) * width }, writeBytes),
    );
  }

  add(key: number, payload: readonly Uint8Array[]): void {
    const n = Math.floor((key - this.#from) * this.#perKey);
    this.#buckets[Math.max(0, Math.min(n, this.#buckets.length - 1))]!.add(key, payload);
  }

  /** Gives the write buffers back and the buckets out, in the order of their keys. */
  flush(): readonly Bucket[] {
    const isSingle = this.#buckets.length === 1;
    for (const bucket of this.#buckets) if (!isSingle || bucket.isOnDisk) bucket.flush();
    return this.#buckets;
  }

  close(): void {
    for (const bucket of this.#buckets) bucket.close();
  }
}

class Bucket {
  readonly range: Range;
  recordCount = 0;
  bytes = 0;
  #lowestKey = Infinity;
  #highestKey = -Infinity;
  #file: number | undefined;
  #isOnDisk = false;
  #pending: Buffer | undefined;
  #pendingBytes = 0;
  readonly #writeBytes: number;

  constructor(range: Range, writeBytes: number) {
    this.range = range;
    this.#writeBytes = writeBytes;
  }

  get hasOneKey(): boolean {
    return this.#lowestKey === this.#highestKey;
  }

  get isOnDisk(): boolean {
    return this.#isOnDisk;
  }

  add(key: number, payload: readonly Uint8Array[]): void {
    let payloadBytes = 0;
    for (const piece of payload) payloadBytes += piece.length;
    const size = RecordLayout.payload + payloadBytes;
    if (this.#pendingBytes + size > this.#writeBytes) this.#write();
    // A single bucket that was expected to be small, say, grows to a record that is not.
    if (this.#pending === undefined || this.#pending.length < size) {
      this.#pending = Buffer.allocUnsafeSlow(Math.max(this.#writeBytes, size));
    }
    this.#pending.writeDoubleLE(key, this.#pendingBytes + RecordLayout.key);
    this.#pending.writeUInt32LE(payloadBytes, this.#pendingBytes + RecordLayout.payloadBytes);
    let at = this.#pendingBytes + RecordLayout.payload;
    for (const piece of payload) {
      this.#pending.set(piece, at);
      at += piece.length;
    }
    this.#pendingBytes = at;
    this.recordCount++;
    this.bytes += size;
    this.#lowestKey = Math.min(this.#lowestKey, key);
    this.#highestKey = Math.max(this.#highestKey, key);
  }

  /** Everything to the disk, and the buffer given back. */
  flush(): void {
    this.#write();
    this.#pending = undefined;
    this.close();
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  /** All records, from memory or from the disk. */
  takeBytes(): Buffer {
    if (!this.#isOnDisk) {
      const bytes = this.#pending!.subarray(0, this.#pendingBytes);
      this.#pending = undefined;
      return bytes;
    }
    const bytes = Buffer.allocUnsafeSlow(this.bytes);
    const file = openSync(this.range.path, "r");
    try {
      for (let at = 0; at < bytes.length; ) {
        const read = readSync(file, bytes, at, bytes.length - at, at);
        if (read === 0) throw new Error(`${this.range.path}: a temporary file of this pack has become shorter`);
        at += read;
      }
    } finally {
      closeSync(file);
    }
    return bytes;
  }

  remove(): void {
    if (this.#isOnDisk) rmSync(this.range.path, { force: true });
  }

  #write(): void {
    if (this.#pendingBytes === 0) return;
    this.#file ??= openSync(this.range.path, "wx");
    this.#isOnDisk = true;
    for (let at = 0; at < this.#pendingBytes; ) {
      at += writeSync(this.#file, this.#pending!, at, this.#pendingBytes - at);
    }
    this.#pendingBytes = 0;
  }
}
