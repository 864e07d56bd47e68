/**
 * Attention and its gradients, which flash attention must come to as well: the second assignment of 2025. It keeps no
 * numbers; those of the fixture are of its tests' formula in NumPy, in double precision.
 */
// B = sequences, T = positions, W = width of a head
import { gradients } from "../../ir/autodiff.ts";
import { add, matmul, mul, reshape, total } from "../../ir/ops/index.ts";
import type { Tensor } from "../../ir/tensor.ts";
import { attention, causalMask } from "../../model/layers.ts";
import { logSumExp } from "../../objectives/entropy.ts";
import { type Case, type Given, program } from "../case.ts";

/** Attention's result `o`, the log of the sum that its softmax divides by, and how Σ o · do changes with q, k and v. */
function flash(given: Given, form: "full" | "causal"): Record<string, Tensor> {
  const tensors = ["q", "k", "v", "do"].map((name) => given.tensor(`generated/a2_flash_${name}`));
  const [q, k, v, toOut] = tensors as [Tensor, Tensor, Tensor, Tensor];
  const [B, T, W] = q.shape as [number, number, number];
  const [queries, keys, values] = [q, k, v].map((x) => reshape(x, [B, 1, T, W])) as [Tensor, Tensor, Tensor];
  const mask = form === "causal" ? causalMask(T) : undefined;
  const out = reshape(attention({ queries, keys, values, mask }), [B, T, W]);
  const scores = matmul(q, k, { transposeB: true, scale: 1 / Math.sqrt(W) });
  const [dq, dk, dv] = gradients(total(mul(out, toOut)), [q, k, v]);
  const results = {
    o: out,
    lse: reshape(logSumExp(mask === undefined ? scores : add(scores, mask)), [B, T]),
    dq: dq!,
    dk: dk!,
    dv: dv!,
  };
  return Object.fromEntries(
    Object.entries(results).map(([name, tensor]) => [`generated/a2_flash_${form}_${name}_expected`, tensor]),
  );
}

export const FLASH: Readonly<Record<string, Case>> = {
  "flash fwd/bwd": program((given) => ({ ...flash(given, "full"), ...flash(given, "causal") })),
};
