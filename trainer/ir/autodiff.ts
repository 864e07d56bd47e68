import { add } from "./ops/elementwise.ts";
import { OPS } from "./ops/index.ts";
import { constant, inOrderOfUse, ShapeError, scalar, showShape, sizeOf, type Tensor } from "./tensor.ts";

/**
 * Reverse-mode differentiation: how `loss`, a single number, changes with each of `of`. The gradients are tensors like any
 * other; nothing is computed here. Where the loss does not hang on a tensor, its gradient is zeros.
 */
export function gradients(loss: Tensor, of: readonly Tensor[]): Tensor[] {
  if (sizeOf(loss.shape) !== 1) throw new ShapeError(`a loss is one number, found ${showShape(loss.shape)}`);
  const order = inOrderOfUse([loss]);
  const needed = leadingTo(order, new Set(of));
  const found = new Map<Tensor, Tensor>([[loss, constant([1], loss.shape)]]);
  for (const tensor of order.reverse()) {
    const d = found.get(tensor);
    if (d === undefined || tensor.inputs.length === 0) continue;
    const toInputs = opOf(tensor).gradient?.(tensor, d);
    if (toInputs === undefined) throw new ShapeError(`${tensor.op}: cannot be differentiated again`);
    for (const [n, input] of tensor.inputs.entries()) {
      const toInput = toInputs[n];
      if (toInput === undefined || !needed.has(input)) continue;
      const before = found.get(input);
      found.set(input, before === undefined ? toInput : add(before, toInput));
    }
  }
  return of.map((tensor) => found.get(tensor) ?? zeros(tensor));
}

/** Tensors that some of `targets` is an input of, directly or not, and these themselves. */
function leadingTo(order: readonly Tensor[], targets: ReadonlySet<Tensor>): Set<Tensor> {
  const needed = new Set<Tensor>();
  for (const tensor of order) {
    if (targets.has(tensor) || tensor.inputs.some((input) => needed.has(input))) needed.add(tensor);
  }
  return needed;
}

function zeros({ shape }: Tensor): Tensor {
  return shape.length === 0 ? scalar(0) : constant(new Float64Array(sizeOf(shape)), shape);
}

function opOf(tensor: Tensor) {
  const op = OPS.get(tensor.op);
  if (op === undefined) throw new ShapeError(`${tensor.op}: no such op`);
  return op;
}
