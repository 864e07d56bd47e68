import { sharedAtLeast } from "./jaccard.ts";

/**
 * Containment of two sorted sets: shared / the smaller one's size. 1 where one page's shingles are all in the other,
 * however much more that one has; two empty sets have none, 0.
 */
export function containment(a: Uint32Array, b: Uint32Array): number {
  return containmentAtLeast(a, b, 0) ?? 0;
}

/** Containment, or `undefined` when it is below `atLeast`; gives up as soon as too few elements are left on one side. */
export function containmentAtLeast(a: Uint32Array, b: Uint32Array, atLeast: number): number | undefined {
  const smaller = Math.min(a.length, b.length);
  // Rounded down, as the last line decides.
  const shared = sharedAtLeast(a, b, Math.floor(atLeast * smaller));
  const share = smaller === 0 ? 0 : shared / smaller;
  return shared >= 0 && share >= atLeast ? share : undefined;
}
