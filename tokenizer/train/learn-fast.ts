/**
 * Learning byte-pair merges, for speed: the merges of `learnMerges` (learn.ts), with counts kept up to date instead of
 * counted anew.
 *
 *     pieces     "the"×900  " then"×40 …    ids of each, closing up in place as pairs are merged
 *     postings   (t, h) → pieces 0, 1, …    ascending; a piece may have lost the pair since
 *     heap       most frequent pair on top
 *
 * Merging the pair (a, b) into m visits the pieces of its postings. Each occurrence "y a b z" ends the pairs (y, a) and
 * (b, z) and begins (y, m) and (m, z), so it is enough to sum up, for each neighbour, how often it stood there, and to
 * look the pairs up once at the end of the round. A pair can only arise in the round that makes the later of its tokens:
 * its postings are complete after that round and lie in one stretch of memory, and its count only falls from then on.
 */
import type { ByteString } from "../vocabulary.ts";
import { BYTE_COUNT, BYTE_OF_ID, ID_OF_BYTE } from "./byte-symbols.ts";
import type { LearnOptions, Merge } from "./learn.ts";
import { MergeRound } from "./merge-round.ts";
import { PairHeap } from "./pair-heap.ts";
import { PairTable } from "./pair-table.ts";
import type { PieceCounts } from "./piece-counter.ts";

export class MergeLearner {
  /** Learned so far, in order. */
  readonly merges: Merge[] = [];

  readonly #options: LearnOptions;
  readonly #minFrequency: number;

  // Piece i is ids[starts[i], starts[i] + lengths[i]) and occurs counts[i] times.
  readonly #starts: Uint32Array;
  readonly #lengths: Uint32Array;
  readonly #ids: Uint16Array | Int32Array;
  readonly #counts: Float64Array;

  readonly #tokens: ByteString[] = Array.from(BYTE_OF_ID, (byte) => String.fromCharCode(byte));
  readonly #pairs = new PairTable();
  readonly #heap: PairHeap;
  #postings = new Int32Array(0);
  #postingsEnd = 0;
  readonly #round: MergeRound;

