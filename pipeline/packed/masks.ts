/**
 * What a row's pieces mean to a model that sees T positions of it: which positions may attend to one another, where
 * positions begin anew, and which targets count. A row has T + 1 tokens; position t reads token t and predicts t + 1.
 *
 *     tokens      a a E b b b E | E   (padded at |, T = 7)
 *     lengths     3, 4                 attention confined to a document
 *     cumulative  0, 3, 7              the same, as FlashAttention's variable-length kernels take it (cu_seqlens)
 *     positions   0 1 2 0 1 2 3
 *     targets     1 1 0 1 1 1 0        a document's end does not predict the next; padding is no target
 */
import type { PackedRow } from "./rows-file.ts";

type Layout = Pick<PackedRow, "documentStarts" | "usedTokens"> & { readonly tokens: { readonly length: number } };

/**
 * Where documents begin among the T positions, and T at the end. Padding is a document of its own, so that every position
 * has one to attend to.
 */
export function cumulativeLengths({ documentStarts, usedTokens, tokens }: Layout): Uint32Array {
  const positions = tokens.length - 1;
  const starts = [...documentStarts, usedTokens].filter((start) => start < positions);
  return Uint32Array.of(...starts, positions);
}

/** How many positions each document has, in order; they sum to T. */
export function documentLengths(row: Layout): Uint32Array {
  const ends = cumulativeLengths(row);
  return Uint32Array.from({ length: ends.length - 1 }, (_, n) => ends[n + 1]! - ends[n]!);
}

/** The place of each of the T positions within its document, from 0. */
export function positionsOf(row: Layout): Uint32Array {
  const ends = cumulativeLengths(row);
  const positions = new Uint32Array(row.tokens.length - 1);
  for (let n = 0; n + 1 < ends.length; n++) {
    for (let t = ends[n]!; t < ends[n + 1]!; t++) positions[t] = t - ends[n]!;
  }
  return positions;
}

/** 1 where the target is a token of the same document as the position, 0 across documents and in the padding. */
export function targetMask({ documentStarts, usedTokens, tokens }: Layout): Uint8Array {
  const mask = new Uint8Array(tokens.length - 1).fill(1, 0, Math.max(0, usedTokens - 1));
  for (const start of documentStarts) if (start > 0) mask[start - 1] = 0;
  return mask;
}
