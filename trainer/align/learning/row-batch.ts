/** Rows as the inputs of a program: padded at their ends to one length, up to a number of sequences. */
// B = sequences, T = positions
import type { Values } from "../../ir/op.ts";
import { HIDDEN } from "../../model/layers.ts";
import { type Row, targetsOf } from "./row.ts";

/** Lengths are rounded up to these steps, so that a few programs serve all. */
const FINE = { upTo: 128, step: 16 } as const;
const COARSE_STEP = 64;

/** Positions of the program for rows of at most so many targets. */
export function positionsFor(targets: number, contextLength: number): number {
  const step = targets <= FINE.upTo ? FINE.step : COARSE_STEP;
  return Math.min(contextLength, Math.max(step, step * Math.ceil(targets / step)));
}

export function longestOf(rows: readonly Row[]): number {
  return rows.reduce((longest, row) => Math.max(longest, targetsOf(row)), 1);
}

/**
 * Writes tokens, targets and mask, and `attention` where the program keeps packed texts apart. Behind a row's end, and in
 * sequences without a row, everything is 0; no position looks there from within a row.
 */
export function fillRows(inputs: Readonly<Record<string, Values>>, rows: readonly Row[], positions: number): void {
  const { tokens, targets, mask, attention } = inputs;
  for (const values of [tokens, targets]) values?.fill(0);
  if (mask !== undefined) fillResponses(mask, rows, { positions, value: 1 });
  attention?.fill(HIDDEN);
  for (const [b, row] of rows.entries()) {
    const { ids, documents } = row;
    // It would go on in the next one.
    if (targetsOf(row) > positions)
      throw new RangeError(`row ${b}: ${targetsOf(row)} targets, expected ${positions} at most`);
    for (let t = 0; t < targetsOf(row); t++) {
      const i = b * positions + t;
      tokens![i] = ids[t]!;
      targets![i] = ids[t + 1]!;
    }
    if (attention === undefined) continue;
    let begins = 0;
    for (let t = 0; t < targetsOf(row); t++) {
      if (t > 0 && documents !== undefined && documents[t] !== documents[t - 1]) begins = t;
      const from = (b * positions + t) * positions;
      attention.fill(0, from + begins, from + t + 1);
    }
  }
  if (attention === undefined) return;
  // What looks at nothing would divide by nothing: padding looks at itself.
  for (let i = 0; i < attention.length / positions; i++) attention[i * positions + (i % positions)] = 0;
}

/** Writes a value where the target is a token of a response, 0 elsewhere. */
export function fillResponses(
  values: Values,
  rows: readonly Row[],
  { positions, value }: { readonly positions: number; readonly value: number },
): void {
  values.fill(0);
  for (const [b, row] of rows.entries()) {
    for (let t = 0; t < targetsOf(row); t++) values[b * positions + t] = row.isResponse[t + 1]! * value;
  }
}

/** Writes what an objective asks for by `name`: a number for each target of each row, or one for each row. 0 where there is no row. */
export function fillFurther(
  values: Values,
  name: string,
  extent: "token" | "sequence",
  { rows, positions }: { readonly rows: readonly Row[]; readonly positions: number },
): void {
  values.fill(0);
  for (const [b, row] of rows.entries()) {
    if (extent === "token") values.set(found(row.byToken?.[name], name, b), b * positions);
    else values[b] = found(row.bySequence?.[name], name, b);
  }
}

function found<T>(value: T | undefined, name: string, b: number): T {
  if (value === undefined) throw new RangeError(`row ${b} of a batch has no "${name}", which the objective asks for`);
  return value;
}
