/**
 * The parametric law of scaling, L(N, D) = E + A/N^α + B/D^β (Hoffmann et al. 2022, "Training Compute-Optimal Large
 * Language Models", approach 3), and what follows from it where training costs C = 6·N·D FLOPs.
 */

/** FLOPs a parameter and token: forward 2, backward 4 (Kaplan et al. 2020, section 2.1). Attention over T by T is not in it. */
export const FLOPS_PER_PARAMETER_AND_TOKEN = 6;

export interface Law {
  /** What no model and no data get below. */
  readonly E: number;
  readonly A: number;
  readonly B: number;
  readonly alpha: number;
  readonly beta: number;
}

/** N and D: what a budget is spent on. */
export interface Shape {
  readonly params: number;
  readonly tokens: number;
}

export function lossOf({ E, A, B, alpha, beta }: Law, { params, tokens }: Shape): number {
  return E + A * params ** -alpha + B * tokens ** -beta;
}

/** a in N ∝ C^a: β / (α + β). */
export function paramsExponent({ alpha, beta }: Law): number {
  return beta / (alpha + beta);
}

/** N and D of the lowest loss that so many FLOPs buy: N = G·(C/6)^a, G = (αA / βB)^(1/(α+β)). Hoffmann et al., eq. 4. */
export function computeOptimal(law: Law, flops: number): Shape {
  const { A, B, alpha, beta } = law;
  const scale = ((alpha * A) / (beta * B)) ** (1 / (alpha + beta));
  return shapeOf(scale * (flops / FLOPS_PER_PARAMETER_AND_TOKEN) ** paramsExponent(law), flops);
}

/** A model of so many parameters, with the tokens that so many FLOPs then buy. */
export function shapeOf(params: number, flops: number): Shape {
  return { params, tokens: flops / (FLOPS_PER_PARAMETER_AND_TOKEN * params) };
}
