/** The parts that a transformer is made of. */
// N = B · T rows, B = sequences, T = positions, D = width, H = heads, W = width of a head, F = hidden width
import {
  type Angles,
  add,
  gelu,
  geluTanh,
  matmul,
  mean,
  mul,
  reciprocal,
  reshape,
  rope,
  silu,
  softmax,
  sqrt,
  sub,
  transpose,
} from "../ir/ops/index.ts";
import { constant, scalar, type Tensor } from "../ir/tensor.ts";

/** x [N, in] by weights [out, in]. */
export function linear(x: Tensor, weights: Tensor): Tensor {
  return matmul(x, weights, { transposeB: true });
}

/** Zhang and Sennrich 2019: x by the root of its mean square along the last axis, times a gain. */
export function rmsNorm(x: Tensor, gain: Tensor, epsilon: number): Tensor {
  return mul(mul(x, reciprocal(sqrt(add(mean(mul(x, x), [-1]), scalar(epsilon))))), gain);
}

/** Ba et al. 2016: the same for what is left without the mean, and a shift. */
export function layerNorm(x: Tensor, gain: Tensor, shift: Tensor, epsilon: number): Tensor {
  return add(rmsNorm(sub(x, mean(x, [-1])), gain, epsilon), shift);
}

export interface AttentionInputs {
  /** [B, H, T, W]. */
  readonly queries: Tensor;
  /** [B, Hk, S, W], with H a multiple of Hk. */
  readonly keys: Tensor;
  readonly values: Tensor;
  /** Added to the scores, 0 or about minus infinity: [T, S], or [B, 1, T, S]. None where all may be looked at. */
  readonly mask?: Tensor | undefined;
}

/** softmax(q · k / √W + mask) · v, head by head: [B, H, T, W]. A group of query heads shares its keys and values. */
export function attention({ queries, keys, values, mask }: AttentionInputs): Tensor {
  const [B, H, T, W] = queries.shape as [number, number, number, number];
  const [, Hk, S] = keys.shape as [number, number, number, number];
  const group = H / Hk;
  const isShared = group > 1;
  const q = isShared ? reshape(queries, [B, Hk, group, T, W]) : queries;
  const k = isShared ? reshape(keys, [B, Hk, 1, S, W]) : keys;
  const v = isShared ? reshape(values, [B, Hk, 1, S, W]) : values;
  const scores = matmul(q, k, { transposeB: true, scale: 1 / Math.sqrt(W) });
  const ofGroups = isShared && mask?.shape.length === 4 ? reshape(mask, [B, 1, 1, T, S]) : mask;
  const masked = ofGroups === undefined ? scores : add(scores, ofGroups);
  return reshape(matmul(softmax(masked), v), queries.shape);
}

/** What is added to scores of positions that may not be looked at. Its exponential is 0, and no difference overflows. */
export const HIDDEN = -1e9;

/** No position looks at a later one: [T, T]. */
export function causalMask(T: number): Tensor {
  const values = new Float64Array(T * T);
  for (let t = 0; t < T; t++) values.fill(HIDDEN, t * T + t + 1, (t + 1) * T);
  return constant(values, [T, T]);
}

/** [N, H · W] to [B, H, T, W]. */
export function splitHeads(x: Tensor, B: number, T: number, W: number): Tensor {
  return transpose(reshape(x, [B, T, x.shape[1]! / W, W]), [0, 2, 1, 3]);
}

/** [B, H, T, W] to [N, H · W]. */
export function joinHeads(x: Tensor): Tensor {
  const [B, H, T, W] = x.shape as [number, number, number, number];
  return reshape(transpose(x, [0, 2, 1, 3]), [B * T, H * W]);
}

/** By the angles of their positions, where a model has them (rope). */
export function turned(x: Tensor, angles: Angles | undefined): Tensor {
  return angles === undefined ? x : rope(x, angles);
}

/** Two layers with a bend between: out(activation(in(x))). */
export function feedForward(x: Tensor, into: Tensor, out: Tensor, activation: "gelu" | "gelu-tanh" | "silu"): Tensor {
  const hidden = linear(x, into);
  const bent = activation === "gelu" ? gelu(hidden) : activation === "silu" ? silu(hidden) : geluTanh(hidden);
  return linear(bent, out);
}

/** Shazeer 2020: out(silu(in(x)) · gate(x)). */
export function swiglu(x: Tensor, into: Tensor, gate: Tensor, out: Tensor): Tensor {
  return linear(mul(silu(linear(x, into)), linear(x, gate)), out);
}
