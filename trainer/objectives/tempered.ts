import { scale } from "../ir/ops/index.ts";
import type { Tensor } from "../ir/tensor.ts";

/** Logits of what tokens are drawn from at a temperature; at 0 the likeliest is always drawn, and logits are as they are. */
export function tempered(logits: Tensor, temperature = 1): Tensor {
  return temperature === 1 || temperature === 0 ? logits : scale(logits, 1 / temperature);
}
