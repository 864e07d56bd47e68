/** TensorFlow.js as a package that may be missing, and what its backend keeps between runs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { tfjsBackend } from "../../trainer/backends/tfjs.ts";
import { gradients } from "../../trainer/ir/autodiff.ts";
import { constant, input, ops } from "./ir.ts";

const missing = async (): Promise<never> => {
  throw Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
};

test("where TensorFlow.js is not installed, one sentence says how to get it", async () => {
  await assert.rejects(tfjsBackend({ gpu: missing, cpu: missing }), {
    name: "RecipeError",
    message:
      'backend "tfjs": TensorFlow.js is not installed; "npm install @tensorflow/tfjs-node-gpu" brings it, and "reference" does without',
  });
});

test("the first package that is installed is taken", async () => {
  const backend = await tfjsBackend({ gpu: missing, cpu: async () => tf, other: () => assert.fail("not asked for") });
  assert.equal(backend.name, "tfjs");
});

test("a package that is installed and broken is named, and no slower one taken instead", async () => {
  const broken = async (): Promise<never> => {
    throw new Error("The Node.js native addon module can not be found\n  at path");
  };
  await assert.rejects(tfjsBackend({ gpu: broken, cpu: async () => tf }), {
    name: "RecipeError",
    message:
      'backend "tfjs": the package gpu cannot be loaded (Error: The Node.js native addon module can not be found at path)',
  });
});

test("runs repeat themselves to the bit, read the arrays they were given, and leave no tensors behind", async () => {
  const [table, ids] = [input("table", [4, 3]), input("ids", [5], "int")];
  const weights = constant([1, 2, 3], [3]);
  const loss = ops.total(ops.exp(ops.mul(ops.gatherRows(table, ids), weights)));
  const [toTable] = gradients(loss, [table]);
  const parameters = Float32Array.from({ length: 12 }, (_, i) => Math.cos(i));

  const backend = await tfjsBackend();
  const before = tf.memory().numTensors;
  const executable = await backend.compile({ outputs: { toTable: toTable!, table } }, { table: parameters });
  assert.equal(executable.inputs.table, parameters);
  executable.inputs.ids!.set([0, 3, 3, 1, 3]);
  const held = tf.memory().numTensors;
  const results: number[][] = [];
  for (let n = 0; n < 3; n++) {
    await executable.run();
    results.push([...executable.outputs.toTable!]);
    assert.equal(tf.memory().numTensors, held);
  }
  assert.deepEqual(results[1], results[0]);
  assert.deepEqual(results[2], results[0]);
  parameters.fill(0);
  await executable.run();
  assert.deepEqual([...executable.outputs.toTable!], [1, 2, 3, 1, 2, 3, 0, 0, 0, 3, 6, 9]);
  await executable.close();
  assert.equal(tf.memory().numTensors, before);
  assert.deepEqual([...executable.outputs.table!], new Array(12).fill(0));
});
