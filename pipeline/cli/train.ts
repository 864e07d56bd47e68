import { resolve } from "node:path";
import { Command } from "commander";
import { BACKENDS, backendNamed } from "../../trainer/backends/index.ts";
import { readTrainConfig } from "../../trainer/config.ts";
import { sparkline } from "../../trainer/curve.ts";
import { measurePeak } from "../../trainer/measure-peak.ts";
import { runTraining, type TrainEvent, type TrainResult } from "../../trainer/run.ts";
import type { ShardTokenizer } from "../shard.ts";
import { bytesOfIds } from "./bytes-of-ids.ts";
import { type OfType, openDisplay, type Words } from "./event-display.ts";
import { GOES_ON, interruptible } from "./interruptible.ts";
import { positiveInt } from "./run.ts";
import { bar, count, duration, percent, plural } from "./show.ts";
import { tokenizerOf } from "./tokenizer-of.ts";

const CURVE_CHARACTERS = 60;

interface Flags {
  out?: string;
  steps?: number;
  threads?: number;
  backend?: string;
  json?: boolean;
}

export function trainCommand(): Command {
  return new Command("train")
    .description("Train a model on token shards, to a checkpoint. Run it again after an interruption: it goes on.")
    .argument("<config>", "a YAML or JSON file; docs/training.md tells its fields")
    .option("--out <folder>", "instead of the config's")
    .option("--steps <n>", "instead of the config's", positiveInt)
    .option("--threads <n>", "by default one a core; results do not depend on it", positiveInt)
    .option("--backend <name>", `${BACKENDS.join(", ")}, instead of the config's`)
    .option("--json", "events as JSON lines; the last is the result")
    .addHelpText(
      "after",
      `
Example:
  sluice train tiny.yaml

tiny.yaml:
  data: out              # a finished run, or what "sluice pack" made of it
  model: { preset: depth-4, vocabSize: 50257, contextLength: 256 }
  tokens: 20000000
  evaluate: { data: held-out }
  out: tiny
`,
    )
    .action(async (path: string, { json = false, ...flags }: Flags) => {
      const plan = readTrainConfig(path, overridesOf(flags));
      const backend = await backendNamed(plan.backend, plan.threads);
      await interruptible(GOES_ON, async (signal) => {
        const display = openDisplay(json, words());
        try {
          const result = await runTraining(plan, {
            backend,
            ...(backend.name === "onnx" && { peakFlopsPerSecond: await measurePeak(backend) }),
            bytesOfId: (made) => bytesOf(made, plan.tokenizer),
            onEvent: display.onEvent,
            signal,
          });
          display.close();
          console.log(json ? JSON.stringify({ type: "done", ...result }) : describe(result));
        } finally {
          display.close();
        }
      });
    });
}

/** A folder given here is relative to where the command runs, as everywhere on a command line. */
function overridesOf({ steps, out, ...flags }: Flags): Record<string, unknown> {
  return {
    ...flags,
    ...(out !== undefined && { out: out && resolve(out) }),
    ...(steps !== undefined && { steps, tokens: undefined }),
  };
}

/** Undefined where the tokenizer is not to be found. */
async function bytesOf(made: ShardTokenizer, path: string | undefined): Promise<Uint32Array | undefined> {
  const tokenizer = await tokenizerOf(made, path);
  if (tokenizer !== undefined) return bytesOfIds(tokenizer);
  console.error(`note: tokenizer "${made.name}" is not to be found: no bits per byte (give its path as "tokenizer")`);
  return undefined;
}

function words(): Words<TrainEvent, "step"> {
  const losses: number[] = [];
  return {
    progress: ["step"],
    live: (event) => {
      losses.push(event.loss);
      return `${sparkline(losses, CURVE_CHARACTERS)}\n${bar(event.step / event.steps, 30)} ${stepLine(event)}`;
    },
    plain: stepLine,
    line: describeEvent,
  };
}

function stepLine(event: OfType<TrainEvent, "step">): string {
  const { step, steps, loss, tokensPerSecond, flopsPerSecond, shareOfPeak, etaSeconds } = event;
  const share = shareOfPeak === undefined ? "" : ` (${percent(shareOfPeak, 1)} of the peak)`;
  const speed = `${count(Math.round(tokensPerSecond))} tokens/s  ${(flopsPerSecond / 1e9).toFixed(0)} GFLOP/s${share}`;
  return `step ${count(step)}/${count(steps)}  about ${duration(etaSeconds)} left  loss ${loss.toFixed(4)}  ${speed}`;
}

function describeEvent(event: Exclude<TrainEvent, { type: "step" }>): string | undefined {
  switch (event.type) {
    case "start": {
      const from = event.from > 0 ? `, going on from step ${count(event.from)}` : "";
      return `${count(event.parameters)} parameters, ${plural(event.steps, "step")} of ${count(event.tokensPerStep)} tokens (${event.epochs.toFixed(2)} epochs), ${event.backend}${from} → ${event.out}`;
    }
    case "evaluation":
      return `step ${count(event.step)}: held out ${event.loss.toFixed(4)} nats a token${event.bitsPerByte === undefined ? "" : `, ${bits(event.bitsPerByte)}`}`;
    case "checkpoint":
      return undefined;
  }
}

function bits(bitsPerByte: number): string {
  return `${bitsPerByte.toFixed(4)} bits per byte`;
}

function describe({ out, steps, loss, bitsPerByte, digest, seconds, tokensPerSecond }: TrainResult): string {
  return [
    `${plural(steps, "step")} in ${duration(seconds)}, ${count(Math.round(tokensPerSecond))} tokens/s`,
    `loss ${loss.toFixed(4)}${bitsPerByte === undefined ? "" : `; held out ${bits(bitsPerByte)}`}`,
    `${out}/model.safetensors, loss.svg, log.jsonl; checkpoint ${digest.slice(0, 16)}…`,
  ].join("\n");
}
