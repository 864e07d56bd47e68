/**
 * Containment of two sorted sets: shared / the smaller one's size. 1 where one page's shingles are all in the other,
 * however much more that one has; two empty sets have none, 0. The merge is `jaccardAtLeast`'s.
 */
export function containment(a: Uint32Array, b: Uint32Array): number {
  return containmentAtLeast(a, b, 0) ?? 0;
}

/** Containment, or `undefined` when it is below `atLeast`; gives up as soon as too few elements are left on one side. */
export function containmentAtLeast(a: Uint32Array, b: Uint32Array, atLeast: number): number | undefined {
  const smaller = Math.min(a.length, b.length);
  // Rounded down, as the last line decides.
  const sharedNeeded = Math.floor(atLeast * smaller);
  let sparesA = a.length - sharedNeeded;
  let sparesB = b.length - sharedNeeded;
  let shared = 0;
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length && sparesA >= 0 && sparesB >= 0) {
    const x = a[i]!;
    const y = b[j]!;
    if (x === y) {
      shared++;
      i++;
      j++;
    } else if (x < y) {
      i++;
      sparesA--;
    } else {
      j++;
      sparesB--;
    }
  }
  const share = smaller === 0 ? 0 : shared / smaller;
  return sparesA >= 0 && sparesB >= 0 && share >= atLeast ? share : undefined;
}
