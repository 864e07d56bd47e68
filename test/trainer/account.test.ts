/** What is told beforehand, against what there is: parameters, products in the program, resident memory. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { seededRandom } from "../../pipeline/random.ts";
import { GPT2_SMALL, trainingFlopsPerByte } from "../../tokenizer/compare.ts";
import { type Account, accountOf, forwardFlops, parameterCounts } from "../../trainer/account.ts";
import { referenceBackend } from "../../trainer/backends/reference.ts";
import { matmul } from "../../trainer/ir/ops/index.ts";
import { inOrderOfUse, input, type Program, sizeOf } from "../../trainer/ir/tensor.ts";
import { measurePeak } from "../../trainer/measure-peak.ts";
import type { ModelConfig, ModelOptions } from "../../trainer/model/config.ts";
import { parametersOf } from "../../trainer/model/parameters.ts";
import { modelOf, PRESET_NAMES } from "../../trainer/model/presets.ts";
import { Transformer } from "../../trainer/model/transformer.ts";
import { nextTokenProgram } from "../../trainer/objectives/next-token.ts";
import { peakMemory } from "../../trainer/peak-memory.ts";
import { ROOT } from "../imports.ts";
import { tempFolder } from "../tokenizer/temp.ts";
import { ops } from "./ir.ts";

const SEED = 20_260_301;
const CONFIGS = 200;

test("GPT-2 XL costs what CS336's hand-out comes to (assignment 1, resource accounting)", () => {
  const model = modelOf("gpt2-xl");
  assert.equal(parameterCounts(model).total, 2_127_057_600);
  assert.equal(forwardFlops(model, 1024).total, 4_513_336_524_800);
  assert.equal(forwardFlops(model, 16_384).total, 149_522_795_724_800);
});

test("presets have the parameters that they are known for", () => {
  const total = (name: string) => parameterCounts(modelOf(name)).total;
  // What GPT-2 has beside: biases of queries, keys and values, of what leads back, and of both feed-forward maps.
  assert.equal(total("gpt2-small"), 124_439_808 - 12 * (3 * 768 + 768 + 3072 + 768));
  assert.equal(total("reference"), 1_377_408);
  assert.equal(total("cs336-tinystories"), 22_696_448);
  assert.equal(total("cs336-a4"), 162_148_608);
});

test("depth is one dial: width and heads follow", () => {
  const of = (name: string) => {
    const { layers, width, heads } = modelOf(name);
    return [layers, width, heads];
  };
  assert.deepEqual(of("depth-20"), [20, 1280, 10]);
  assert.deepEqual(of("depth-5"), [5, 384, 3]); // 320, up to whole heads of 128.
  assert.deepEqual(of("depth-1"), [1, 128, 1]);
});

test("a name that is not known is refused with those that are; fields are checked", () => {
  for (const name of ["gpt2-medium", "depth-0", "depth-", "depth-N", "toString"]) {
    assert.throws(() => modelOf(name), { name: "RecipeError", message: /no preset ".*" \(there are gpt2-small, / });
  }
  assert.equal(modelOf("gpt2-small", { contextLength: 64 }).contextLength, 64);
  assert.throws(() => modelOf("gpt2-small", { heads: 7 }), {
    name: "RecipeError",
    message: /model\.heads: expected a divisor of the width 768/,
  });
  for (const field of ["contextLength", "layers", "width"]) {
    assert.throws(() => modelOf("depth-4", { [field]: 100_000_000 }), {
      name: "RecipeError",
      message: new RegExp(`model\\.${field}: expected number to be <=\\d+, found number \\(100000000\\)`),
    });
  }
  assert.equal(PRESET_NAMES.length, 6);
});

test(`parts of ${CONFIGS} random models sum to their parameters`, () => {
  for (const model of randomModels(CONFIGS)) {
    const { total, ...parts } = parameterCounts(model);
    const expected = parametersOf(model).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    assert.equal(total, expected, JSON.stringify(model));
    assert.equal(
      Object.values(parts).reduce((sum, part) => sum + part, 0),
      expected,
      JSON.stringify(model),
    );
    assert.equal(parts.unembedding, model.tied ? 0 : model.vocabSize * model.width);
  }
});

test(`FLOPs of ${CONFIGS} random models are those of the products in their programs, and 3 times that in training`, () => {
  const random = seededRandom(SEED + 1);
  for (const model of randomModels(CONFIGS)) {
    const batch = {
      sequences: 1 + Math.floor(3 * random()),
      positions: 1 + Math.floor(model.contextLength * random()),
    };
    const forward = nextTokenProgram(new Transformer(model), batch, { training: false });
    const training = nextTokenProgram(new Transformer(model), batch, { training: true });
    const account = accountOf(model, { batch: batch.sequences, contextLength: batch.positions, precisionBytes: 4 });
    const where = `${JSON.stringify(model)}, ${batch.sequences} of ${batch.positions}`;
    assert.equal(productFlops(forward), batch.sequences * account.forwardFlops.total, where);
    assert.equal(productFlops(training), account.trainingFlops.step, where);
  }
});

test("comparing tokenizers counts the same, less what positions have to do with each other", () => {
  const model = modelOf("gpt2-small");
  const { forwardFlops: forward, contextLength } = accountOf(model, { batch: 1, precisionBytes: 4 });
  const token = (3 * (forward.total - forward.attentionScores)) / contextLength;
  assert.equal(token, trainingFlopsPerByte({ vocabSize: model.vocabSize, bytesPerToken: 1 }, GPT2_SMALL));
});

test("training on so many tokens costs as many times a token's FLOPs", () => {
  const account = accountOf(modelOf("cs336-a4"), {
    ...{ tokens: 1e9, batch: 8, precisionBytes: 2, peakFlopsPerSecond: 1e12 },
  });
  // 12 layers of width 768 and 2048, with the unembedding and full attention: about 798 MFLOP a token.
  assert.equal(account.trainingFlops.token, 797_815_296);
  assert.equal(account.training!.flops, 1e9 * 797_815_296);
  assert.equal(account.training!.seconds, account.training!.flops / (1e12 * account.time.shareOfPeak));
  assert.equal(account.memoryBytes.moments, 2 * 2 * 162_148_608);
});

test("a context beyond learned positions is refused", () => {
  assert.throws(() => accountOf(modelOf("gpt2-small"), { batch: 1, contextLength: 2048, precisionBytes: 4 }), {
    name: "RecipeError",
    message: /context of 2048 tokens: the model learns 1024 positions/,
  });
  assert.throws(() => accountOf(modelOf("depth-4"), { batch: 1, contextLength: 1e9 }), {
    name: "RecipeError",
    message: "context of 1000000000 tokens: expected at most 1048576",
  });
});

test("tensors in between are held from their making to their last use", () => {
  const x = input("x", [10]);
  // exp(x) goes on to live beside what is made of it; its negation takes the place of nobody but a dead one.
  const e = ops.exp(x);
  const chain = ops.neg(ops.neg(ops.neg(e)));
  const program = { outputs: { y: ops.reshape(ops.mul(chain, e), [5, 2]) } };
  assert.deepEqual(peakMemory(program), { inputs: 10, outputs: 10, constants: 0, between: 20 });
  const product = ops.sum(matmul(ops.reshape(ops.exp(x), [5, 2]), ops.reshape(ops.exp(x), [2, 5])), [0, 1]);
  assert.equal(peakMemory({ outputs: { product } }).between, 10 + 10 + 25);
});

test("the machine's peak is measured", async () => {
  assert.ok((await measurePeak(referenceBackend(), { size: 16, runs: 2 })) > 0);
});

const hasOnnx = await import("onnxruntime-node").then(
  () => true,
  () => false,
);

/** Sizes that take seconds; what larger ones came to is written beside the constants. */
const MEASURED: readonly [model: ModelConfig, batch: number][] = [
  [modelOf("reference"), 4],
  [modelOf("reference"), 16],
];

