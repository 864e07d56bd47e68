import type { Attributes, Kind, Shape, Tensor } from "./tensor.ts";

/** The numbers of a tensor, row-major. */
export type Floats = Float32Array | Float64Array;
/** Those of a tensor of either kind: ids are Int32Array. */
export type Values = Floats | Int32Array;

/**
 * An operation: what it makes of its inputs (the definition, in plain TypeScript), and how a change of its result follows
 * from a change of its inputs.
 */
export interface Op {
  readonly name: string;
  /** Raises ShapeError where the inputs do not go together. */
  shape(inputs: readonly Tensor[], attributes: Attributes): Shape;
  /** Of the result; "float" where it is not said. */
  readonly kind?: Kind;
  /**
   * The result may take the place of an input of its size that nobody needs any more, and what is repeated to that size
   * need not be written out: what `peakMemory` counts by.
   */
  readonly isInPlace?: true;
  /** Fills `out`, which is zeroed. */
  evaluate(out: Values, inputs: readonly Values[], tensor: Tensor): void;
  /**
   * The vector-Jacobian product: how the loss changes with each input, given `d`, how it changes with the result. In terms
   * of ops, so that every backend can compute it. Undefined for an input that nothing hangs on continuously.
   */
  gradient?(tensor: Tensor, d: Tensor): readonly (Tensor | undefined)[];
}

/** A function that applies the op, checking shapes. */
export function apply(op: Op, inputs: readonly Tensor[], attributes: Attributes = {}): Tensor {
  const shape = op.shape(inputs, attributes);
  return { op: op.name, inputs, attributes, shape, kind: op.kind ?? "float" };
}
