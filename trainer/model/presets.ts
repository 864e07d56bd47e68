/** Models by name, and by one dial. */
import { RecipeError } from "../../pipeline/errors.ts";
import { firstMistake } from "../../pipeline/schema-error.ts";
import { ModelConfig, type ModelOptions } from "./config.ts";

const GPT2_VOCABULARY = 50_257;

const PRESETS: Readonly<Record<string, ModelOptions>> = {
  /** Radford et al. 2019. Linear maps have no biases here: 124,356,864 parameters, GPT-2's 124,439,808 less 82,944. */
  "gpt2-small": {
    ...{ vocabSize: GPT2_VOCABULARY, contextLength: 1024, layers: 12, width: 768, heads: 12, hiddenWidth: 3072 },
    ...{ activation: "gelu-tanh", norm: "layer", positions: "learned", tied: true },
  },
  /** The size of GPT-2 XL in the shape of CS336 (assignment 1, resource accounting): 2,127,057,600 parameters. */
  "gpt2-xl": {
    ...{ vocabSize: GPT2_VOCABULARY, contextLength: 1024, layers: 48, width: 1600, heads: 25, hiddenWidth: 6400 },
  },
  /** CS336, assignment 1: what is trained on TinyStories. */
  "cs336-tinystories": {
    ...{ vocabSize: 10_000, contextLength: 256, layers: 4, width: 512, heads: 16, hiddenWidth: 1344 },
  },
  /** CS336, assignment 4: what filtered crawls are compared with. */
  "cs336-a4": {
    ...{ vocabSize: GPT2_VOCABULARY, contextLength: 512, layers: 12, width: 768, heads: 12, hiddenWidth: 2048 },
  },
  /** What this trainer's own speed is measured on: 1,377,408 parameters. */
  reference: {
    ...{ vocabSize: 4096, contextLength: 128, layers: 4, width: 128, heads: 4, hiddenWidth: 384, tied: true },
  },
};

export const PRESET_NAMES: readonly string[] = [...Object.keys(PRESETS), "depth-N"];

/**
 * A preset by its name, or a config; `overrides` replace fields. Raises RecipeError for a name that is not known, and for
 * fields that do not go together.
 *
 * @example modelOf("gpt2-small", { contextLength: 256 })
 */
export function modelOf(model: string | ModelOptions, overrides: Partial<ModelOptions> = {}): ModelConfig {
  const options = typeof model === "string" ? optionsOf(model) : model;
  const parsed = ModelConfig.safeParse({ ...options, ...overrides }, { reportInput: true });
  if (!parsed.success) throw new RecipeError(firstMistake(parsed.error, ModelConfig, () => "model"));
  return parsed.data;
}

/**
 * A model as configs have it: a preset's name, or fields, `preset` among them to begin from one. `where` they stand is put
 * before what RecipeErrors say.
 */
export function modelFrom(model: string | Readonly<Record<string, unknown>>, where: string): ModelConfig {
  try {
    if (typeof model === "string") return modelOf(model);
    const { preset, ...fields } = model;
    return preset === undefined ? modelOf(fields as ModelOptions) : modelOf(String(preset), fields);
  } catch (error) {
    throw error instanceof RecipeError ? new RecipeError(`${where}: ${error.message}`) : error;
  }
}

function optionsOf(name: string): ModelOptions {
  if (Object.hasOwn(PRESETS, name)) return PRESETS[name]!;
  const depth = /^depth-([1-9]\d{0,2})$/.exec(name)?.[1];
  if (depth !== undefined) return ofDepth(Number(depth));
  throw new RecipeError(`model: no preset "${name}" (there are ${PRESET_NAMES.join(", ")})`);
}

const HEAD_WIDTH = 128;

/**
 * One dial for all sizes, as nanochat has it (scripts/base_train.py): so many layers, 64 times as wide, up to whole heads
 * of 128, with 4 times the width in the feed-forward part, and a context of 2,048 tokens of 32,768.
 *
 * Otherwise than there: GELU, which costs the same, for its squared ReLU; gains on norms; attention to the whole context
 * in every layer; no norm on the embedding, no cap on logits, no embeddings of values.
 */
function ofDepth(layers: number): ModelOptions {
  const heads = Math.ceil((64 * layers) / HEAD_WIDTH);
  const width = heads * HEAD_WIDTH;
  return {
    ...{ vocabSize: 32_768, contextLength: 2048, layers, width, heads, hiddenWidth: 4 * width },
    ...{ activation: "gelu", qkNorm: true },
  };
}
