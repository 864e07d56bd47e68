/** What a training run does: its whole identity, checked before any data is read. */
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { digestOf } from "../pipeline/canonical.ts";
import { RecipeError } from "../pipeline/errors.ts";
import { readMappingFile } from "../pipeline/mapping-file.ts";
import { firstMistake } from "../pipeline/schema-error.ts";
import { BACKENDS } from "./backends/index.ts";
import { MOST, type ModelConfig } from "./model/config.ts";
import { modelFrom } from "./model/presets.ts";
import { AdamWOptions } from "./optimizer/adamw.ts";
import { Schedule } from "./optimizer/schedule.ts";

const Source = z.strictObject({
  /** A finished run's folder, or a folder of packed rows. */
  folder: z.string(),
  weight: z.number().positive().default(1),
});

export const TrainConfig = z
  .strictObject({
    name: z.string().default("train").describe("a name for people; part of no result"),
    seed: z.int().min(0).default(1).describe("decides what parameters begin as, the order of the data, and dropout"),
    data: z
      .union([z.string(), z.array(z.union([z.string(), Source])).min(1)])
      .describe("a folder of shards or of packed rows, or several, mixed by weight"),
    model: z
      .union([z.string(), z.record(z.string(), z.unknown())])
      .describe("a preset's name, or a model's fields; `preset` among them names one to begin from"),
    contextLength: z
      .int()
      .min(2)
      .max(MOST.contextLength)
      .optional()
      .describe("tokens of a row; by default as many as the model has positions"),
    documentMasks: z.boolean().default(true).describe("whether documents in one row are hidden from each other"),
    sequences: z.int().min(1).default(16).describe("rows that are computed at once"),
    accumulate: z.int().min(1).max(65_536).default(1).describe("how often that happens before a step is taken"),
    steps: z.int().min(1).optional().describe("how many steps; or say `tokens`"),
    tokens: z.int().min(1).optional().describe("stop at the first step that has seen so many"),
    optimizer: AdamWOptions.prefault({}),
    schedule: Schedule.prefault({}),
    clip: z.number().positive().default(1).describe("the gradient is shortened to this length"),
    evaluate: z
      .strictObject({
        data: z.string().describe("a folder of held-out shards"),
        every: z.int().min(1).default(100).describe("steps between evaluations"),
        rows: z.int().min(1).default(256).describe("how many rows, from the beginning of the folder's order"),
      })
      .optional(),
    checkpoint: z
      .strictObject({
        every: z.int().min(1).default(500).describe("steps between checkpoints"),
        keep: z.int().min(1).default(2).describe("how many of the last ones stay"),
        average: z.int().min(1).default(1).describe("the final parameters are the mean of so many last checkpoints"),
      })
      .prefault({}),
    backend: z.enum(BACKENDS).default("onnx").describe("what computes"),
    tokenizer: z.string().optional().describe("name or path, where the shards' own name does not lead to it"),
    threads: z.int().min(1).optional().describe("by default one a core; results do not depend on it"),
    out: z.string().min(1).describe("folder of checkpoints, log and curve"),
  })
  .check(({ value, issues }) => {
    if ((value.steps === undefined) === (value.tokens === undefined)) {
      const { steps, tokens } = value;
      issues.push({ code: "custom", path: [], message: "either steps or tokens", input: { steps, tokens } });
    }
  });

type Parsed = z.output<typeof TrainConfig>;

/** A config with nothing left open; paths are absolute. */
export interface TrainPlan extends Omit<Parsed, "data" | "model" | "steps" | "contextLength"> {
  readonly data: readonly z.output<typeof Source>[];
  readonly model: ModelConfig;
  readonly contextLength: number;
  readonly steps: number;
  readonly tokensPerStep: number;
}

/** Reads a config file (YAML or JSON). Raises RecipeError with the field, what was found and what was expected. */
export function readTrainConfig(path: string, overrides: Record<string, unknown> = {}): TrainPlan {
  const { value, locate } = readMappingFile(path, {
    missing: "no such file (give the path of a training config)",
    what: "a training config",
    fields: "data, model and out",
  });
  return planOf({ ...value, ...overrides }, locate, dirname(resolve(path)));
}

/** Checks a config. Paths in it are relative to `folder`; `locate` says where a field stands. */
export function planOf(
  config: unknown,
  locate: (keys: readonly PropertyKey[]) => string = () => "config",
  folder = process.cwd(),
): TrainPlan {
  const parsed = TrainConfig.safeParse(config, { reportInput: true });
  if (!parsed.success) {
    throw new RecipeError(firstMistake(parsed.error, TrainConfig, (path) => `${locate(path)}: config`));
  }
  const { data, model, steps, tokens, ...rest } = parsed.data;
  const sources = (typeof data === "string" ? [data] : data).map((source) =>
    typeof source === "string" ? { folder: source, weight: 1 } : source,
  );
  const modelConfig = modelFrom(model, locate(["model"]));
  const contextLength = rest.contextLength ?? modelConfig.contextLength;
  if (modelConfig.positions === "learned" && contextLength > modelConfig.contextLength) {
    throw new RecipeError(
      `${locate(["contextLength"])}: contextLength: the model has learned positions for ${modelConfig.contextLength} tokens, found ${contextLength}`,
    );
  }
  const tokensPerStep = rest.sequences * rest.accumulate * contextLength;
  return {
    ...rest,
    ...(rest.evaluate && { evaluate: { ...rest.evaluate, data: resolve(folder, rest.evaluate.data) } }),
    data: sources.map((source) => ({ ...source, folder: resolve(folder, source.folder) })),
    model: modelConfig,
    contextLength,
    steps: steps ?? Math.ceil(tokens! / tokensPerStep),
    tokensPerStep,
    ...(rest.tokenizer !== undefined && { tokenizer: fromFolder(folder, rest.tokenizer) }),
    out: resolve(folder, rest.out),
  };
}

/** A tokenizer's path is relative to the config; a name is left as it is. */
function fromFolder(folder: string, nameOrPath: string): string {
  const path = resolve(folder, nameOrPath);
  return existsSync(path) ? path : nameOrPath;
}

/**
 * What decides the results: everything but names, places, and how the work is done. Data is told by what it holds: the
 * manifests' ids are part of it.
 */
export function identityOf(plan: TrainPlan, manifestIds: readonly string[]): { content: object; digest: string } {
  const { name, out, threads, tokenizer, checkpoint, data, evaluate, ...deciding } = plan;
  const content = {
    ...deciding,
    average: checkpoint.average,
    // The mean of the last checkpoints hangs on how far they lie apart.
    ...(checkpoint.average > 1 && { averageEvery: checkpoint.every }),
    data: data.map(({ weight }, n) => ({ weight, manifest: manifestIds[n] })),
  };
  return { content, digest: digestOf(content) };
}
