/**
 * Best-fit packing: rows are filled from a buffer of documents, always with the longest that still fits, so that
 * documents stay whole (Ding et al. 2024, arXiv 2404.10830, show what cutting them costs: models make up what they
 * cannot see). Filling one bin after the other with the largest item that fits is first-fit decreasing; a bounded buffer
 * that is refilled from a stream makes it possible for any amount of data, as nanochat does.
 *
 *     buffer  aaaaaE bbbE ccE dE    rows of 8:   aaaaaE dE | bbbE ccE_
 *
 * 1. A document longer than a row is cut into parts as long as a row; its rest is packed like a document.
 * 2. Of the buffered ones, the longest that fits goes into the row; of equally long ones, the one that came first.
 * 3. When none fits: "crop" fills the row with the beginning of the shortest, whose rest is dropped (no other loses as
 *    little, but it is the short documents that suffer); "pad" leaves the row as it is.
 * 4. At the end of the documents, a last row that is not full is the remainder with "crop", and is padded with "pad".
 *
 * This file is the definition, quadratic in the buffer; `best-fit-fast.ts` gives the same rows.
 */
import type { Fill, PackingCounts } from "../../pipeline/packed/packing-manifest.ts";
import { countDocument, countRow, totalTokens } from "./counts.ts";
import type { DocumentSpan } from "./document-span.ts";

export interface BestFitParams {
  readonly rowTokens: number;
  readonly fill: Fill;
  /** Documents, and parts of long ones, to choose from. It decides the rows: it is no matter of memory alone. */
  readonly bufferDocuments: number;
}

const BUFFER_DOCUMENTS = 4096;
const BUFFER_TOKENS = 2 ** 25;

/**
 * Of thousands of documents, one almost always ends a row exactly or nearly so: with 4,096, rows of 2,049 tokens from web
 * pages are padded by 0.1 %, with 32 by 0.3 %, without a choice by 14 %. Rows above 8,192 tokens have fewer, to bound the
 * memory.
 */
export function defaultBufferDocuments(rowTokens: number): number {
  return Math.max(1, Math.min(BUFFER_DOCUMENTS, Math.floor(BUFFER_TOKENS / rowTokens)));
}

export type Packer = (
  documents: Iterable<DocumentSpan>,
  params: BestFitParams,
  counts: PackingCounts,
) => Generator<readonly DocumentSpan[]>;

/** The buffered spans, and the two questions that packing asks of them. */
export interface SpanBuffer {
  readonly size: number;
  add(span: DocumentSpan): void;
  /** Takes the longest of at most `tokens` out, the first that came of equally long ones. */
  takeLongest(tokens: number): DocumentSpan | undefined;
  /** Takes the shortest out, the first that came of equally long ones. */
  takeShortest(): DocumentSpan | undefined;
}

export const packBestFit: Packer = (documents, params, counts) =>
  packFromBuffer(new PlainBuffer(), documents, params, counts);

/** The rules above, over either buffer. */
export function* packFromBuffer(
  buffer: SpanBuffer,
  documents: Iterable<DocumentSpan>,
  { rowTokens, fill, bufferDocuments }: BestFitParams,
  counts: PackingCounts,
): Generator<readonly DocumentSpan[]> {
  const incoming = cutToRows(documents, rowTokens, counts)[Symbol.iterator]();
  let isExhausted = false;
  let row: DocumentSpan[] = [];
  let space = rowTokens;
  const place = (span: DocumentSpan): void => {
    row.push(span);
    space -= span.length;
  };
  for (;;) {
    while (!isExhausted && buffer.size < bufferDocuments) {
      const next = incoming.next();
      if (next.done === true) isExhausted = true;
      else buffer.add(next.value);
    }
    if (buffer.size === 0) break;

    const fitting = buffer.takeLongest(space);
    if (fitting !== undefined) {
      place(fitting);
    } else if (fill === "crop") {
      const shortest = buffer.takeShortest()!;
      counts.tokensCropped += shortest.length - space;
      place(shortest.slice(0, space));
    } else if (row.length === 0) {
      throw new Error(`no buffered span fits an empty row of ${rowTokens} tokens: this is a fault of the buffer`);
    }
    if (space > 0 && fitting !== undefined) continue;
    countRow(counts, row, rowTokens);
    yield row;
    row = [];
    space = rowTokens;
  }
  if (row.length === 0) return;
  if (fill === "crop") {
    counts.tokensRemainder += totalTokens(row);
  } else {
    countRow(counts, row, rowTokens);
    yield row;
  }
}

/** Documents as they are where they fit a row, else as parts of a row's length and a rest. */
function* cutToRows(
  documents: Iterable<DocumentSpan>,
  rowTokens: number,
  counts: PackingCounts,
): Generator<DocumentSpan> {
  for (const document of documents) {
    countDocument(counts, document);
    if (document.length <= rowTokens) {
      if (document.length > 0) yield document;
      continue;
    }
    for (let at = 0; at < document.length; at += rowTokens) {
      yield document.slice(at, Math.min(at + rowTokens, document.length));
    }
  }
}

/** Spans in the order in which they came, looked through for every answer. */
class PlainBuffer implements SpanBuffer {
  readonly #spans: DocumentSpan[] = [];

  get size(): number {
    return this.#spans.length;
  }

  add(span: DocumentSpan): void {
    this.#spans.push(span);
  }

  takeLongest(tokens: number): DocumentSpan | undefined {
    let longest: number | undefined;
    for (const [n, { length }] of this.#spans.entries()) {
      if (length <= tokens && (longest === undefined || length > this.#spans[longest]!.length)) longest = n;
    }
    return longest === undefined ? undefined : this.#spans.splice(longest, 1)[0];
  }

  takeShortest(): DocumentSpan | undefined {
    let shortest = 0;
    for (const [n, { length }] of this.#spans.entries()) if (length < this.#spans[shortest]!.length) shortest = n;
    return this.#spans.splice(shortest, 1)[0];
  }
}
