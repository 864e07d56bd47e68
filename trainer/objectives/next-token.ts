import { gradients } from "../ir/autodiff.ts";
import { crossEntropy, mul, total } from "../ir/ops/index.ts";
import { input, type Program, type Tensor } from "../ir/tensor.ts";
import { dropoutInputs, type Transformer } from "../model/transformer.ts";

/** Sizes of what a program takes at once: B rows of the data, and of each the T positions that the model sees. */
export interface BatchShape {
  readonly sequences: number;
  readonly positions: number;
}

/** Output that holds the gradient of a parameter. */
export function gradientName(parameter: string): string {
  return `d ${parameter}`;
}

export interface NextTokenProgram extends Program {
  /** Inputs that the host fills with masks of dropout at every step, and how much they leave out. */
  readonly dropouts: readonly string[];
}

/**
 * Predicting the next token: Σ weights · cross-entropy in nats, over the positions of a batch. With weights that sum to 1 it
 * is their mean; a batch that is taken in parts has parts of them.
 *
 * Inputs: tokens, targets [B · T], weights [B · T], the parameters, and where documents are kept apart `mask` [B, 1, T, T].
 * Outputs: losses [B · T], loss, and for training a gradient a parameter.
 */
export function nextTokenProgram(
  model: Transformer,
  { sequences, positions }: BatchShape,
  options: { readonly training: boolean; readonly documentMasks?: boolean },
): NextTokenProgram {
  const shape = [sequences * positions];
  const tokens = input("tokens", shape, "int");
  const targets = input("targets", shape, "int");
  const weights = input("weights", shape);
  const { dropout, names } = dropoutInputs();
  const drops = options.training && model.config.dropout > 0;
  const { logits } = model.forward({
    tokens,
    sequences,
    ...(options.documentMasks === true && { mask: input("mask", [sequences, 1, positions, positions]) }),
    ...(drops && { dropout }),
  });
  const losses = crossEntropy(logits, targets);
  const loss = total(mul(losses, weights));
  const outputs: Record<string, Tensor> = { losses, loss };
  if (options.training) {
    const of = model.parameters.map(({ name }) => model.tensor(name));
    for (const [n, gradient] of gradients(loss, of).entries()) {
      outputs[gradientName(model.parameters[n]!.name)] = gradient;
    }
  }
  return { outputs, dropouts: names };
}
