/** Every op there is. A new one: a definition in this folder, a line here, and a line in each backend's table. */
import type { Op } from "../op.ts";
import * as elementwise from "./elementwise.ts";
import { matmulOp } from "./matmul.ts";
import { argmaxOp, expandOp, maxOp, sumOp } from "./reduce.ts";
import { ropeOp } from "./rope.ts";
import { gatherRowsOp, pickOp, placeOp, sumRowsOp } from "./rows.ts";
import { concatOp, padOp, reshapeOp, sliceOp, transposeOp } from "./shape.ts";
import { crossEntropyGradientOp, crossEntropyOp, softmaxOp } from "./softmax.ts";

export * from "./elementwise.ts";
export * from "./matmul.ts";
export * from "./reduce.ts";
export * from "./rope.ts";
export * from "./rows.ts";
export * from "./shape.ts";
export * from "./softmax.ts";

const all: readonly Op[] = [
  ...[elementwise.addOp, elementwise.subOp, elementwise.mulOp, elementwise.divOp],
  ...[elementwise.minimumOp, elementwise.maximumOp, elementwise.lessOrEqualOp],
  ...[elementwise.negOp, elementwise.expOp, elementwise.logOp, elementwise.sqrtOp, elementwise.reciprocalOp],
  ...[elementwise.sigmoidOp, elementwise.tanhOp, elementwise.erfOp, elementwise.siluOp, elementwise.geluOp],
  ...[sumOp, maxOp, argmaxOp, expandOp, reshapeOp, transposeOp, sliceOp, padOp, concatOp, matmulOp],
  ...[gatherRowsOp, sumRowsOp, pickOp, placeOp, softmaxOp, crossEntropyOp, crossEntropyGradientOp, ropeOp],
];

export const OPS: ReadonlyMap<string, Op> = new Map(all.map((op) => [op.name, op]));
