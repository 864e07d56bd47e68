/**
 * How fast a model writes: the time to the first token of a prompt (prefill), the time of each token behind it (decode), and
 * the bandwidth that decoding uses, for it reads every parameter once a token, whatever the batch.
 */
import { existsSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import type { Backend } from "../../trainer/backends/backend.ts";
import { onnxBackend } from "../../trainer/backends/onnx/onnx.ts";
import { loadTrainedModel } from "../../trainer/checkpoint/trained-model.ts";
import { CachedModel } from "../../trainer/generate/cached-model.ts";
import { type ModelConfig, sizesOf } from "../../trainer/model/config.ts";
import { beginningOf, type ParameterValues, parametersOf } from "../../trainer/model/parameters.ts";
import { modelOf } from "../../trainer/model/presets.ts";
import { Transformer } from "../../trainer/model/transformer.ts";
import { RecipeError } from "../errors.ts";
import { median } from "./median.ts";
import { positiveInt } from "./run.ts";
import { count, table } from "./show.ts";

/** Larger than any cache. */
const COPIED_BYTES = 256 << 20;

export interface InferenceBench {
  readonly batch: number;
  /** Milliseconds from a prompt to the first token's logits: median over the rounds. */
  readonly firstTokenMs: number;
  /** … and of every token behind it. */
  readonly tokenMs: number;
  /** Of all texts of the batch together. */
  readonly tokensPerSecond: number;
  /** Parameters, keys and values that a token has to read, by the time it takes. */
  readonly bytesPerSecond: number;
  /** Of what copying memory reaches. */
  readonly shareOfBandwidth: number;
}

export function benchInference(): Command {
  return new Command("inference")
    .description("Time to the first token, time a token, and use of memory bandwidth, by batch size.")
    .argument("<model>", "a training run's folder, a checkpoint, or a preset's name (with random parameters)")
    .option("--prompt-tokens <n>", "tokens of each prompt", positiveInt, 64)
    .option("--tokens <n>", "tokens that are written", positiveInt, 32)
    .option("--batch <sizes>", "texts at once, parted by commas", sizesFrom, [1, 8])
    .option("--rounds <n>", "rounds; each runs all batch sizes", positiveInt, 3)
    .option("--threads <n>", "by default one a core", positiveInt)
    .option("--json", "as JSON")
    .exitOverride()
    .addHelpText("after", "\nExample:\n  sluice bench inference gpt2-small --prompt-tokens 128 --batch 1,4,16\n")
    .action(
      async (
        model: string,
        flags: {
          promptTokens: number;
          tokens: number;
          batch: number[];
          rounds: number;
          threads?: number;
          json?: boolean;
        },
      ) => {
        const { config, parameters } = await modelAt(model);
        const { promptTokens, tokens } = flags;
        if (promptTokens + tokens > config.contextLength) {
          throw new RecipeError(
            `--prompt-tokens ${promptTokens} and --tokens ${tokens}: the model reads ${config.contextLength} tokens; take fewer`,
          );
        }
        const backend = await onnxBackend({ spinning: false, ...(flags.threads && { threads: flags.threads }) });
        const results = await runInferenceBench(config, parameters, backend, flags);
        if (flags.json === true)
          console.log(JSON.stringify({ type: "bench-inference", model, promptTokens, tokens, results }));
        else console.log(describe(results));
      },
    );
}

/** Measures every batch size, in rounds of all of them. */
export async function runInferenceBench(
  config: ModelConfig,
  parameters: ParameterValues,
  backend: Backend,
  {
    promptTokens,
    tokens,
    batch,
    rounds,
  }: { promptTokens: number; tokens: number; batch: readonly number[]; rounds: number },
): Promise<InferenceBench[]> {
  const model = new CachedModel(new Transformer(config), parameters, backend);
  const seen = new Map(batch.map((size) => [size, { first: [] as number[], each: [] as number[] }]));
  // The first round compiles programs and is not counted.
  for (let round = -1; round < rounds; round++) {
    for (const [size, { first, each }] of seen) {
      const times = await timesOf(model, size, promptTokens, tokens);
      if (round < 0) continue;
      first.push(times.first);
      each.push(times.each);
    }
  }
  await model.close();
  const bandwidth = copyBandwidth();
  return [...seen].map(([size, { first, each }]) => {
    const tokenMs = median(each);
    const bytesPerSecond = (1000 * bytesOfToken(config, size, promptTokens + tokens / 2)) / tokenMs;
    return {
      batch: size,
      firstTokenMs: median(first),
      tokenMs,
      tokensPerSecond: (1000 * size) / tokenMs,
      bytesPerSecond,
      shareOfBandwidth: bytesPerSecond / bandwidth,
    };
  });
}

async function timesOf(
  model: CachedModel,
  size: number,
  promptTokens: number,
  tokens: number,
): Promise<{ first: number; each: number }> {
  const { vocabSize } = model.model.config;
  const prompt = (n: number): number[] => Array.from({ length: promptTokens }, (_, t) => (7 * t + 13 * n) % vocabSize);
  model.begin(size);
  const startMs = performance.now();
  await model.read(Array.from({ length: size }, (_, n) => prompt(n)));
  const firstMs = performance.now();
  for (let t = 0; t < tokens; t++) await model.read(Array.from({ length: size }, (_, n) => [(t + n) % vocabSize]));
  const endMs = performance.now();
  model.end();
  return { first: firstMs - startMs, each: (endMs - firstMs) / tokens };
}

/** Every parameter but the rows of the embedding that no token names, and the keys and values of what was read. */
function bytesOfToken(config: ModelConfig, batch: number, positions: number): number {
  const { headWidth, kvHeads } = sizesOf(config);
  const size = (shape: readonly number[]): number => shape.reduce((product, along) => product * along, 1);
  const looksUp = config.tied ? [] : ["embedding"];
  const read = parametersOf(config).filter(({ name }) => !looksUp.includes(name));
  const parameters = read.reduce((sum, { shape }) => sum + size(shape), 0);
  const cached = 2 * config.layers * batch * positions * kvHeads * headWidth;
  return Float32Array.BYTES_PER_ELEMENT * (parameters + cached);
}

/** Bytes a second that are read where memory is copied: the best of a few runs. */
function copyBandwidth(): number {
  const from = new Uint8Array(COPIED_BYTES).fill(1);
  const to = new Uint8Array(COPIED_BYTES);
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 5; run++) {
    const startMs = performance.now();
    to.set(from);
    best = Math.min(best, performance.now() - startMs);
  }
  return (1000 * COPIED_BYTES) / best;
}

