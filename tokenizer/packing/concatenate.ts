import type { PackingCounts } from "../../pipeline/packed/packing-manifest.ts";
import { countDocument, countRow, totalTokens } from "./counts.ts";
import type { DocumentSpan } from "./document-span.ts";

/**
 * Concatenate and chunk: documents one after another, cut every `rowTokens` tokens. Nothing is lost but what is left
 * over at the end, which is counted as the remainder. Documents are cut wherever a row happens to end.
 *
 *     aaaaaaE bbE cccccE dE   in rows of 8:   aaaaaaEb | bEcccccE | (dE is left over)
 */
export function* concatenate(
  documents: Iterable<DocumentSpan>,
  rowTokens: number,
  counts: PackingCounts,
): Generator<readonly DocumentSpan[]> {
  let row: DocumentSpan[] = [];
  let space = rowTokens;
  for (const document of documents) {
    countDocument(counts, document);
    for (let at = 0; at < document.length; ) {
      const end = Math.min(document.length, at + space);
      row.push(at === 0 && end === document.length ? document : document.slice(at, end));
      space -= end - at;
      at = end;
      if (space > 0) continue;
      countRow(counts, row, rowTokens);
      yield row;
      row = [];
      space = rowTokens;
    }
  }
  counts.tokensRemainder += totalTokens(row);
}
