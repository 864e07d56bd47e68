import { z } from "zod";
import { fieldOf } from "./answers.ts";
import { defineVerifier } from "./verifier.ts";

/**
 * How well the response sorts the digits of a row. Digits are all that is read of either; what parts them does not count.
 * Two rewards of the Stanford course (spring2025-lectures bbdbc9c, lecture 17), each as a share of the most there is:
 *
 * - `distance`: how many digits stand where they do in the sorted row. 1 only for the sorted row.
 * - `inclusion-ordering`: how many digits of the row are in the response, plus how many of its neighbours are in order. It can be
 *   exploited where a row repeats a digit: for 1 1 2, the response 0 1 2 scores 1, too. A probe for that has `distance` beside.
 */
export default defineVerifier({
  name: "sorted",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({
    field: z.string().default("digits").describe("the row's field with the digits: a list, or a text"),
    reward: z.enum(["distance", "inclusion-ordering"]).default("distance").describe("what is rewarded"),
  }),
  verify(response, { fields }, { field, reward }) {
    const row = rowOf(fieldOf(fields, field), field);
    const found = digitsOf(response);
    const longest = Math.max(row.length, found.length);
    if (reward === "distance") return distancePoints(row, found) / longest;
    // Digits beyond the row's number earn nothing and count as places.
    const within = found.slice(0, row.length);
    return inclusionOrderingPoints(row, within) / (row.length + longest - 1);
  },
});

/** Places that hold what they hold in the sorted row. */
export function distancePoints(row: readonly number[], found: readonly number[]): number {
  return row.toSorted((a, b) => a - b).filter((digit, i) => digit === found[i]).length;
}

/** Digits of the row that were found, plus neighbours in order. */
export function inclusionOrderingPoints(row: readonly number[], found: readonly number[]): number {
  const there = new Set(found);
  const inclusion = row.filter((digit) => there.has(digit)).length;
  const ordering = found.filter((digit, i) => i > 0 && found[i - 1]! <= digit).length;
  return inclusion + ordering;
}

function rowOf(value: unknown, field: string): number[] {
  const digits = Array.isArray(value) ? (value as unknown[]).map(Number) : digitsOf(String(value));
  if (digits.length > 0 && digits.every((digit) => Number.isInteger(digit) && digit >= 0 && digit <= 9)) return digits;
  throw new Error(`the field "${field}" is ${JSON.stringify(value)?.slice(0, 60)}; expected digits`);
}

function digitsOf(text: string): number[] {
  return Array.from(text.matchAll(/[0-9]/g), ([digit]) => Number(digit));
}
