/** A whole language model, from the first assignment of 2024: `Transformer` with weights that PyTorch drew. */
import { reshape } from "../../ir/ops/index.ts";
import { input } from "../../ir/tensor.ts";
import { ModelConfig } from "../../model/config.ts";
import { Transformer } from "../../model/transformer.ts";
import { type Case, program } from "../case.ts";

const CONFIG = ModelConfig.parse({
  vocabSize: 100,
  contextLength: 64,
  layers: 2,
  width: 128,
  heads: 2,
  hiddenWidth: 512,
  activation: "gelu",
  positions: "learned",
});

/** What the fixture calls our parameters; of those in a block, the part behind it. */
const NAMES: Readonly<Record<string, string>> = {
  embedding: "token_embeddings",
  positions: "position_embeddings",
  "norm.gain": "ln_final",
  unembedding: "lm_head",
  "attention.norm.gain": "ln1",
  "attention.query": "attn.q_proj",
  "attention.key": "attn.k_proj",
  "attention.value": "attn.v_proj",
  "attention.output": "attn.output_proj",
  "feedforward.norm.gain": "ln2",
  "feedforward.in": "ffn.w1",
  "feedforward.out": "ffn.w2",
};

function nameOf(parameter: string): string {
  const [, layer, part] = /^blocks\.(\d+)\.(.*)$/.exec(parameter) ?? [];
  return layer === undefined ? `${NAMES[parameter]}.weight` : `layers.${layer}.${NAMES[part!]}.weight`;
}

function languageModel(ids: string, expected: string): Case {
  return program((given) => {
    const model = new Transformer(CONFIG);
    for (const { name } of model.parameters) given.feed(name, `transformer_lm_weights/${nameOf(name)}`);
    const [B, T] = given.array(ids).shape as [number, number];
    given.feed("tokens", ids);
    const { logits } = model.forward({ tokens: input("tokens", [B * T], "int"), sequences: B });
    return { [expected]: reshape(logits, [B, T, CONFIG.vocabSize]) };
  });
}

export const LANGUAGE_MODELS: Readonly<Record<string, Case>> = {
  "2024 LM": languageModel("in_indices", "transformer_lm_expected_output"),
  "2024 LM truncated": languageModel("in_indices_truncated", "transformer_lm_truncated_expected_output"),
};
