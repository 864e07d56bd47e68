/**
 * The intermediate representation: a tensor is a value that says how it is computed. Tensors refer to their inputs, so a
 * program is nothing but its outputs, and the same tensor used twice is computed once.
 *
 * Two kinds of numbers: "float" (what is computed with) and "int" (ids, rows, columns).
 */

/** Sizes along the axes; none of a single number. */
export type Shape = readonly number[];
export type Kind = "float" | "int";

/** What an op is told beside its inputs: plain data. */
export type Attributes = Readonly<Record<string, number | boolean | readonly number[]>>;

export interface Tensor {
  /** Name of the op that computes it; "input" or "constant" for those that nothing computes. */
  readonly op: string;
  readonly inputs: readonly Tensor[];
  readonly attributes: Attributes;
  readonly shape: Shape;
  readonly kind: Kind;
  /** Of an `input`: what the host calls it. */
  readonly name?: string;
  /** Of a `constant`, row-major. */
  readonly values?: readonly number[] | Float64Array | Int32Array;
}

/** A mistake in a program: shapes that do not go together. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

/** A place for values that the host hands in at every run. */
export function input(name: string, shape: Shape, kind: Kind = "float"): Tensor {
  for (const size of shape) {
    if (!Number.isInteger(size) || size < 1) throw new ShapeError(`input ${name}: ${showShape(shape)} is no shape`);
  }
  return { op: "input", inputs: [], attributes: {}, shape, kind, name };
}

/** Values that never change, in row-major order. */
export function constant(values: readonly number[] | Float64Array | Int32Array, shape: Shape): Tensor {
  if (values.length !== sizeOf(shape)) {
    throw new ShapeError(`constant: ${values.length} values do not fill ${showShape(shape)}`);
  }
  const kind = values instanceof Int32Array ? "int" : "float";
  return { op: "constant", inputs: [], attributes: {}, shape, kind, values };
}

/** A constant without axes. */
export function scalar(value: number): Tensor {
  return constant([value], []);
}

/** How many elements a tensor of this shape has. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** As messages show it: [2, 3]. */
export function showShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** An axis counted from the end where it is negative. */
export function axisOf(axis: number, rank: number): number {
  const counted = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(counted) || counted < 0 || counted >= rank) {
    throw new ShapeError(`axis ${axis}: a tensor of ${rank} axes has none such`);
  }
  return counted;
}

/** Steps between neighbours along each axis, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/** What two tensors are computed to element by element: axes of 1 are repeated (NumPy's rule). */
export function broadcastShape(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const x = a[axis - rank + a.length] ?? 1;
    const y = b[axis - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) throw new ShapeError(`${showShape(a)} and ${showShape(b)} cannot be broadcast`);
    return Math.max(x, y);
  });
}

/** Every tensor that the given ones are computed from, each behind its inputs; the order hangs on the program alone. */
export function inOrderOfUse(outputs: readonly Tensor[]): Tensor[] {
  const order: Tensor[] = [];
  const met = new Set<Tensor>();
  // Deep programs would overflow the stack of a recursive walk.
  const stack: { tensor: Tensor; next: number }[] = [];
  const enter = (tensor: Tensor): void => {
    if (met.has(tensor)) return;
    met.add(tensor);
    stack.push({ tensor, next: 0 });
  };
  for (const output of outputs) {
    enter(output);
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const following = top.tensor.inputs[top.next++];
      if (following !== undefined) enter(following);
      else order.push(stack.pop()!.tensor);
    }
  }
  return order;
}

/** Something to compute: inputs by the names they carry, outputs by the names given here. */
export interface Program {
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/** The inputs that a program asks for, by name. Raises ShapeError where two different ones have one name. */
export function inputsOf({ outputs }: Program): Map<string, Tensor> {
  const inputs = new Map<string, Tensor>();
  for (const tensor of inOrderOfUse(Object.values(outputs))) {
    if (tensor.op !== "input") continue;
    const name = tensor.name!;
    if (inputs.has(name)) throw new ShapeError(`input ${name}: declared twice`);
    inputs.set(name, tensor);
  }
  return inputs;
}
