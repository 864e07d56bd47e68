import type { PackingCounts } from "../../pipeline/packed/packing-manifest.ts";
import type { DocumentSpan } from "./document-span.ts";

export function noCounts(): PackingCounts {
  return {
    documents: 0,
    tokensIn: 0,
    rows: 0,
    tokensKept: 0,
    tokensCropped: 0,
    tokensRemainder: 0,
    tokensPadded: 0,
    documentsWhole: 0,
    documentsCut: 0,
  };
}

export function countDocument(counts: PackingCounts, { length }: DocumentSpan): void {
  counts.documents++;
  counts.tokensIn += length;
}

export function countRow(counts: PackingCounts, row: readonly DocumentSpan[], rowTokens: number): void {
  let used = 0;
  for (const { start, length, documentLength } of row) {
    used += length;
    if (start > 0) continue;
    if (length === documentLength) counts.documentsWhole++;
    else counts.documentsCut++;
  }
  counts.rows++;
  counts.tokensKept += used;
  counts.tokensPadded += rowTokens - used;
}

export function totalTokens(spans: readonly DocumentSpan[]): number {
  return spans.reduce((sum, { length }) => sum + length, 0);
}
