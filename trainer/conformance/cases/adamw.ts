/** A thousand steps of AdamW, from the first assignment of 2025: one line of data a step. */
import type { Backend } from "../../backends/backend.ts";
import { gradients } from "../../ir/autodiff.ts";
import { mul, sub, total } from "../../ir/ops/index.ts";
import { constant, input } from "../../ir/tensor.ts";
import { linear } from "../../model/layers.ts";
import { AdamW } from "../../optimizer/adamw.ts";
import type { Case, Given, Results } from "../case.ts";

/** y = (x0 + x1, -x2), which the weights are to learn. */
const TARGET = constant([1, 1, 0, 0, 0, -1], [2, 3]);
const OPTIONS = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };
const RATE = 1e-3;

async function adamW(given: Given, backend: Backend): Promise<Results> {
  const [beginning, data] = [given.array("generated/a1_adamw_w0"), given.array("generated/a1_adamw_x")];
  const x = input("x", [1, 3]);
  const weights = input("weights", beginning.shape);
  const error = sub(linear(x, TARGET), linear(x, weights));
  const [gradient] = gradients(total(mul(error, error)), [weights]);

  const values = { weights: Float32Array.from(beginning.values) };
  const parameters = [{ name: "weights", shape: beginning.shape, begin: "zeros", decays: true }] as const;
  const optimizer = new AdamW(parameters, values, OPTIONS);
  const executable = await backend.compile({ outputs: { gradient: gradient! } }, values);
  try {
    for (let step = 1; step <= data.shape[0]!; step++) {
      executable.inputs.x!.set(data.values.subarray(3 * (step - 1), 3 * step));
      await executable.run();
      const found = { weights: executable.outputs.gradient as Float32Array };
      optimizer.step(values, found, { step, rate: RATE, scale: 1 });
    }
  } finally {
    await executable.close();
  }
  return { test_adamw: { shape: beginning.shape, values: values.weights } };
}

export const ADAMW: Readonly<Record<string, Case>> = { adamw: adamW };
