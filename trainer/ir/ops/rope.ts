/** Rotary position embedding (Su et al. 2021, arXiv 2104.09864). */
import { apply, type Op } from "../op.ts";
import { constant, ShapeError, sameShape, showShape, type Tensor } from "../tensor.ts";

interface Options {
  /** Pairs are (k, k + half), as in GPT-NeoX and Llama's files, instead of (2k, 2k + 1). */
  readonly halves?: boolean;
}

/**
 * Turns pair k of row t of x [.., T, D] by the angle whose cosine and sine are given: [T, D / 2], or [B, 1, T, D / 2] where
 * x is [B, H, T, D] and each of the B has angles of its own.
 */
export const ropeOp: Op = {
  name: "rope",
  shape([x, cos, sin]) {
    const [rows, width] = [x!.shape.at(-2), x!.shape.at(-1)!];
    if (rows === undefined || width % 2 !== 0) {
      throw new ShapeError(`rope: ${showShape(x!.shape)} has no pairs along its last axis`);
    }
    const angles = [rows, width / 2];
    const expected = x!.shape.length === 4 && cos!.shape.length === 4 ? [x!.shape[0]!, 1, ...angles] : angles;
    if (!sameShape(cos!.shape, expected) || !sameShape(sin!.shape, expected)) {
      throw new ShapeError(`rope: angles ${showShape(cos!.shape)} for ${showShape(x!.shape)}`);
    }
    return x!.shape;
  },
  evaluate(out, [x, cos, sin], { inputs, shape, attributes }) {
    const [rows, width] = [shape.at(-2)!, shape.at(-1)!];
    const rowsOfOne = inputs[1]!.shape.length === 4 ? shape[1]! * rows : out.length / width;
    const half = width / 2;
    const sign = attributes.backwards === true ? -1 : 1;
    const [step, apart] = attributes.halves === true ? [1, half] : [2, 1];
    for (let row = 0; row * width < out.length; row++) {
      const turn = (Math.floor(row / rowsOfOne) * rows + (row % rows)) * half;
      for (let k = 0; k < half; k++) {
        const i = row * width + k * step;
        const [a, b] = [x![i]!, x![i + apart]!];
        const s = sign * sin![turn + k]!;
        out[i] = a * cos![turn + k]! - b * s;
        out[i + apart] = a * s + b * cos![turn + k]!;
      }
    }
  },
  // A rotation is undone by turning backwards. The angles are no parameters.
  gradient: ({ inputs: [, cos, sin], attributes }, d) => [
    apply(ropeOp, [d, cos!, sin!], { ...attributes, backwards: attributes.backwards !== true }),
    undefined,
    undefined,
  ],
};

export interface Angles {
  readonly cos: Tensor;
  readonly sin: Tensor;
}

/** Angles position · base^(-2k / width) of positions 0 and up, as constants [positions, width / 2]. */
export function anglesOf(positions: number, width: number, base = 10_000): Angles {
  const { cos, sin } = rotations(0, positions, width, base);
  const shape = [positions, width / 2];
  return { cos: constant(cos, shape), sin: constant(sin, shape) };
}

/** Cosines and sines of `count` positions from `first` on, row by row. */
export function rotations(first: number, count: number, width: number, base: number) {
  const half = width / 2;
  const cos = new Float64Array(count * half);
  const sin = new Float64Array(count * half);
  for (let t = 0; t < count; t++) {
    for (let k = 0; k < half; k++) {
      const angle = (first + t) * base ** ((-2 * k) / width);
      cos[t * half + k] = Math.cos(angle);
      sin[t * half + k] = Math.sin(angle);
    }
  }
  return { cos, sin };
}

export function rope(x: Tensor, { cos, sin }: Angles, { halves = false }: Options = {}): Tensor {
  return apply(ropeOp, [x, cos, sin], { halves, backwards: false });
}
