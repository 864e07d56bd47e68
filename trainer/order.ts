/**
 * The order of rows within an epoch: a permutation of [0, n) that follows from the seed, the source's number and the
 * epoch, and that is computed place by place. Nothing is stored, so an epoch may have any number of rows and training
 * goes on anywhere in it.
 *
 * A row number is written as a pair (left, right), left of Z_a and right of Z_b with a · b ≥ n, both near √n. Each round
 * of a Feistel network adds a hash of one half to the other:
 *
 *     left  ← left  + hash(key₀, right)  mod a
 *     right ← right + hash(key₁, left)   mod b     … 8 rounds, their keys from SHA-256
 *
 * What was added can be subtracted again, since the half it came from is still there: every round is a bijection of
 * [0, a · b), whatever the hash. A result from n on is put in again until it falls below n ("cycle walking"). It does in
 * the end, as the cycle leads back to where it began, and distinct places end at distinct rows. Since a · b - n < a, that
 * is rare. Black and Rogaway 2002, "Ciphers with Arbitrary Finite Domains".
 */
import { createHash } from "node:crypto";

const ROUNDS = 8; // As many keys of 32 bits as a SHA-256 has. Two are a bijection already; the rest make it look random.

/** The order of one epoch: place from 0 → row. */
export type EpochOrder = (place: number) => number;

/**
 * The order in which `epoch` takes the rows of a source.
 * @example
 * const rowAt = epochOrder(1_000_000, { seed: 1, source: 0, epoch: 0 });
 * rowAt(0); // the first row to train on
 */
export function epochOrder(
  rowCount: number,
  { seed, source, epoch }: { readonly seed: number; readonly source: number; readonly epoch: number },
): EpochOrder {
  const digest = createHash("sha256").update(`${seed}\0rows\0${source}\0${epoch}`).digest();
  const keys = Uint32Array.from({ length: ROUNDS }, (_, round) => digest.readUInt32LE(4 * round));
  const leftSize = Math.ceil(Math.sqrt(rowCount));
  const rightSize = Math.ceil(rowCount / leftSize);

  const walk = (place: number): number => {
    let left = place % leftSize;
    let right = Math.floor(place / leftSize);
    for (let round = 0; round < ROUNDS; round += 2) {
      left = (left + hash(keys[round]!, right)) % leftSize;
      right = (right + hash(keys[round + 1]!, left)) % rightSize;
    }
    return right * leftSize + left;
  };

  return (place) => {
    if (!(Number.isInteger(place) && place >= 0 && place < rowCount)) {
      throw new RangeError(`place ${place} in an epoch of ${rowCount} rows`);
    }
    let row = walk(place);
    while (row >= rowCount) row = walk(row);
    return row;
  };
}

/** 32 bits of which each depends on every bit of both. */
function hash(key: number, half: number): number {
  return mix(mix(key ^ half) + key);
}

/** The finalizer of MurmurHash3: a bijection of 32 bits. */
function mix(bits: number): number {
  let h = bits | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
