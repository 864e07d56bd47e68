/** Products of matrices: the last two axes, for every index of the axes before them. */
import { apply, type Op } from "../op.ts";
import { broadcastShape, type Shape, ShapeError, showShape, sizeOf, stridesOf, type Tensor } from "../tensor.ts";
import { sumTo } from "./reduce.ts";

interface Options {
  /** Take the matrix the other way round. */
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** Multiplies the product. */
  readonly scale?: number;
}

/** Rows, columns and what is summed over, of one pair of matrices; and the shape of all of them. */
function sizes(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean) {
  if (a.shape.length < 2 || b.shape.length < 2) {
    throw new ShapeError(`matmul: ${showShape(a.shape)} and ${showShape(b.shape)} are not both matrices`);
  }
  const [rows, inner] = matrixOf(a.shape, transposeA);
  const [innerB, columns] = matrixOf(b.shape, transposeB);
  if (inner !== innerB) {
    const turned = (tensor: Tensor, isTurned: boolean) => `${showShape(tensor.shape)}${isTurned ? " transposed" : ""}`;
    throw new ShapeError(`matmul: ${turned(a, transposeA)} times ${turned(b, transposeB)}: ${inner} is not ${innerB}`);
  }
  return { rows, inner, columns, batch: broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2)) };
}

function matrixOf(shape: Shape, transposed: boolean): [number, number] {
  const [x, y] = [shape.at(-2)!, shape.at(-1)!];
  return transposed ? [y, x] : [x, y];
}

export const matmulOp: Op = {
  name: "matmul",
  shape([a, b], { transposeA, transposeB }) {
    const { rows, columns, batch } = sizes(a!, b!, transposeA === true, transposeB === true);
    return [...batch, rows, columns];
  },
  evaluate(out, [a, b], { inputs, attributes }) {
    const { transposeA, transposeB } = attributes;
    const { rows, inner, columns, batch } = sizes(inputs[0]!, inputs[1]!, transposeA === true, transposeB === true);
    const [rowA, innerA] = transposeA === true ? [1, rows] : [inner, 1];
    const [innerB, columnB] = transposeB === true ? [1, inner] : [columns, 1];
    const factor = attributes.scale as number;
    const matrices = sizeOf(batch);
    const row = new Float64Array(columns); // Summed in double precision, whatever the tensors have.
    for (let n = 0; n < matrices; n++) {
      const fromA = matrixAt(n, batch, inputs[0]!.shape) * rows * inner;
      const fromB = matrixAt(n, batch, inputs[1]!.shape) * inner * columns;
      for (let i = 0; i < rows; i++) {
        row.fill(0);
        for (let k = 0; k < inner; k++) {
          const x = a![fromA + i * rowA + k * innerA]! * factor;
          const atB = fromB + k * innerB;
          for (let j = 0; j < columns; j++) row[j]! += x * b![atB + j * columnB]!;
        }
        out.set(row, (n * rows + i) * columns);
      }
    }
  },
  gradient({ inputs, attributes }, d) {
    const [a, b] = inputs as [Tensor, Tensor];
    const { transposeA, transposeB } = attributes;
    const factor = attributes.scale as number;
    const toA =
      transposeA === true
        ? matmul(b, d, { transposeA: transposeB === true, transposeB: true, scale: factor })
        : matmul(d, b, { transposeB: transposeB !== true, scale: factor });
    const toB =
      transposeB === true
        ? matmul(d, a, { transposeA: true, transposeB: transposeA === true, scale: factor })
        : matmul(a, d, { transposeA: transposeA !== true, scale: factor });
    return [sumTo(toA, a.shape), sumTo(toB, b.shape)];
  },
};

/** Which of a tensor's matrices belongs to the n-th of the product. */
function matrixAt(n: number, batch: Shape, shape: Shape): number {
  const own = shape.slice(0, -2);
  const strides = stridesOf(batch);
  const ownStrides = stridesOf(own);
  let at = 0;
  for (let axis = 0; axis < own.length; axis++) {
    const inBatch = axis + batch.length - own.length;
    if (own[axis] !== 1) at += (Math.floor(n / strides[inBatch]!) % batch[inBatch]!) * ownStrides[axis]!;
  }
  return at;
}

export function matmul(a: Tensor, b: Tensor, options: Options = {}): Tensor {
  const { transposeA = false, transposeB = false, scale = 1 } = options;
  return apply(matmulOp, [a, b], { transposeA, transposeB, scale });
}
