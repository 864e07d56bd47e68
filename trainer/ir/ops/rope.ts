/** Rotary position embedding (Su et al. 2021, arXiv 2104.09864). */
import { apply, type Op } from "../op.ts";
import { ShapeError, showShape, type Tensor } from "../tensor.ts";

interface Options {
  /** Slowness of the slowest rotation. */
  readonly base?: number;
  /** Position of the first row. */
  readonly offset?: number;
  /** Pairs are (k, k + half), as in GPT-NeoX and Llama's files, instead of (2k, 2k + 1). */
  readonly halves?: boolean;
}

/** Turns each pair k of the last axis [.., T, D] by the angle position · base^(-2k / D). */
export const ropeOp: Op = {
  name: "rope",
  shape([x]) {
    if (x!.shape.length < 2 || x!.shape.at(-1)! % 2 !== 0) {
      throw new ShapeError(`rope: ${showShape(x!.shape)} has no pairs along its last axis`);
    }
    return x!.shape;
  },
  evaluate(out, [x], { shape, attributes }) {
    const width = shape.at(-1)!;
    const positions = shape.at(-2)!;
    const half = width / 2;
    const { cos, sin } = rotations(positions, width, attributes.base as number, attributes.offset as number);
    const sign = attributes.backwards === true ? -1 : 1;
    const [step, apart] = attributes.halves === true ? [1, half] : [2, 1];
    for (let row = 0; row * width < out.length; row++) {
      const turn = (row % positions) * half;
      for (let k = 0; k < half; k++) {
        const i = row * width + k * step;
        const [a, b] = [x![i]!, x![i + apart]!];
        const s = sign * sin[turn + k]!;
        out[i] = a * cos[turn + k]! - b * s;
        out[i + apart] = a * s + b * cos[turn + k]!;
      }
    }
  },
  // A rotation is undone by turning backwards.
  gradient: ({ attributes }, d) => [apply(ropeOp, [d], { ...attributes, backwards: attributes.backwards !== true })],
};

/** Cosines and sines [positions, width / 2]. */
export function rotations(positions: number, width: number, base: number, offset: number) {
  const half = width / 2;
  const cos = new Float64Array(positions * half);
  const sin = new Float64Array(positions * half);
  for (let t = 0; t < positions; t++) {
    for (let k = 0; k < half; k++) {
      const angle = (t + offset) * base ** ((-2 * k) / width);
      cos[t * half + k] = Math.cos(angle);
      sin[t * half + k] = Math.sin(angle);
    }
  }
  return { cos, sin };
}

export function rope(x: Tensor, { base = 10_000, offset = 0, halves = false }: Options = {}): Tensor {
  return apply(ropeOp, [x], { base, offset, halves, backwards: false });
}
