import type { DocumentSpan } from "./document-span.ts";

/** `tokensIn = tokensKept + tokensCropped + tokensRemainder`, and every row is full of kept tokens and padding. */
export interface PackingCounts {
  /** Documents read, and their tokens with end-of-text. */
  documents: number;
  tokensIn: number;
  rows: number;
  tokensKept: number;
  /** Cut off the documents that filled rows up, and in no row. */
  tokensCropped: number;
  /** In the last row, which was not full and is not written. */
  tokensRemainder: number;
  /** Positions of rows that no document fills. */
  tokensPadded: number;
  /** Documents that lie in one row from their first token to their end-of-text. */
  documentsWhole: number;
  /** Documents of which rows hold a part, or parts. What is neither whole nor cut is in the remainder alone. */
  documentsCut: number;
}

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