  constructor(pieces: PieceCounts, options: LearnOptions) {
    const pieceCount = pieces.counts.length;
    this.#options = options;
    this.#minFrequency = Math.max(1, options.minFrequency);
    this.#starts = pieces.starts;
    this.#counts = pieces.counts;
    this.#lengths = new Uint32Array(pieceCount);
    for (let i = 0; i < pieceCount; i++) this.#lengths[i] = pieces.starts[i + 1]! - pieces.starts[i]!;
    const Ids = BYTE_COUNT + options.maxMerges <= 1 << 16 ? Uint16Array : Int32Array;
    this.#ids = new Ids(pieces.starts[pieceCount]!);
    for (let at = 0; at < this.#ids.length; at++) this.#ids[at] = ID_OF_BYTE[pieces.bytes[at]!]!;
    this.#heap = new PairHeap(this.#tieRule());
    this.#round = new MergeRound(BYTE_COUNT + options.maxMerges);
    this.#countBytePairs();
  }

  /** Learns up to `count` more merges. False: there are no more to learn. */
  learn(count: number): boolean {
    const target = Math.min(this.merges.length + count, this.#options.maxMerges);
    while (this.merges.length < target) {
      const pair = this.#takeBest();
      if (pair < 0) return false;
      const left = this.#pairs.left[pair]!;
      const right = this.#pairs.right[pair]!;
      const merged = this.#tokens.length;
      this.#tokens.push(this.#tokens[left]! + this.#tokens[right]!);
      this.merges.push([left, right]);
      this.#mergeInPieces(pair, merged);
      this.#settleRound(left, right, merged);
      this.#pairs.counts[pair] = 0;
    }
    return this.merges.length < this.#options.maxMerges;
  }

  /** Whether a pair goes before another of the same count. */
  #tieRule(): (pair: number, other: number) => boolean {
    const pairs = this.#pairs;
    const tokens = this.#tokens;
    switch (this.#options.ties) {
      case "smallest-id":
        return (p, q) =>
          pairs.left[p] !== pairs.left[q] ? pairs.left[p]! < pairs.left[q]! : pairs.right[p]! < pairs.right[q]!;
      case "greatest-bytes":
        return (p, q) =>
          pairs.left[p] !== pairs.left[q]
            ? tokens[pairs.left[p]!]! > tokens[pairs.left[q]!]!
            : tokens[pairs.right[p]!]! > tokens[pairs.right[q]!]!;
      case "first-seen":
        return (p, q) => pairs.firstAt[p]! < pairs.firstAt[q]!;
    }
  }

  #countBytePairs(): void {
    const counts = new Float64Array(BYTE_COUNT * BYTE_COUNT);
    const postingCounts = new Uint32Array(BYTE_COUNT * BYTE_COUNT);
    const pairOf = new Int32Array(BYTE_COUNT * BYTE_COUNT).fill(-1);
    const met: number[] = [];
    this.#visitBytePairs((key, piece, isFirstInPiece) => {
      if (counts[key] === 0) met.push(key);
      counts[key]! += this.#counts[piece]!;
      if (isFirstInPiece) postingCounts[key]!++;
    });
    for (const key of met) {
      pairOf[key] = this.#addPair(Math.floor(key / BYTE_COUNT), key % BYTE_COUNT, counts[key]!, postingCounts[key]!);
    }
    const { postingsEnd } = this.#pairs;
    this.#visitBytePairs((key, piece, isFirstInPiece) => {
      const pair = pairOf[key]!;
      if (isFirstInPiece && pair >= 0) this.#postings[postingsEnd[pair]!++] = piece;
    });
    for (const key of met) if (pairOf[key]! >= 0) this.#enqueue(pairOf[key]!);
  }

  /** Calls back for every pair of adjacent bytes, as 256 · left + right. */
  #visitBytePairs(visit: (key: number, piece: number, isFirstInPiece: boolean) => void): void {
    const lastPiece = new Int32Array(BYTE_COUNT * BYTE_COUNT).fill(-1);
    const ids = this.#ids;
    for (let piece = 0; piece < this.#lengths.length; piece++) {
      const end = this.#starts[piece]! + this.#lengths[piece]!;
      for (let at = this.#starts[piece]! + 1; at < end; at++) {
        const key = BYTE_COUNT * ids[at - 1]! + ids[at]!;
        visit(key, piece, lastPiece[key] !== piece);
        lastPiece[key] = piece;
      }
    }
  }

  /** Adds a pair with room for its postings, none of them written yet. A pair that will never be merged gives -1. */
  #addPair(left: number, right: number, count: number, postingCount: number): number {
    const tokenBytes = this.#tokens[left]!.length + this.#tokens[right]!.length;
    if (count < this.#minFrequency || tokenBytes > this.#options.maxTokenBytes) return -1;
    const pair = this.#pairs.add(left, right, count);
    this.#pairs.postingsStart[pair] = this.#postingsEnd;
    this.#pairs.postingsEnd[pair] = this.#postingsEnd;
    this.#postingsEnd += postingCount;
    if (this.#postingsEnd > this.#postings.length) {
      const larger = new Int32Array(Math.max(2 * this.#postings.length, this.#postingsEnd));
      larger.set(this.#postings);
      this.#postings = larger;
    }
    return pair;
  }

  /** Enters a pair, its postings written, among those to be merged. */
  #enqueue(pair: number): void {
    const firstPiece = this.#postings[this.#pairs.postingsStart[pair]!]!;
    this.#pairs.firstAt[pair] = this.#starts[firstPiece]!;
    this.#heap.push(pair, this.#pairs.counts[pair]!);
  }

  /** The pair to be merged next, or -1. */
  #takeBest(): number {
    const heap = this.#heap;
    const pairs = this.#pairs;
    while (heap.size > 0) {
      const pair = heap.topPair;
      const count = pairs.counts[pair]!;
      if (count < this.#minFrequency) {
        heap.pop();
      } else if (count !== heap.topCount || (this.#options.ties === "first-seen" && this.#advanceFirst(pair))) {
        heap.lowerTop(count);
      } else {
        heap.pop();
        return pair;
      }
    }
    return -1;
  }

  /** Moves `firstAt` of a pair that still occurs to its first occurrence now. False: it was there already. */
  #advanceFirst(pair: number): boolean {
    const { left, right, postingsStart, firstAt } = this.#pairs;
    const ids = this.#ids;
    for (; ; postingsStart[pair]!++) {
      const piece = this.#postings[postingsStart[pair]!]!;
      let byteAt = this.#starts[piece]!;
      const last = byteAt + this.#lengths[piece]! - 1;
      for (let at = byteAt; at < last; byteAt += this.#tokens[ids[at++]!]!.length) {
        if (ids[at] !== left[pair] || ids[at + 1] !== right[pair]) continue;
        const moved = firstAt[pair] !== byteAt;
        firstAt[pair] = byteAt;
        return moved;
      }
    }
  }

  /** Puts `merged` in the place of the pair in all its pieces, and notes the neighbours. */
  #mergeInPieces(pair: number, merged: number): void {
    const left = this.#pairs.left[pair]!;
    const right = this.#pairs.right[pair]!;
    const ids = this.#ids;
    const round = this.#round;
    const postingsEnd = this.#pairs.postingsEnd[pair]!;
    for (let posting = this.#pairs.postingsStart[pair]!; posting < postingsEnd; posting++) {
      const piece = this.#postings[posting]!;
      const start = this.#starts[piece]!;
      const end = start + this.#lengths[piece]!;
      let at = start;
      while (at + 1 < end && !(ids[at] === left && ids[at + 1] === right)) at++;
      if (at + 1 >= end) continue;
      const count = this.#counts[piece]!;
      let to = at;
      while (at < end) {
        const id = ids[at]!;
        if (id !== left || at + 1 >= end || ids[at + 1] !== right) {
          ids[to++] = id;
          at++;
          continue;
        }
        // A neighbour that was merged in this round noted what is between it and this one.
        if (to > start && ids[to - 1] !== merged) round.note(round.placeLeft(ids[to - 1]!), piece, count);
        if (at + 2 < end) {
          const next = ids[at + 2]!;
          if (next === left && at + 3 < end && ids[at + 3] === right) round.note(round.placeBetween, piece, count);
          else round.note(round.placeRight(next), piece, count);
        }
        ids[to++] = merged;
        at += 2;
      }
      this.#lengths[piece] = to - start;
    }
  }

  /** Takes the pairs that ended in this round off their counts, and enters those that began. */
  #settleRound(left: number, right: number, merged: number): void {
    const round = this.#round;
    const pairs = this.#pairs;
    const firstNew = pairs.size;
    for (let i = 0; i < round.placeCount; i++) {
      const place = round.places[i]!;
      const count = round.counts[place]!;
      const [endedLeft, endedRight, begunLeft, begunRight] = round.pairsAt(place, left, right, merged);
      const ended = pairs.find(endedLeft, endedRight);
      if (ended >= 0) pairs.counts[ended]! -= count;
      round.pairs[place] = this.#addPair(begunLeft, begunRight, count, round.pieceCounts[place]!);
    }
    for (let visit = 0; visit < round.visitCount; visit++) {
      const pair = round.pairs[round.visitPlaces[visit]!]!;
      if (pair >= 0) this.#postings[pairs.postingsEnd[pair]!++] = round.visitPieces[visit]!;
    }
    for (let pair = firstNew; pair < pairs.size; pair++) this.#enqueue(pair);
    round.clear();
  }
}
