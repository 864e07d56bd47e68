/**
 * A ratio of sums (bits per byte, correct answers per question) over a domain's items, and how far another sample of such
 * items would move it. Items are sampled by clusters: documents of one book stand or fall together.
 *
 * The variance is the delete-one-cluster jackknife: with g_c = R − R without cluster c, it is (m − 1)/m · Σ g_c². It is
 * right for two clusters of any sizes, where the linearised variance is too small by the larger one's leverage (Wolter
 * 2007, Introduction to Variance Estimation, ch. 4; MacKinnon, Nielsen & Webb 2023, "CV3"), and needs no random numbers.
 */

/** A domain as the jackknife sees it. */
export interface RatioDomain {
  /** Of each item: bytes, or 1 where items are counted. */
  readonly denominators: Float64Array;
  /** Of each item: the number of its cluster. */
  readonly clusterOf: Int32Array;
  /** Each cluster's share of the denominators; they sum to 1. */
  readonly shares: Float64Array;
  readonly total: number;
  /** Of the variance; 0 where there is one item, which has no spread. */
  readonly df: number;
  /** What is taken to be independent. Items only where all lie in one cluster: the variance is then a lower bound. */
  readonly sampledBy: "clusters" | "items" | "nothing";
}

export function ratioDomain(items: readonly { readonly denominator: number; readonly cluster: string }[]): RatioDomain {
  // An item without bytes carries nothing, and a cluster of such ones is none.
  const counted = items.filter(({ denominator }) => denominator > 0);
  const clusters = new Set(counted.map(({ cluster }) => cluster)).size;
  const sampledBy = clusters > 1 ? "clusters" : counted.length > 1 ? "items" : "nothing";
  const numbers = new Map<string, number>();
  const clusterOf = Int32Array.from(items, ({ denominator, cluster }, i) => {
    if (denominator === 0) return 0;
    const key = sampledBy === "clusters" ? cluster : String(i);
    if (!numbers.has(key)) numbers.set(key, numbers.size);
    return numbers.get(key)!;
  });
  const denominators = Float64Array.from(items, ({ denominator }) => denominator);
  const shares = new Float64Array(numbers.size);
  let total = 0;
  for (const [i, denominator] of denominators.entries()) {
    shares[clusterOf[i]!]! += denominator;
    total += denominator;
  }
  for (const c of shares.keys()) shares[c]! /= total;
  return { denominators, clusterOf, shares, total, df: jackknifeDf(shares), sampledBy };
}

export function ratioOf(numerators: ArrayLike<number>, { total }: RatioDomain): number {
  let sum = 0;
  for (let i = 0; i < numerators.length; i++) sum += numerators[i]!;
  return sum / total;
}

export function jackknifeVariance(numerators: ArrayLike<number>, domain: RatioDomain): number {
  const { clusterOf, shares, total, denominators } = domain;
  const ratio = ratioOf(numerators, domain);
  const residuals = new Float64Array(shares.length);
  for (let i = 0; i < numerators.length; i++) {
    residuals[clusterOf[i]!]! += (numerators[i]! - ratio * denominators[i]!) / total;
  }
  let sum = 0;
  for (const [c, residual] of residuals.entries()) sum += (residual / (1 - shares[c]!)) ** 2;
  return shares.length < 2 ? 0 : (sum * (shares.length - 1)) / shares.length;
}

/**
 * Satterthwaite's degrees of freedom of the jackknife variance, where every cluster's ratio has the same normal spread
 * (Bell & McCaffrey 2002): m − 1 for equal clusters, towards 1 where one of them holds nearly all.
 *
 * With h = w / (1 − w) and S = Σ w², the g_c above have covariances h_c h_d ([c = d] − w_c − w_d + S); the result is
 * (their trace)² over the sum of their squares.
 */
function jackknifeDf(shares: Float64Array): number {
  if (shares.length < 2) return 0;
  let squares = 0;
  for (const w of shares) squares += w * w;
  let trace = 0;
  let diagonal = 0;
  let h0 = 0;
  let h1 = 0;
  let h2 = 0;
  for (const w of shares) {
    const h = (w / (1 - w)) ** 2;
    const own = 1 - 2 * w + squares;
    trace += h * own;
    diagonal += h * h * (own * own - (own - 1) ** 2);
    h0 += h;
    h1 += h * w;
    h2 += h * w * w;
  }
  const all = squares * squares * h0 * h0 + 2 * h0 * h2 + 2 * h1 * h1 - 4 * squares * h0 * h1;
  return (trace * trace) / (diagonal + all);
}
