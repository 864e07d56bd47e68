/**
 * Signatures as datatrove's first MinHash step writes them, `bucket_003/00000.minhash.sig` for each bucket: to compare, or to
 * go on with its other steps. huggingface/datatrove a649de7, pipeline/dedup/minhash.py, `MinhashDedupSignature.run`.
 *
 *     record | rows × hash, 8 or 4 bytes | u32 document |   little-endian, sorted by hashes, then by document
 */
import type { DatatroveConfig } from "./signature.ts";

type Layout = Pick<DatatroveConfig, "bands" | "rows" | "precision">;

const DOCUMENT_BYTES = 4;

/** One record for each bucket. `document` is the number of the document in its input file, from 0. */
export function bucketRecords(signature: BigUint64Array, document: number, layout: Layout): readonly Uint8Array[] {
  return Array.from({ length: layout.bands }, (_, bucket) => recordOf(signature, bucket, document, layout));
}

/** The bytes of each bucket's file, for the documents of one input file in order; those without a signature have no record. */
export function bucketFiles(signatures: readonly (BigUint64Array | null)[], layout: Layout): readonly Uint8Array[] {
  const { bands, rows } = layout;
  const documents = signatures.flatMap((signature, document) => (signature === null ? [] : [{ signature, document }]));
  return Array.from({ length: bands }, (_, bucket) => {
    const compare = (a: BigUint64Array, b: BigUint64Array): number => {
      for (let i = bucket * rows; i < (bucket + 1) * rows; i++) {
        if (a[i] !== b[i]) return a[i]! < b[i]! ? -1 : 1;
      }
      return 0;
    };
    const sorted = documents.toSorted((a, b) => compare(a.signature, b.signature) || a.document - b.document);
    return Buffer.concat(sorted.map(({ signature, document }) => recordOf(signature, bucket, document, layout)));
  });
}

function recordOf(
  signature: BigUint64Array,
  bucket: number,
  document: number,
  { rows, precision }: Layout,
): Uint8Array {
  const hashBytes = precision / 8;
  const record = new Uint8Array(rows * hashBytes + DOCUMENT_BYTES);
  const view = new DataView(record.buffer);
  for (let row = 0; row < rows; row++) {
    const hash = signature[bucket * rows + row]!;
    if (precision === 64) view.setBigUint64(row * hashBytes, hash, true);
    else view.setUint32(row * hashBytes, Number(hash), true);
  }
  view.setUint32(rows * hashBytes, document, true);
  return record;
}
