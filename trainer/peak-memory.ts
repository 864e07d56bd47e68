/**
 * What a program holds in memory at once, told without running it: tensors are computed in order of use, each is held from
 * there to its last use, and the most that is held at any moment counts.
 */
import { OPS } from "./ir/ops/index.ts";
import { inOrderOfUse, type Program, sizeOf, type Tensor } from "./ir/tensor.ts";

/** Numbers, of whatever width. */
export interface PeakMemory {
  /** Handed in, results, and constants: there before a run and after it. */
  readonly inputs: number;
  readonly outputs: number;
  readonly constants: number;
  /** The most in between that is held at once. */
  readonly between: number;
}

/** Counts numbers, not bytes, of a program as the onnx backend runs it. */
export function peakMemory({ outputs }: Program): PeakMemory {
  const results = new Set(Object.values(outputs));
  const order = inOrderOfUse([...results]);
  const users = new Map<Tensor, Tensor[]>(order.map((tensor) => [tensor, []]));
  for (const tensor of order) for (const input of tensor.inputs) users.get(input)!.push(tensor);

  // A view has no numbers of its own: what it looks at is held as long as somebody looks.
  const owners = new Map<Tensor, Tensor>();
  for (const tensor of order) {
    owners.set(tensor, isView(tensor, users.get(tensor)!) ? owners.get(tensor.inputs[0]!)! : tensor);
  }
  const lastUse = new Map<Tensor, number>();
  for (const [at, { inputs }] of order.entries()) for (const input of inputs) lastUse.set(owners.get(input)!, at);

  const total = { inputs: 0, outputs: 0, constants: 0 };
  const held = new Map<Tensor, number>();
  let now = 0;
  let between = 0;
  const letGo = (tensor: Tensor): void => {
    now -= held.get(tensor) ?? 0;
    held.delete(tensor);
  };
  for (const [at, tensor] of order.entries()) {
    const size = sizeOf(tensor.shape);
    const ending = tensor.inputs.map((input) => owners.get(input)!).filter((one) => lastUse.get(one) === at);
    if (tensor.op === "input") total.inputs += size;
    else if (tensor.op === "constant") total.constants += size;
    else if (results.has(tensor)) total.outputs += size;
    else if (owners.get(tensor) === tensor && !isAddedToResult(tensor, results, users)) {
      const replaced = isInPlace(tensor) ? ending.find((one) => held.get(one) === size) : undefined;
      if (replaced !== undefined) letGo(replaced);
      held.set(tensor, size);
      now += size;
    }
    between = Math.max(between, now);
    for (const one of ending) letGo(one);
  }
  return { ...total, between };
}

function isInPlace({ op }: Tensor): boolean {
  return OPS.get(op)?.isInPlace === true;
}

function isView({ op }: Tensor, users: readonly Tensor[]): boolean {
  return op === "reshape" || (op === "expand" && users.every(isInPlace));
}

/** Sums of rows by ids, the gradient of an embedding: they are added to the result in place. */
function isAddedToResult(
  tensor: Tensor,
  results: ReadonlySet<Tensor>,
  users: ReadonlyMap<Tensor, readonly Tensor[]>,
): boolean {
  return tensor.op === "sumRows" && users.get(tensor)!.every((user) => results.has(user));
}
