/**
 * datatrove's MinHash signature, in plain BigInt arithmetic: the definition of what `DatatroveSigner` computes.
 * huggingface/datatrove a649de7, pipeline/dedup/minhash.py, utils/hashing.py, utils/hashes/.
 *
 *     text ─ simplify ─▶ English words ─▶ n-grams joined by spaces ─ hash ─▶ (h·a + b) mod 2⁶⁴ mod 2⁶¹ − 1 ─ minimum ─▶ signature
 *
 * The product wraps at 64 bits before it is taken modulo the prime, as numpy's `uint64` does. With a precision of 32 bits
 * images are cut to 32 bits *before* the minimum is found.
 */
import { hash } from "node:crypto";
import { cutEnglishWords } from "../../../pipeline/text/words-english.ts";
import { datatroveParameters, MERSENNE_61 } from "./parameters.ts";
import { simplifyText } from "./simplify-text.ts";
import { xxhash32, xxhash64 } from "./xxhash.ts";

export const HASHES = ["sha1", "xxhash"] as const;
export const PRECISIONS = [64, 32] as const;

export interface DatatroveConfig {
  /** datatrove's `num_buckets` and `hashes_per_bucket`. */
  readonly bands: number;
  readonly rows: number;
  /** Words in a shingle. */
  readonly ngram: number;
  readonly seed: number;
  readonly hash: (typeof HASHES)[number];
  /** Bits of a hash. */
  readonly precision: (typeof PRECISIONS)[number];
}

/** The shingles of a text, in order; none when it has fewer than `ngram` words. */
export function datatroveShingles(text: string, ngram: number): readonly string[] {
  const words = [...cutEnglishWords(simplifyText(text))];
  return words.slice(0, Math.max(0, words.length - ngram + 1)).map((_, i) => words.slice(i, i + ngram).join(" "));
}

/** Hashes a shingle's UTF-8; of SHA-1 the first bytes, little-endian. Half a surrogate pair, on which Python fails, is U+FFFD. */
export function hashShingle(
  shingle: string,
  { hash: name, precision }: Pick<DatatroveConfig, "hash" | "precision">,
): bigint {
  const bytes = Buffer.from(shingle);
  if (name === "xxhash") return precision === 64 ? xxhash64(bytes) : xxhash32(bytes);
  const digest = hash("sha1", bytes, "buffer");
  return precision === 64 ? digest.readBigUInt64LE(0) : BigInt(digest.readUInt32LE(0));
}

/** The signature: `bands × rows` hashes; `null` for a text without a shingle. */
export function datatroveSignature(text: string, config: DatatroveConfig): BigUint64Array | null {
  const { bands, rows, ngram, seed, precision } = config;
  const hashes = datatroveShingles(text, ngram).map((shingle) => hashShingle(shingle, config));
  if (hashes.length === 0) return null;
  const { multipliers, offsets } = datatroveParameters(seed, bands * rows);
  return multipliers.map((multiplier, i) => {
    let least = MERSENNE_61;
    for (const h of hashes) {
      const image = BigInt.asUintN(precision, BigInt.asUintN(64, h * multiplier + offsets[i]!) % MERSENNE_61);
      if (image < least) least = image;
    }
    return least;
  });
}
