// B = sequences, T = positions
import { mul, total } from "../ir/ops/index.ts";
import type { Tensor } from "../ir/tensor.ts";
import type { Given } from "./objective.ts";

/** What these rows add to the mean over the step's response tokens. [B, T], or [B, 1] for what all tokens of a row share. */
export function meanOverTokens(x: Tensor, { shares }: Pick<Given, "shares">): Tensor {
  return total(mul(x, shares));
}