for (const [model, batch] of MEASURED) {
  const title = `${model.layers} layers of width ${model.width}, ${batch} sequences of ${model.contextLength}`;
  test(`resident memory is told to within 10 %: ${title}`, { skip: !hasOnnx && "no onnxruntime-node" }, (t) => {
    const measured = measuredPeakBytes(model, batch);
    const told = accountOf(model, { batch, precisionBytes: 4 }).memoryBytes.onnxProcess;
    t.diagnostic(`told ${Math.round(told / 1e6)} MB, measured ${Math.round(measured / 1e6)} MB`);
    assert.ok(Math.abs(told / measured - 1) <= 0.1, `told ${told}, measured ${measured}`);
  });
}

/** The peak of a process of its own that takes three steps. */
function measuredPeakBytes(model: ModelConfig, batch: number): number {
  const from = (path: string) => JSON.stringify(new URL(`../../trainer/${path}`, import.meta.url).href);
  const code = `
    import { onnxBackend } from ${from("backends/onnx/onnx.ts")};
    import { beginningOf } from ${from("model/parameters.ts")};
    import { Transformer } from ${from("model/transformer.ts")};
    import { gradientName, nextTokenProgram } from ${from("objectives/next-token.ts")};
    import { AdamW, AdamWOptions } from ${from("optimizer/adamw.ts")};
    const config = ${JSON.stringify(model)};
    const model = new Transformer(config);
    const values = beginningOf(model.parameters, 1);
    const shape = { sequences: ${batch}, positions: config.contextLength };
    const program = nextTokenProgram(model, shape, { training: true, documentMasks: true });
    const executable = await (await onnxBackend()).compile(program, values);
    const { inputs, outputs } = executable;
    const optimizer = new AdamW(model.parameters, values, AdamWOptions.parse({}));
    for (let step = 1; step <= 3; step++) {
      inputs.tokens.forEach((_, i) => { inputs.tokens[i] = (7 * i + step) % config.vocabSize; });
      inputs.targets.forEach((_, i) => { inputs.targets[i] = (7 * i + step + 1) % config.vocabSize; });
      inputs.weights.fill(1 / inputs.weights.length);
      await executable.run();
      const gradients = Object.fromEntries(model.parameters.map(({ name }) => [name, outputs[gradientName(name)]]));
      optimizer.step(values, gradients, { step, rate: 1e-3, scale: 1 });
    }
    console.log(process.resourceUsage().maxRSS * 1024);
  `;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", code], {
    encoding: "utf8",
    // What is compiled already takes 25 MB less: every process begins with nothing.
    env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: "1" },
  });
  assert.equal(status, 0, stderr);
  return Number(stdout);
}

