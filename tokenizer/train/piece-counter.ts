/** Counting distinct pieces: all that learning needs to know of a corpus. */
/** Distinct pieces in the order of their first occurrence. Piece `i` is bytes[starts[i], starts[i + 1]). */
export interface PieceCounts {
  readonly bytes: Uint8Array;
  readonly starts: Uint32Array;
  readonly counts: Float64Array;
}

const FIRST_SLOTS = 1 << 15;
const FIRST_ARENA_BYTES = 1 << 18;
/** Of all distinct pieces together: `starts` are u32. */
const MAX_ARENA_BYTES = 2 ** 32 - 1;

/** A hash table over bytes: open addressing, the pieces themselves one after the other in an arena. */
export class PieceCounter {
  #size = 0;
  #arena = new Uint8Array(FIRST_ARENA_BYTES);
  #starts = new Uint32Array(FIRST_SLOTS / 2 + 1);
  #counts = new Float64Array(FIRST_SLOTS / 2);
  #slotHashes = new Int32Array(FIRST_SLOTS);
  /** A piece's number plus 1, or 0. */
  #slotPieces = new Int32Array(FIRST_SLOTS);

  /** Number of distinct pieces. */
  get size(): number {
    return this.#size;
  }

  /** Counts the pieces of a text, which end at `ends`. Returns their number. */
  addPieces(text: Uint8Array, ends: Uint32Array): number {
    let start = 0;
    for (let i = 0; i < ends.length; i++) {
      const end = ends[i]!;
      this.#add(text, start, end, 1);
      start = end;
    }
    return ends.length;
  }

  /** Adds what another counter counted in a later part of the corpus. */
  addCounts({ bytes, starts, counts }: PieceCounts): void {
    for (let i = 0; i < counts.length; i++) this.#add(bytes, starts[i]!, starts[i + 1]!, counts[i]!);
  }

  /** The counts so far, in arrays of their own. */
  counts(): PieceCounts {
    return {
      bytes: this.#arena.slice(0, this.#starts[this.#size]),
      starts: this.#starts.slice(0, this.#size + 1),
      counts: this.#counts.slice(0, this.#size),
    };
  }

  /** Forgets everything, and keeps the memory. */
  clear(): void {
    this.#size = 0;
    this.#slotPieces.fill(0);
  }

  #add(bytes: Uint8Array, from: number, to: number, times: number): void {
    const hash = hashOf(bytes, from, to);
    const mask = this.#slotPieces.length - 1;
    let slot = hash & mask;
    for (; this.#slotPieces[slot] !== 0; slot = (slot + 1) & mask) {
      const piece = this.#slotPieces[slot]! - 1;
      if (this.#slotHashes[slot] === hash && this.#isPiece(piece, bytes, from, to)) {
        this.#counts[piece]! += times;
        return;
      }
    }
    const piece = this.#append(bytes, from, to);
    this.#counts[piece] = times;
    this.#slotHashes[slot] = hash;
    this.#slotPieces[slot] = piece + 1;
    if (2 * this.#size === this.#slotPieces.length) this.#growTable();
  }

  #isPiece(piece: number, bytes: Uint8Array, from: number, to: number): boolean {
    const arena = this.#arena;
    let at = this.#starts[piece]!;
    if (this.#starts[piece + 1]! - at !== to - from) return false;
    for (let i = from; i < to; i++) if (arena[at++] !== bytes[i]) return false;
    return true;
  }

  #append(bytes: Uint8Array, from: number, to: number): number {
    const start = this.#starts[this.#size]!;
    const end = start + to - from;
    if (end > this.#arena.length) this.#growArena(end);
    for (let at = start, i = from; i < to; i++) this.#arena[at++] = bytes[i]!;
    this.#starts[this.#size + 1] = end;
    return this.#size++;
  }

  #growArena(bytes: number): void {
    if (bytes > MAX_ARENA_BYTES) {
      throw new RangeError(
        `distinct pieces take more than ${MAX_ARENA_BYTES} bytes; train on a part of the corpus, or with a pattern that cuts smaller pieces`,
      );
    }
    const larger = new Uint8Array(Math.min(MAX_ARENA_BYTES, Math.max(2 * this.#arena.length, bytes)));
    larger.set(this.#arena);
    this.#arena = larger;
  }

  #growTable(): void {
    const slots = 2 * this.#slotPieces.length;
    const mask = slots - 1;
    const hashes = new Int32Array(slots);
    const pieces = new Int32Array(slots);
    for (let old = 0; old < this.#slotPieces.length; old++) {
      const hash = this.#slotHashes[old]!;
      let slot = hash & mask;
      while (pieces[slot] !== 0) slot = (slot + 1) & mask;
      hashes[slot] = hash;
      pieces[slot] = this.#slotPieces[old]!;
    }
    this.#slotHashes = hashes;
    this.#slotPieces = pieces;
    const starts = new Uint32Array(slots / 2 + 1);
    const counts = new Float64Array(slots / 2);
    starts.set(this.#starts);
    counts.set(this.#counts);
    this.#starts = starts;
    this.#counts = counts;
  }
}

/** FNV-1a, with its bits mixed at the end: the table takes the low ones. */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c_9dc5;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x0100_0193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b_3c6d);
  return hash ^ (hash >>> 13);
}
