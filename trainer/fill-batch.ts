import type { Executable } from "./backends/backend.ts";
import type { Batch } from "./loader.ts";
import { HIDDEN } from "./model/layers.ts";

/** Writes a batch where a program of `nextTokenProgram` reads it; weights are multiplied by `share`. */
export function fillBatch(inputs: Executable["inputs"], batch: Batch, share: number): void {
  inputs.tokens!.set(batch.tokens);
  inputs.targets!.set(batch.targets);
  const weights = inputs.weights!;
  for (let i = 0; i < weights.length; i++) weights[i] = batch.weights[i]! * share;
  if (inputs.mask !== undefined) fillMask(inputs.mask as Float32Array, batch);
}

/** [B, 1, T, T]: a position looks at itself and at what is before it in its document. */
function fillMask(mask: Float32Array, { documents, rows, positions: T }: Batch): void {
  mask.fill(HIDDEN);
  for (let row = 0; row < rows; row++) {
    let begins = 0;
    for (let t = 0; t < T; t++) {
      const i = row * T + t;
      if (t > 0 && documents[i] !== documents[i - 1]) begins = t;
      mask.fill(0, i * T + begins, i * T + t + 1);
    }
  }
}
