/**
 * Signatures of many documents, equal ones kept once: their keys in memory, their evidence in a file. Documents that have
 * the same keys and the same evidence are of one *kind*: nothing that compares signatures can tell them apart.
 *
 * Memory: the keys, and about 60 bytes a kind.
 */
import { createHash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { KeyIndex } from "../../../stages/dedup/key-index.ts";
import type { PieceFiles, Place } from "../../duplicates/piece-files.ts";
import type { Signature } from "../../stage.ts";
import { withRoom } from "../../text/growable.ts";

const DIGEST_WORDS = 4;
/** Kinds whose keys lie in one array: arrays never grow, so nothing is copied. */
const CHUNK_KINDS = 1 << 10;
const WRITE_BYTES = 1 << 20;

export class Signatures {
  readonly #path: string;
  readonly #fd: number;
  readonly #files: PieceFiles;
  readonly #known = new KeyIndex({ bands: 1, keyWords: DIGEST_WORDS, maxPagesPerKey: 1 });
  readonly #found = new Uint32Array(1);
  readonly #chunks: Uint32Array[] = [];
  #keyCount = 0;
  #kinds = 0;
  #offsets = new Float64Array(1 << 10);
  #lengths = new Int32Array(1 << 10);
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #fileBytes = 0;

  /** `path`: a file for evidence, which `files` reads. */
  constructor(path: string, files: PieceFiles) {
    this.#path = path;
    this.#fd = openSync(path, "w");
    this.#files = files;
  }

  get kinds(): number {
    return this.#kinds;
  }

  /** Words of keys in a signature. */
  get keyCount(): number {
    return this.#keyCount;
  }

  /** The number of the signature's kind. */
  add({ keys, evidence }: Signature): number {
    const digest = createHash("sha256").update(bytesOf(keys));
    if (evidence !== undefined) digest.update(evidence);
    const words = wordsOf(digest.digest(), DIGEST_WORDS);
    if (this.#known.pagesInto(words, this.#found) > 0) return this.#found[0]!;
    this.#known.add(words);
    const kind = this.#kinds++;
    this.#keep(kind, keys);
    this.#offsets = withRoom(this.#offsets, this.#kinds);
    this.#lengths = withRoom(this.#lengths, this.#kinds);
    this.#offsets[kind] = this.#fileBytes;
    this.#lengths[kind] = evidence?.length ?? -1;
    if (evidence !== undefined) this.#write(evidence);
    return kind;
  }

  /** Lends the keys. */
  keysOf(kind: number): Uint32Array {
    const at = (kind % CHUNK_KINDS) * this.#keyCount;
    return this.#chunks[Math.floor(kind / CHUNK_KINDS)]!.subarray(at, at + this.#keyCount);
  }

  placeOf(kind: number): Place | undefined {
    const length = this.#lengths[kind]!;
    return length < 0 ? undefined : { path: this.#path, offset: this.#offsets[kind]!, length };
  }

  evidenceOf(kind: number): Uint8Array {
    const place = this.placeOf(kind);
    return place === undefined ? NO_BYTES : this.#files.read(place);
  }

  /** To be called when all are added, and before evidence is read. */
  seal(): void {
    this.#flush();
    closeSync(this.#fd);
  }

  #keep(kind: number, keys: Uint32Array): void {
    this.#keyCount ||= keys.length;
    if (keys.length !== this.#keyCount) {
      throw new TypeError(
        `a signature has ${keys.length} words of keys, another ${this.#keyCount}; expected as many in all`,
      );
    }
    if (kind % CHUNK_KINDS === 0) this.#chunks.push(new Uint32Array(CHUNK_KINDS * this.#keyCount));
    this.#chunks.at(-1)!.set(keys, (kind % CHUNK_KINDS) * this.#keyCount);
  }

  #write(evidence: Uint8Array): void {
    this.#waiting.push(evidence);
    this.#waitingBytes += evidence.length;
    this.#fileBytes += evidence.length;
    if (this.#waitingBytes >= WRITE_BYTES) this.#flush();
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#waiting);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}

const NO_BYTES = new Uint8Array(0);

function bytesOf({ buffer, byteOffset, byteLength }: Uint32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function wordsOf(digest: Buffer, words: number): Uint32Array {
  return Uint32Array.from({ length: words }, (_, i) => digest.readUInt32LE(i * Uint32Array.BYTES_PER_ELEMENT));
}
