/** Ops that look up by integers: rows of a table, one element of each row. */
import { apply, type Op, type Values } from "../op.ts";
import { ShapeError, sameShape, showShape, type Tensor } from "../tensor.ts";

function mustBeIds(ids: Tensor, op: string): void {
  if (ids.kind !== "int" || ids.shape.length !== 1) {
    throw new ShapeError(`${op}: expected ids, integers along one axis, found ${ids.kind}s ${showShape(ids.shape)}`);
  }
}

function mustBeWithin(ids: Values, count: number, op: string): void {
  for (let n = 0; n < ids.length; n++) {
    if (!(ids[n]! >= 0 && ids[n]! < count)) {
      throw new RangeError(`${op}: id ${ids[n]} at place ${n} is not below ${count}`);
    }
  }
}

/** Rows of a table [V, D] by their numbers [N]: [N, D]. An embedding. */
export const gatherRowsOp: Op = {
  name: "gatherRows",
  shape([table, ids]) {
    mustBeIds(ids!, "gatherRows");
    if (table!.shape.length !== 2) throw new ShapeError(`gatherRows: ${showShape(table!.shape)} is no table`);
    return [ids!.shape[0]!, table!.shape[1]!];
  },
  evaluate(out, [table, ids], { inputs }) {
    const [count, width] = inputs[0]!.shape as [number, number];
    mustBeWithin(ids!, count, "gatherRows");
    for (let n = 0; n < ids!.length; n++) {
      out.set(table!.subarray(ids![n]! * width, (ids![n]! + 1) * width), n * width);
    }
  },
  gradient({ inputs: [table, ids] }, d) {
    return [sumRows(d, ids!, table!.shape[0]!), undefined];
  },
};

/** Adds each row of [N, D] to the row of a table [V, D] that its id names, in order of n. The table begins as zeros. */
export const sumRowsOp: Op = {
  name: "sumRows",
  shape([rows, ids], { count }) {
    mustBeIds(ids!, "sumRows");
    if (rows!.shape.length !== 2 || rows!.shape[0] !== ids!.shape[0]) {
      throw new ShapeError(`sumRows: ${showShape(ids!.shape)} ids for ${showShape(rows!.shape)}`);
    }
    return [count as number, rows!.shape[1]!];
  },
  evaluate(out, [rows, ids], { inputs, attributes }) {
    const width = inputs[0]!.shape[1]!;
    mustBeWithin(ids!, attributes.count as number, "sumRows");
    for (let n = 0; n < ids!.length; n++) {
      const to = ids![n]! * width;
      for (let k = 0; k < width; k++) out[to + k]! += rows![n * width + k]!;
    }
  },
  gradient: ({ inputs: [, ids] }, d) => [gatherRows(d, ids!), undefined],
};

/** The element of each row of [N, V] that an id names: [N]. */
export const pickOp: Op = {
  name: "pick",
  shape([x, ids]) {
    mustBeIds(ids!, "pick");
    if (x!.shape.length !== 2 || !sameShape(x!.shape.slice(0, 1), ids!.shape)) {
      throw new ShapeError(`pick: ${showShape(ids!.shape)} ids for ${showShape(x!.shape)}`);
    }
    return ids!.shape;
  },
  evaluate(out, [x, ids], { inputs }) {
    const width = inputs[0]!.shape[1]!;
    mustBeWithin(ids!, width, "pick");
    for (let n = 0; n < ids!.length; n++) out[n] = x![n * width + ids![n]!]!;
  },
  gradient: ({ inputs: [x, ids] }, d) => [place(d, ids!, x!.shape[1]!), undefined],
};

/** The opposite: [N] to [N, V], each element where its id says, zeros beside it. */
export const placeOp: Op = {
  name: "place",
  shape([x, ids], { width }) {
    mustBeIds(ids!, "place");
    if (!sameShape(x!.shape, ids!.shape)) {
      throw new ShapeError(`place: ${showShape(ids!.shape)} ids for ${showShape(x!.shape)}`);
    }
    return [ids!.shape[0]!, width as number];
  },
  evaluate(out, [x, ids], { attributes }) {
    const width = attributes.width as number;
    mustBeWithin(ids!, width, "place");
    for (let n = 0; n < ids!.length; n++) out[n * width + ids![n]!] = x![n]!;
  },
  gradient: ({ inputs: [, ids] }, d) => [pick(d, ids!), undefined],
};

export const gatherRows = (table: Tensor, ids: Tensor): Tensor => apply(gatherRowsOp, [table, ids]);
export const sumRows = (rows: Tensor, ids: Tensor, count: number): Tensor => apply(sumRowsOp, [rows, ids], { count });
export const pick = (x: Tensor, ids: Tensor): Tensor => apply(pickOp, [x, ids]);
export const place = (x: Tensor, ids: Tensor, width: number): Tensor => apply(placeOp, [x, ids], { width });
