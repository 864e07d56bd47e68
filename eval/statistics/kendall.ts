/**
 * Agreement of two rankings: Kendall's τ-b, which counts pairs in the same order minus pairs in the other, of the pairs that
 * neither ties. 1 for the same order, −1 for the reverse. Undefined where one of them ties everything.
 */
export function kendallTau(a: readonly number[], b: readonly number[]): number | undefined {
  let [agreeing, ofA, ofB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < i; j++) {
      const [signA, signB] = [Math.sign(a[i]! - a[j]!), Math.sign(b[i]! - b[j]!)];
      agreeing += signA * signB;
      ofA += Math.abs(signA);
      ofB += Math.abs(signB);
    }
  }
  return ofA === 0 || ofB === 0 ? undefined : agreeing / Math.sqrt(ofA * ofB);
}

/** How often rankings that have nothing to do with each other are the same: the least p that τ = 1 can come to. */
export function chanceOfSameOrder(items: number): number {
  let orders = 1;
  for (let n = 2; n <= items; n++) orders *= n;
  return 1 / orders;
}
