/** What tests of the trainer build programs with. */
export * as ops from "../../trainer/ir/ops/index.ts";
export { constant, input, type Tensor } from "../../trainer/ir/tensor.ts";

/** It is one itself, and is tested as the gradient of `crossEntropy`. */
export const OPS_WITHOUT_GRADIENT: ReadonlySet<string> = new Set(["crossEntropyGradient"]);
