/** Outcomes as rows of an entry, and back. */

import { type Document, isDocument, type Page } from "./document.ts";
import { contentHashOf } from "./duplicates/rank.ts";
import type { End, Outcome } from "./judge.ts";
import type { CheckedRecipe } from "./recipe.ts";
import { isInSample } from "./rejects.ts";
import {
  type EntryReader,
  EntryWriter,
  type OnwardRow,
  type PageRow,
  type Piece,
  type SpanMeta,
} from "./span-entry.ts";
import type { EncodedPage, Signature } from "./stage.ts";

export interface RowOptions {
  readonly seed: number;
  readonly dropped: CheckedRecipe["dropped"];
  /** Whether pages will be ranked: rows then tell what their texts are told by. */
  readonly isRanked: boolean;
}

type SignaturePieces = NonNullable<PageRow["signatures"]>[number];

/** Writes outcomes as rows of an entry. */
export class RowWriter {
  readonly #entry: EntryWriter;
  readonly #rows: PageRow[] = [];
  readonly #isGoneOnFrom: boolean;
  readonly #options: RowOptions;
  /** By stage, what was stored last: parts of a split page carry the signature of the whole. */
  readonly #stored = new Map<number, { readonly signature: Signature; readonly pieces: SignaturePieces }>();

  /** An entry that later stages go on from keeps every text; the last one what people may want to read. */
  constructor(dir: string, attempt: string, isGoneOnFrom: boolean, options: RowOptions) {
    this.#entry = new EntryWriter(dir, attempt);
    this.#isGoneOnFrom = isGoneOnFrom;
    this.#options = options;
  }

  add(outcome: Outcome, ordinal: number, encoded?: EncodedPage): void {
    const { page, signatures, onward, twin, earlier, cuts } = outcome;
    const { id, url, date, source, tags } = page;
    const isKept = outcome.outcome === "kept";
    const bytes = bytesOf(page);
    const text = this.#isGoneOnFrom || this.#isSampled(id) ? this.#entry.append("text", bytes) : undefined;
    this.#rows.push({
      ordinal,
      id,
      url,
      date,
      source,
      tags,
      outcome: outcome.outcome,
      stageIndex: outcome.stageIndex,
      stage: outcome.stage,
      reason: outcome.reason,
      value: outcome.value,
      detail: outcome.detail,
      scores: outcome.scores,
      text,
      textBytes: bytes.length,
      signatures: signatures.size === 0 ? undefined : this.#store(signatures),
      payload: isKept && encoded !== undefined ? this.#entry.append("payload", encoded.bytes) : undefined,
      tokens: isKept ? (encoded?.tokens ?? 0) : 0,
      twin,
      earlier,
      cuts,
      contentHash: this.#options.isRanked && signatures.size > 0 ? contentHashOf(bytes) : undefined,
      onward: onward && this.#onwardRow(onward, page, text, encoded?.tokens ?? 0),
    });
  }

  /** `dropped`: the page when it was dropped, whose text is stored as `text`. */
  #onwardRow(end: End, dropped: Page, text: Piece | undefined, tokens: number): OnwardRow {
    const { page, outcome, stageIndex, stage, reason, value } = end;
    const bytes = bytesOf(page);
    const row = { outcome, stageIndex, stage, reason, value, textBytes: bytes.length, tokens };
    if (!this.#isGoneOnFrom || outcome !== "kept") return row;
    const { url, date, tags } = page;
    const isSameText = isDocument(page) && isDocument(dropped) && page.text === dropped.text;
    return { ...row, page: { url, date, tags, text: isSameText ? text : this.#entry.append("text", bytes) } };
  }

  #store(signatures: Outcome["signatures"]): PageRow["signatures"] {
    const stored: Record<number, SignaturePieces> = {};
    for (const [stage, signature] of signatures) {
      if (signature === null) continue;
      let last = this.#stored.get(stage);
      if (last?.signature !== signature) {
        last = { signature, pieces: this.#append(signature) };
        this.#stored.set(stage, last);
      }
      stored[stage] = last.pieces;
    }
    return stored;
  }

  #append(signature: Signature): SignaturePieces {
    const keys = this.#entry.append("keys", Buffer.from(signature.keys.slice().buffer));
    if (signature.evidence === undefined) return { keys };
    return { keys, evidence: this.#entry.append("evidence", signature.evidence.slice()) };
  }

  /** Whether a page's text can be read after the run, if the page is dropped. */
  #isSampled(pageId: string): boolean {
    const { dropped, seed } = this.#options;
    return dropped === "all" || (dropped === "sample" && isInSample(seed, pageId));
  }

  commit(account: SpanMeta["account"]): SpanMeta {
    const meta: SpanMeta = { rows: this.#rows, account };
    this.#entry.commit(meta);
    return meta;
  }

  abandon(): void {
    this.#entry.abandon();
  }
}

function bytesOf(page: Page): Buffer {
  return Buffer.from(isDocument(page) ? page.text : "", "utf8");
}

/** A stored row as the outcome it was made from. */
export function outcomeOf(row: PageRow, entry: EntryReader<SpanMeta>): Outcome {
  const { id, url, date, source, tags } = row;
  const textOf = (piece: Piece | undefined): string =>
    piece === undefined ? "" : entry.read("text", piece).toString("utf8");
  const page: Document = { id, url, date, source, tags, text: textOf(row.text) };
  const { outcome, stageIndex, stage, reason, value, detail, scores, twin, earlier, cuts } = row;
  const signatures = new Map();
  const base = { outcome, page, stageIndex, stage, reason, value, detail, scores, signatures, twin, earlier, cuts };
  if (row.onward === undefined) return base;
  const { page: further, ...end } = row.onward;
  return { ...base, onward: { ...end, page: { ...page, ...further, text: textOf(further?.text) } } };
}