async function modelAt(nameOrFolder: string): Promise<{ config: ModelConfig; parameters: ParameterValues }> {
  if (existsSync(nameOrFolder)) return loadTrainedModel(nameOrFolder);
  const config = modelOf(nameOrFolder);
  return { config, parameters: beginningOf(parametersOf(config), 1) };
}

function sizesFrom(text: string): number[] {
  const sizes = text.split(",").map(Number);
  if (sizes.every((size) => Number.isInteger(size) && size >= 1)) return sizes;
  throw new InvalidArgumentError(`expected whole numbers from 1, parted by commas, found "${text}"`);
}

function describe(results: readonly InferenceBench[]): string {
  return table([
    ["texts at once", "first token", "each token", "tokens/s", "read", "of a copy's bandwidth"],
    ...results.map(({ batch, firstTokenMs, tokenMs, tokensPerSecond, bytesPerSecond, shareOfBandwidth }) => [
      String(batch),
      `${firstTokenMs.toFixed(1)} ms`,
      `${tokenMs.toFixed(2)} ms`,
      count(Math.round(tokensPerSecond)),
      `${(bytesPerSecond / 1e9).toFixed(1)} GB/s`,
      `${(100 * shareOfBandwidth).toFixed(0)} %`,
    ]),
  ]);
}
