/** Runs whose law is known. */

import type { Point } from "../../../eval/scaling/fit.ts";
import { type Law, lossOf } from "../../../eval/scaling/law.ts";
import { effectiveTokens } from "../../../eval/scaling/repeated.ts";
import { seededRandom } from "../../../pipeline/random.ts";

/** Besiroglu et al. 2024, rounded. */
export const CHINCHILLA: Law = { E: 1.817, A: 477, B: 2143, alpha: 0.3473, beta: 0.3672 };

const SIZES = [1e7, 3e7, 1e8, 3e8, 1e9];
const TOKENS_PER_PARAMETER = [0.5, 1, 2, 5, 10, 20, 40, 80];

/** Losses by the law, times exp of normal noise. Of more than `uniqueTokens`, repeated ones count as what they are worth. */
export function runsOf(
  law: Law,
  { noise = 0, seed = 1, uniqueTokens = Number.POSITIVE_INFINITY } = {},
): (Point & { readonly flops: number })[] {
  const random = seededRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return SIZES.flatMap((params) =>
    TOKENS_PER_PARAMETER.map((ratio) => {
      const tokens = effectiveTokens(params * ratio, uniqueTokens);
      const loss = lossOf(law, { params, tokens }) * Math.exp(noise * normal());
      return { params, tokens, loss, flops: 6 * params * params * ratio };
    }),
  );
}
