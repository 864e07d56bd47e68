/** Numbers of a response's tokens alone, in order, and the same among all targets of a row. */
import { type Row, responseTokens, targetsOf } from "./row.ts";

/** Of a number a target, those of the response. */
export function ofResponse(row: Row, byTarget: ArrayLike<number>): Float64Array {
  const numbers = new Float64Array(responseTokens(row));
  let n = 0;
  for (let t = 0; t < targetsOf(row); t++) if (row.isResponse[t + 1] === 1) numbers[n++] = byTarget[t]!;
  return numbers;
}

/** The opposite: a number a target, 0 beside the response. */
export function toTargets(row: Row, ofResponse: ArrayLike<number>): Float32Array {
  if (ofResponse.length !== responseTokens(row)) {
    throw new RangeError(`${ofResponse.length} numbers for a response of ${responseTokens(row)} tokens`);
  }
  const numbers = new Float32Array(targetsOf(row));
  let n = 0;
  for (let t = 0; t < numbers.length; t++) if (row.isResponse[t + 1] === 1) numbers[t] = ofResponse[n++]!;
  return numbers;
}
