import type { Estimate } from "../statistics/comparison.ts";
import { wilsonMean } from "./wilson.ts";

/** How many responses to a prompt were drawn, and how many of them were right. */
export interface Drawn {
  readonly samples: number;
  readonly correct: number;
}

/**
 * The chance that one of `k` responses is right, from `samples` ≥ k of which `correct` were: 1 − C(n − c, k) / C(n, k),
 * which is unbiased (Chen et al. 2021, arXiv 2107.03374, eq. 1); 1 − (1 − c/n)^k is not. As a product, since the
 * binomials overflow.
 */
export function passAtK({ samples, correct }: Drawn, k: number): number {
  if (!(Number.isInteger(k) && k >= 1 && k <= samples && correct >= 0 && correct <= samples)) {
    throw new RangeError(`pass@${k} cannot be told from ${samples} responses with ${correct} right ones`);
  }
  if (samples - correct < k) return 1;
  let allWrong = 1;
  for (let i = samples - correct + 1; i <= samples; i++) allWrong *= 1 - k / i;
  return 1 - allWrong;
}

/** pass@k over prompts. The interval is that of prompts: other ones would have been easier or harder. */
export function meanPassAtK(prompts: readonly Drawn[], k: number): Estimate {
  return wilsonMean(prompts.map((prompt) => passAtK(prompt, k)));
}
