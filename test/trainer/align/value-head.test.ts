import assert from "node:assert/strict";
import { test } from "node:test";
import { referenceBackend } from "../../../trainer/backends/reference.ts";
import { ModelConfig } from "../../../trainer/model/config.ts";
import { ValueHead } from "../../../trainer/model/value-head.ts";
import { input } from "../ir.ts";
import { TINY } from "./tiny-model.ts";

test("a value is a weighted sum of what logits are made of, and a constant", async () => {
  const head = new ValueHead(ModelConfig.parse({ ...TINY, width: 2, heads: 1 }));
  const values = head.forward(input("hidden", [6, 2]), 2);
  assert.deepEqual(values.shape, [2, 3]);
  const { inputs, outputs, run } = await referenceBackend().compile({ outputs: { values } });
  inputs.hidden!.set([1, 0, 0, 1, 1, 1, 2, 0, 0, 2, 0, 0]);
  inputs["value.weight"]!.set([3, -5]);
  inputs["value.bias"]!.set([0.5]);
  await run();
  assert.deepEqual([...outputs.values!], [3.5, -4.5, -1.5, 6.5, -9.5, 0.5]);
  assert.deepEqual(
    head.parameters.map(({ name, shape, begin, decays }) => [name, shape, begin, decays]),
    [
      ["value.weight", [1, 2], "zeros", false],
      ["value.bias", [1], "zeros", false],
    ],
  );
});
