/** What a model expects to come: a number a position, from what its logits are made of. PPO learns it beside the policy. */
// B = sequences, T = positions, D = width
import { add, reshape } from "../ir/ops/index.ts";
import { input, type Tensor } from "../ir/tensor.ts";
import type { ModelConfig } from "./config.ts";
import { linear } from "./layers.ts";
import type { Parameter } from "./parameters.ts";

export class ValueHead {
  readonly parameters: readonly Parameter[];
  readonly #weight: Tensor;
  readonly #bias: Tensor;

  constructor({ width }: ModelConfig) {
    // Zeros expect nothing: the first advantages are the returns themselves.
    this.parameters = [
      { name: "value.weight", shape: [1, width], begin: "zeros", decays: false },
      { name: "value.bias", shape: [1], begin: "zeros", decays: false },
    ];
    const [weight, bias] = this.parameters.map(({ name, shape }) => input(name, shape));
    [this.#weight, this.#bias] = [weight!, bias!];
  }

  tensors(): readonly Tensor[] {
    return [this.#weight, this.#bias];
  }

  /** hidden [B · T, D] to values [B, T]. */
  forward(hidden: Tensor, sequences: number): Tensor {
    const rows = hidden.shape[0]!;
    return reshape(add(linear(hidden, this.#weight), this.#bias), [sequences, rows / sequences]);
  }
}
