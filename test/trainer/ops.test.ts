/** Every op's gradient against finite differences, in double precision. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { referenceBackend } from "../../trainer/backends/reference.ts";
import { gradients } from "../../trainer/ir/autodiff.ts";
import { constant, input, OPS_WITHOUT_GRADIENT, ops, type Tensor } from "./ir.ts";
import { type Case, cases } from "./programs.ts";

const STEP = 1e-6;
const TOLERANCE = 1e-4;

for (const one of cases()) {
  test(`${one.name}: the gradient is what finite differences say`, async () => {
    const { loss, floats } = lossOf(one);
    const outputs = Object.fromEntries(gradients(loss, floats).map((gradient, n) => [`d${n}`, gradient]));
    const executable = await referenceBackend("f64").compile({ outputs: { loss, ...outputs } });
    for (const [n, { name }] of one.inputs.entries()) executable.inputs[name!]?.set(one.values[n]!);
    await executable.run();
    const found = Object.keys(outputs).map((name) => [...executable.outputs[name]!]);
    for (const [n, tensor] of floats.entries()) {
      const values = executable.inputs[tensor.name!]!;
      for (let i = 0; i < values.length; i++) {
        const before = values[i]!;
        const at = async (value: number) => {
          values[i] = value;
          await executable.run();
          return executable.outputs.loss![0]!;
        };
        const slope = ((await at(before + STEP)) - (await at(before - STEP))) / (2 * STEP);
        values[i] = before;
        const gradient = found[n]![i]!;
        assert.ok(
          Math.abs(slope - gradient) <= TOLERANCE * Math.max(1, Math.abs(slope)),
          `${tensor.name}[${i}]: ${gradient}, finite differences say ${slope}`,
        );
      }
    }
  });
}

test("every op has a case here", () => {
  const tested = new Set(cases().map(({ op }) => op));
  const untested = [...ops.OPS.keys()].filter((name) => !tested.has(name) && !OPS_WITHOUT_GRADIENT.has(name));
  assert.deepEqual(untested, []);
});

test("a tensor that the loss does not hang on has a gradient of zeros", async () => {
  const [x, y] = [input("x", [2]), input("y", [3])];
  const [, toY] = gradients(ops.total(ops.mul(x, x)), [x, y]);
  const executable = await referenceBackend().compile({ outputs: { toY: toY! } });
  await executable.run();
  assert.deepEqual([...executable.outputs.toY!], [0, 0, 0]);
});

test("shapes that do not go together are refused by name", () => {
  const [a, b] = [input("a", [2, 3]), input("b", [4, 5])];
  const ids = input("ids", [2], "int");
  for (const [build, message] of [
    [() => ops.add(a, b), /\[2, 3\] and \[4, 5\] cannot be broadcast/],
    [() => ops.matmul(a, b), /matmul: \[2, 3\] times \[4, 5\]: 3 is not 4/],
    [() => ops.matmul(a, b, { transposeB: true }), /\[4, 5\] transposed: 3 is not 5/],
    [() => ops.reshape(a, [7]), /\[2, 3\] does not fill \[7\]/],
    [() => ops.gatherRows(a, b), /expected ids, integers along one axis, found floats/],
    [() => ops.slice(a, 1, 2, 9), /2 to 9 is not within axis 1/],
    [() => ops.transpose(a, [0, 0]), /is no order of the axes/],
    [() => ops.sum(a, [2]), /axis 2: a tensor of 2 axes has none such/],
    [() => ops.crossEntropy(b, ids), /as targets of \[4, 5\]/],
    [() => ops.rope(a, ops.anglesOf(2, 4)), /no pairs along its last axis/],
    [() => gradients(a, [a]), /a loss is one number, found \[2, 3\]/],
    [() => constant([1, 2], [3]), /2 values do not fill \[3\]/],
  ] as const) {
    assert.throws(build, { name: "ShapeError", message });
  }
});

/** A single number that hangs on every element of the result in a way of its own. */
function lossOf({ inputs, result }: Case): { loss: Tensor; floats: Tensor[] } {
  const size = result.shape.reduce((product, along) => product * along, 1);
  const weights = constant(
    Array.from({ length: size }, (_, i) => Math.cos(1 + 2 * i)),
    result.shape,
  );
  return { loss: ops.total(ops.mul(result, weights)), floats: inputs.filter(({ kind }) => kind === "float") };
}
