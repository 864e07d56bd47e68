import { z } from "zod";

/** Far beyond what is trained: a slip of the keyboard is told, where accounting for it would take all memory and for ever. */
export const MOST = { contextLength: 2 ** 20, layers: 1000, width: 2 ** 16 } as const;

/**
 * A decoder-only transformer. By default as Llama and the CS336 hand-outs have it: RMSNorm before each part, rotary
 * positions, SwiGLU, no biases.
 */
export const ModelConfig = z
  .strictObject({
    vocabSize: z.int().min(1),
    /** Tokens of a row. */
    contextLength: z.int().min(1).max(MOST.contextLength),
    layers: z.int().min(1).max(MOST.layers),
    width: z.int().min(1).max(MOST.width),
    heads: z.int().min(1),
    /** Heads of keys and values, each shared by a group of query heads (Ainslie et al. 2023). By default as many as `heads`. */
    kvHeads: z.int().min(1).optional(),
    /** Width of the feed-forward part. By default 8/3 of the width for swiglu, otherwise four times it; up to a multiple of 64. */
    hiddenWidth: z.int().min(1).optional(),
    activation: z.enum(["swiglu", "gelu", "gelu-tanh", "silu"]).default("swiglu"),
    norm: z.enum(["rms", "layer"]).default("rms"),
    /** Before each part, behind the sum with its result (as in the first transformer), or nowhere. */
    normPlacement: z.enum(["pre", "post", "none"]).default("pre"),
    normEpsilon: z.number().positive().default(1e-5),
    positions: z.enum(["rope", "learned", "none"]).default("rope"),
    ropeBase: z.number().positive().default(10_000),
    /** One table for tokens in and logits out. */
    tied: z.boolean().default(false),
    /** Queries and keys are normalized, head by head (Henry et al. 2020). */
    qkNorm: z.boolean().default(false),
    /** Share of activations that a training step leaves out, where GPT-2 has it. */
    dropout: z.number().min(0).lt(1).default(0),
  })
  .check((context) => {
    const { width, heads, kvHeads = heads, positions } = context.value;
    const fault = (path: "heads" | "kvHeads", message: string): void => {
      context.issues.push({ code: "custom", path: [path], message, input: context.value[path] });
    };
    if (width % heads !== 0) fault("heads", `a divisor of the width ${width}`);
    else if (positions === "rope" && (width / heads) % 2 !== 0) {
      fault("heads", `heads of an even width, since rope turns pairs (not of ${width / heads})`);
    }
    if (heads % kvHeads !== 0) fault("kvHeads", `a divisor of the ${heads} heads`);
  });

export type ModelOptions = z.input<typeof ModelConfig>;
export type ModelConfig = z.output<typeof ModelConfig>;

/** Sizes that follow from the others. */
export function sizesOf(config: ModelConfig) {
  const { width, heads, kvHeads = heads, activation } = config;
  const share = activation === "swiglu" ? 8 / 3 : 4;
  return {
    headWidth: width / heads,
    kvHeads,
    hiddenWidth: config.hiddenWidth ?? 64 * Math.ceil((share * width) / 64),
  };
}
