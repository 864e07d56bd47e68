/** Layers by themselves, from the first assignments of 2024 and 2025. */
// B = sequences, T = positions, S = positions looked at, D = width, H = heads, W = width of a head
import { add, anglesOf, concat, reshape, rope, scale, sub } from "../../ir/ops/index.ts";
import { scalar, type Tensor } from "../../ir/tensor.ts";
import {
  attention,
  causalMask,
  feedForward,
  HIDDEN,
  joinHeads,
  linear,
  rmsNorm,
  splitHeads,
} from "../../model/layers.ts";
import { type Case, program } from "../case.ts";

const EPSILON = 1e-5;
const HEADS = 2;

/** Masks of 2024 are true where nothing may be looked at, those of 2025 where something may. */
const hiddenWhere = (mask: Tensor): Tensor => scale(mask, HIDDEN);
const shownWhere = (mask: Tensor): Tensor => scale(sub(scalar(1), mask), HIDDEN);

interface AttentionWeights {
  readonly query: Tensor;
  readonly key: Tensor;
  readonly value: Tensor;
  readonly output: Tensor;
}

/** Of x [B, T, D], no later positions seen, and no position told apart otherwise. */
function causalAttention(x: Tensor, { query, key, value, output }: AttentionWeights): Tensor {
  const [B, T, D] = x.shape as [number, number, number];
  const rows = reshape(x, [B * T, D]);
  const heads = (weights: Tensor): Tensor => splitHeads(linear(rows, weights), B, T, D / HEADS);
  const mixed = attention({ queries: heads(query), keys: heads(key), values: heads(value), mask: causalMask(T) });
  return reshape(linear(joinHeads(mixed), output), x.shape);
}

function gelu(x: Tensor, into: Tensor, out: Tensor): Tensor {
  const [B, T, D] = x.shape as [number, number, number];
  return reshape(feedForward(reshape(x, [B * T, D]), into, out, "gelu"), x.shape);
}

export const LAYERS: Readonly<Record<string, Case>> = {
  "2024 rmsnorm": program((given) => ({
    rmsnorm_expected_output: rmsNorm(given.tensor("in_features"), given.tensor("rmsnorm_weights/weight"), EPSILON),
  })),

  "2024 ffn": program((given) => {
    const weights = (name: string) => given.tensor(`positionwise_feedforward_weights/${name}.weight`);
    const out = gelu(given.tensor("in_features"), weights("w1"), weights("w2"));
    return { positionwise_feedforward_expected_output: out };
  }),

  "2024 sdpa 4d": program((given) => {
    const [queries, keys, values, mask] = ["Q", "K", "V", "mask"].map((name) =>
      given.tensor(`scaled_dot_product_attention_${name}`),
    ) as [Tensor, Tensor, Tensor, Tensor];
    const out = attention({ queries, keys, values, mask: hiddenWhere(mask) });
    return { scaled_dot_product_attention_expected_output: out };
  }),

  "2024 causal mha": program((given) => {
    const weights = (name: string) => given.tensor(`unbatched_multihead_self_attention_weights/${name}.weight`);
    // Each head has matrices of its own: ours are theirs, one below the other.
    const joined = (part: string) => concat([weights(`${part}_heads.0`), weights(`${part}_heads.1`)], 0);
    const out = causalAttention(given.tensor("in_features"), {
      query: joined("q"),
      key: joined("k"),
      value: joined("v"),
      output: weights("output_proj"),
    });
    return { unbatched_multihead_self_attention_expected_output: out };
  }),

  // By layers: a Transformer begins at ids and ends at logits.
  "2024 block": program((given) => {
    const weights = (name: string) => given.tensor(`transformer_block_weights/${name}.weight`);
    const x = given.tensor("in_features");
    const mixed = causalAttention(rmsNorm(x, weights("ln1"), EPSILON), {
      query: weights("attn.q_proj"),
      key: weights("attn.k_proj"),
      value: weights("attn.v_proj"),
      output: weights("attn.output_proj"),
    });
    const between = add(x, mixed);
    const out = gelu(rmsNorm(between, weights("ln2"), EPSILON), weights("ffn.w1"), weights("ffn.w2"));
    return { transformer_block_expected_output: add(between, out) };
  }),

  "2025 sdpa 3d": sdpa2025("test_scaled_dot_product_attention", 1),
  "2025 sdpa 4d": sdpa2025("test_4d_scaled_dot_product_attention", 2),

  "2025 rope": program((given) => {
    const x = given.tensor("generated/a1_in_embeddings");
    const [, T, D] = x.shape as [number, number, number];
    return { test_rope: rope(x, anglesOf(T, D)) };
  }),
};

/** Sequences [B · H, T, W], and a mask for each, taken as `H` heads of B sequences. */
function sdpa2025(expected: string, H: number): Case {
  return program((given) => {
    const [queries, keys, values, mask] = ["q", "k", "v", "mask"].map((name) => {
      const tensor = given.tensor(`generated/a1_${name}`);
      const [sequences, ...rest] = tensor.shape as [number, number, number];
      return reshape(tensor, [sequences / H, H, ...rest]);
    }) as [Tensor, Tensor, Tensor, Tensor];
    const mixed = attention({ queries, keys, values, mask: shownWhere(mask) });
    const [B, , T, W] = mixed.shape as [number, number, number, number];
    return { [expected]: H === 1 ? reshape(mixed, [B, T, W]) : mixed };
  });
}
