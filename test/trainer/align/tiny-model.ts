/** A model that is computed in a blink, and rows for it. */
import { seededRandom } from "../../../pipeline/random.ts";
import type { Row } from "../../../trainer/align/learning/row.ts";
import { ModelConfig, type ModelOptions } from "../../../trainer/model/config.ts";
import { beginningOf } from "../../../trainer/model/parameters.ts";
import { Transformer } from "../../../trainer/model/transformer.ts";

export const TINY = { vocabSize: 29, contextLength: 40, layers: 2, width: 16, heads: 4, hiddenWidth: 24 } as const;

/** It has opinions: what it would begin training with says next to nothing. */
export function tinyModel(options: ModelOptions = TINY, seed = 1) {
  const model = new Transformer(ModelConfig.parse(options));
  const values = beginningOf(model.parameters, seed);
  for (const { name, decays } of model.parameters) if (decays) values[name] = values[name]!.map((x) => 8 * x);
  return { model, values };
}

/** Rows with responses of these lengths behind prompts of one to five tokens. */
export function rowsOfLengths(seed: number, lengths: readonly number[]): Row[] {
  const random = seededRandom(seed);
  const below = (n: number): number => Math.floor(random() * n);
  return lengths.map((length) => {
    const prompt = 1 + below(5);
    const ids = Array.from({ length: prompt + length }, () => below(TINY.vocabSize));
    return { ids, isResponse: ids.map((_, i) => Number(i >= prompt)) };
  });
}
