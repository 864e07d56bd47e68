import assert from "node:assert/strict";
import { test } from "node:test";
import { runInferenceBench } from "../../pipeline/cli/bench-inference.ts";
import { referenceBackend } from "../../trainer/backends/reference.ts";
import { ModelConfig } from "../../trainer/model/config.ts";
import { beginningOf, parametersOf } from "../../trainer/model/parameters.ts";

const config = ModelConfig.parse({ vocabSize: 20, contextLength: 16, layers: 1, width: 8, heads: 2, hiddenWidth: 16 });

test("inference is measured by batch size, and a token reads every parameter and what came before it", async () => {
  const parameters = beginningOf(parametersOf(config), 1);
  const options = { promptTokens: 6, tokens: 4, batch: [1, 3], rounds: 1 };
  const results = await runInferenceBench(config, parameters, referenceBackend(), options);
  assert.deepEqual(
    results.map(({ batch }) => batch),
    [1, 3],
  );
  const size = Object.entries(parameters).reduce(
    (sum, [name, { length }]) => sum + (name === "embedding" ? 0 : length),
    0,
  );
  for (const { batch, firstTokenMs, tokenMs, tokensPerSecond, bytesPerSecond, shareOfBandwidth } of results) {
    assert.ok(firstTokenMs > 0 && tokenMs > 0 && shareOfBandwidth > 0);
    assert.ok(Math.abs(tokensPerSecond - (1000 * batch) / tokenMs) < 1e-6);
    // Eight positions on average, keys and values of two heads of four each.
    const bytes = 4 * (size + 2 * batch * 8 * 8);
    assert.ok(Math.abs((bytesPerSecond * tokenMs) / 1000 - bytes) < 1e-3);
  }
});
