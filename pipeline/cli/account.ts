import { Command } from "commander";
import { type Account, accountOf } from "../../trainer/account.ts";
import { onnxBackend } from "../../trainer/backends/onnx/onnx.ts";
import { readTrainConfig } from "../../trainer/config.ts";
import { measurePeak } from "../../trainer/measure-peak.ts";
import type { ModelConfig } from "../../trainer/model/config.ts";
import { modelFrom, modelOf, PRESET_NAMES } from "../../trainer/model/presets.ts";
import { readMappingFile } from "../mapping-file.ts";
import { positiveInt } from "./run.ts";
import { bytes, count, duration, percent, table } from "./show.ts";

const DEFAULT_BATCH = 16;

interface Flags {
  tokens?: number;
  batch?: number;
  context?: number;
  measure?: boolean;
  json?: boolean;
}

export function accountCommand(): Command {
  return new Command("account")
    .description("What a model costs, before it is trained: parameters, FLOPs, memory, time.")
    .argument(
      "<model>",
      `a preset (${PRESET_NAMES.join(", ")}), or a file with a model's fields or a training config, YAML or JSON`,
    )
    .option("--tokens <n>", "to train on, in all", positiveInt)
    .option("--batch <n>", "sequences that are computed at once (default: the config's, or 16)", positiveInt)
    .option("--context <n>", "tokens of a sequence (default: as many as the model has positions)", positiveInt)
    .option("--measure", "multiply matrices for a moment to see how fast this machine is; otherwise that is assumed")
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      `
Examples:
  sluice account gpt2-small --tokens 1000000000
  sluice account depth-6 --batch 8 --context 512 --measure
  sluice account tiny.yaml
`,
    )
    .action(async (name: string, flags: Flags) => {
      const { model, ...said } = isFile(name) ? readFile(name) : { model: modelOf(name) };
      const account = accountOf(model, {
        tokens: flags.tokens ?? said.tokens,
        batch: flags.batch ?? said.batch ?? DEFAULT_BATCH,
        contextLength: flags.context ?? said.contextLength,
        peakFlopsPerSecond: flags.measure === true ? await measurePeak(await onnxBackend()) : undefined,
      });
      console.log(flags.json === true ? JSON.stringify({ type: "account", ...account }) : describe(account));
    });
}

/** A name that is a file's, or could be no preset's. */
function isFile(name: string): boolean {
  return /[/\\]|\.(json|ya?ml)$/.test(name);
}

interface Said {
  readonly model: ModelConfig;
  readonly tokens?: number;
  readonly batch?: number;
  readonly contextLength?: number;
}

/** A model's fields, `preset` among them to begin from one; or a training config, which says how it is trained, too. */
function readFile(path: string): Said {
  const { value } = readMappingFile(path, {
    missing: "no such file (give a preset's name, or a file with a model or a training config)",
    what: "a model",
    fields: "a model's fields",
  });
  if (!("model" in value)) return { model: modelFrom(value, path) };
  const { model, sequences, contextLength, steps, tokensPerStep } = readTrainConfig(path);
  return { model, batch: sequences, contextLength, tokens: steps * tokensPerStep };
}

function describe(account: Account): string {
  const { model, batch, contextLength, parameters, forwardFlops, trainingFlops, memoryBytes, time, training } = account;
  const share = (part: number, whole: number, show: (n: number) => string) => [show(part), percent(part, whole)];
  const ofParameters = (part: number) => share(part, parameters.total, count);
  const ofFlops = (part: number) => share(part, forwardFlops.total, flops);
  const ofMemory = (part: number) => share(part, memoryBytes.total, bytes);
  const peak = `${flops(time.peakFlopsPerSecond)}/s ${time.isMeasured ? "measured" : "assumed; --measure finds out"}`;
  return [
    `${count(model.layers)} layers of width ${count(model.width)}, ${count(batch)} ${batch === 1 ? "sequence" : "sequences"} of ${count(contextLength)} tokens`,
    "parameters",
    table([
      [model.positions === "learned" ? "embedding, positions" : "embedding", ...ofParameters(parameters.embedding)],
      ["attention", ...ofParameters(parameters.attention)],
      ["feed-forward", ...ofParameters(parameters.feedForward)],
      ["norms", ...ofParameters(parameters.norms)],
      [model.tied ? "unembedding (tied)" : "unembedding", ...ofParameters(parameters.unembedding)],
      ["all", count(parameters.total)],
    ]),
    "forward, one sequence",
    table([
      ["attention, projections", ...ofFlops(forwardFlops.attentionProjections)],
      ["attention, T by T", ...ofFlops(forwardFlops.attentionScores)],
      ["feed-forward", ...ofFlops(forwardFlops.feedForward)],
      ["unembedding", ...ofFlops(forwardFlops.unembedding)],
      ["all", flops(forwardFlops.total)],
    ]),
    "training, 3 times forward",
    table([
      ["a token", flops(trainingFlops.token)],
      ["a step", flops(trainingFlops.step), shortTime(time.secondsPerStep)],
      ...(training === null
        ? []
        : [[`${count(training.tokens)} tokens`, flops(training.flops), shortTime(training.seconds)]]),
    ]),
    "memory, single precision",
    table([
      ["parameters", ...ofMemory(memoryBytes.parameters)],
      ["gradients", ...ofMemory(memoryBytes.gradients)],
      ["moments", ...ofMemory(memoryBytes.moments)],
      ["batch", ...ofMemory(memoryBytes.batch)],
      ["activations", ...ofMemory(memoryBytes.activations)],
      ["all", bytes(memoryBytes.total)],
      ["process (onnx), peak", bytes(memoryBytes.onnxProcess)],
    ]),
    `times: ${percent(time.shareOfPeak, 1)} of ${peak}, ${count(Math.round(time.tokensPerSecond))} tokens/s`,
  ].join("\n");
}

/** Steps of small models take milliseconds. */
function shortTime(seconds: number): string {
  return seconds < 10 ? `${seconds.toPrecision(2)} s` : duration(seconds);
}

/** 4.513e12 as "4.513 TFLOP". */
function flops(n: number): string {
  const prefixes = ["", "k", "M", "G", "T", "P", "E", "Z", "Y"];
  const step = Math.max(0, Math.min(prefixes.length - 1, Math.floor(Math.log10(Math.max(1, n)) / 3)));
  return `${(n / 1000 ** step).toPrecision(4)} ${prefixes[step]}FLOP`;
}
