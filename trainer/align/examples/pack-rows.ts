/**
 * Examples side by side in rows, so that little of a batch is padding. Nothing is cut or dropped: every example is in a row
 * once, whole.
 *
 *     ids          p p p r r e   p p r r r e   p r e
 *     isResponse   0 0 0 1 1 1   0 0 1 1 1 1   0 1 1
 *     documents    0 0 0 0 0 0   1 1 1 1 1 1   2 2 2
 *
 * The first id of an example is a target of the one before it, with which it has nothing to do: it is never learned, even
 * where an example begins with its response.
 */
import { RecipeError } from "../../../pipeline/errors.ts";
import { drawUniform, seededRandom, shuffle } from "../../../pipeline/random.ts";
import type { Row } from "../learning/row.ts";

export const PACKINGS = ["best-fit", "none"] as const;
/** `best-fit` puts examples where they leave the least room, longest first; with `none` each has a row of its own. */
export type Packing = (typeof PACKINGS)[number];

/**
 * Rows of at most `contextLength` targets. The order of equal lengths is that of `rows`, and nothing else depends on it: any
 * order of the same rows comes to as many. Raises RecipeError for a row that is too long.
 */
export function packRows(rows: readonly Row[], contextLength: number, packing: Packing = "best-fit"): Row[] {
  const most = contextLength + 1;
  for (const [n, { ids, byToken, bySequence }] of rows.entries()) {
    if (ids.length > most) {
      throw new RecipeError(`row ${n}: found ${ids.length} tokens, expected ${most} at most: nothing is cut here`);
    }
    if (byToken !== undefined || bySequence !== undefined) {
      throw new RangeError(`row ${n}: found further inputs, expected to be given them once rows are packed`);
    }
  }
  const groups = packing === "none" ? rows.map((row) => [row]) : bestFit(rows, most);
  return groups.map(joined);
}

/**
 * The rows of an epoch, from 0: other examples share a row, and rows come in another order, as `seed` and `epoch` say. Every
 * epoch has as many.
 */
export function packEpoch(
  rows: readonly Row[],
  {
    contextLength,
    packing = "best-fit",
    seed,
    epoch,
  }: { readonly contextLength: number; readonly packing?: Packing; readonly seed: number; readonly epoch: number },
): Row[] {
  const random = seededRandom(drawUniform(seed, "packing", String(epoch)) * 2 ** 32);
  const order = [...rows];
  shuffle(order, random);
  const packed = packRows(order, contextLength, packing);
  shuffle(packed, random);
  return packed;
}

/** Best-fit decreasing: rows by the room that is left in them. */
function bestFit(rows: readonly Row[], most: number): Row[][] {
  const groups: Row[][] = [];
  const byRoom: Row[][][] = Array.from({ length: most + 1 }, () => []);
  for (const row of rows.toSorted((a, b) => b.ids.length - a.ids.length)) {
    const { length } = row.ids;
    let room = length;
    while (room <= most && byRoom[room]!.length === 0) room++;
    const group = room <= most ? byRoom[room]!.pop()! : [];
    if (group.length === 0) groups.push(group);
    group.push(row);
    byRoom[(room <= most ? room : most) - length]!.push(group);
  }
  return groups;
}

function joined(rows: readonly Row[]): Row {
  const length = rows.reduce((sum, { ids }) => sum + ids.length, 0);
  const ids = new Uint32Array(length);
  const isResponse = new Uint8Array(length);
  const documents = new Uint32Array(length);
  let at = 0;
  for (const [n, row] of rows.entries()) {
    ids.set(row.ids, at);
    isResponse.set(row.isResponse, at);
    isResponse[at] = 0;
    documents.fill(n, at, at + row.ids.length);
    at += row.ids.length;
  }
  return { ids, isResponse, documents };
}