/** 2 for a multiplication and an addition, for each number of each product and all it is summed over. */
function productFlops(program: Program): number {
  let flops = 0;
  for (const { op, inputs, attributes, shape } of inOrderOfUse(Object.values(program.outputs))) {
    if (op !== "matmul") continue;
    const inner = inputs[0]!.shape.at(attributes.transposeA === true ? -2 : -1)!;
    flops += 2 * sizeOf(shape) * inner;
  }
  return flops;
}

function randomModels(count: number): ModelConfig[] {
  const random = seededRandom(SEED);
  const upTo = (most: number): number => 1 + Math.floor(most * random());
  const oneOf = <T>(choices: readonly T[]): T => choices[Math.floor(choices.length * random())]!;
  return Array.from({ length: count }, () => {
    const kvHeads = upTo(3);
    const heads = kvHeads * upTo(3);
    const options: ModelOptions = {
      vocabSize: upTo(40),
      contextLength: upTo(12),
      layers: upTo(3),
      width: heads * 2 * upTo(4),
      heads,
      kvHeads,
      ...(random() < 0.5 && { hiddenWidth: upTo(30) }),
      activation: oneOf(["swiglu", "gelu", "gelu-tanh", "silu"]),
      norm: oneOf(["rms", "layer"]),
      normPlacement: oneOf(["pre", "post", "none"]),
      positions: oneOf(["rope", "learned", "none"]),
      tied: random() < 0.5,
      qkNorm: random() < 0.5,
      dropout: oneOf([0, 0.1]),
    };
    return modelOf(options);
  });
}

test("a training config is told as it would be trained", () => {
  const path = join(tempFolder(), "tiny.yaml");
  const model = "{ vocabSize: 100, contextLength: 32, layers: 1, width: 16, heads: 2 }";
  writeFileSync(
    path,
    `data: out\nmodel: ${model}\nsequences: 4\naccumulate: 3\nsteps: 10\ncontextLength: 8\nout: tiny\n`,
  );
  const command = ["bin/sluice.js", "account", path, "--json"];
  const { stdout, status } = spawnSync(process.execPath, command, { cwd: ROOT, encoding: "utf8" });
  assert.equal(status, 0);
  const { batch, contextLength, training } = JSON.parse(stdout) as Account;
  assert.deepEqual([batch, contextLength, training?.tokens], [4, 8, 10 * 4 * 3 * 8]);
});
