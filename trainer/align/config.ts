/** What an alignment does: fields that all methods have, and those of its own. */
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { RecipeError } from "../../pipeline/errors.ts";
import { readMappingFile } from "../../pipeline/mapping-file.ts";
import { firstMistake } from "../../pipeline/schema-error.ts";
import { BACKENDS } from "../backends/index.ts";
import { AdamWOptions } from "../optimizer/adamw.ts";
import { Schedule } from "../optimizer/schedule.ts";
import { ReadOptions } from "./examples/read.ts";
import type { MethodDefinition } from "./method.ts";
import { TemplateChoice } from "./templates/template.ts";

/** A verifier by name or path. */
export const VerifierUse = z.strictObject({
  use: z.string().describe("a verifier's name, or the path of a file that defines one"),
  with: z.record(z.string(), z.unknown()).optional(),
  as: z.string().optional().describe("what it is called in logs"),
  weight: z.number().positive().default(1).describe("in the sum of several"),
  gate: z.boolean().default(false).describe("the others count only where this one scores 1"),
});
export type VerifierUse = z.output<typeof VerifierUse>;

/** Rows to read, wherever a method reads some: files, and how they are read. */
export const Data = z.preprocess(
  (data) => (typeof data === "string" || Array.isArray(data) ? { files: data } : data),
  z.strictObject({
    files: z
      .union([z.string(), z.array(z.string()).min(1)])
      .transform((one) => [one].flat())
      .describe("JSONL, JSON or CSV, as such, .gz or .zst; globs"),
    ...ReadOptions.shape,
  }),
);
export type Data = z.output<typeof Data>;

/** How responses are drawn. */
export const Drawing = {
  maxTokens: z.int().min(1).default(64).describe("of a response"),
  temperature: z.number().min(0).default(1),
  topP: z.number().gt(0).max(1).optional(),
  stop: z.array(z.string().min(1)).default([]).describe("texts that end a response, where no end of text is learned"),
};

const Evaluate = z.strictObject({
  prompts: Data,
  verify: z.array(VerifierUse).min(1).describe("what responses are scored by"),
  every: z
    .int()
    .min(1)
    .optional()
    .describe("steps between evaluations; by default before the first and after the last"),
  samples: z.int().min(1).default(1).describe("responses to a prompt"),
  ...Drawing,
  temperature: z.number().min(0).default(0),
});

export const Common = z.strictObject({
  name: z.string().default("align").describe("a name for people; part of no result"),
  seed: z.int().min(0).default(1),
  from: z
    .string()
    .optional()
    .describe("a model to begin from: the folder of a training or an alignment, or a checkpoint"),
  model: z
    .union([z.string(), z.record(z.string(), z.unknown())])
    .optional()
    .describe("instead of `from`, a model that knows nothing yet, as in a training config"),
  tokenizer: z.string().optional().describe("name or path; by default the one that `from` was trained with"),
  template: TemplateChoice.default("chat"),
  sequences: z.int().min(1).default(16).describe("rows that are computed at once"),
  optimizer: AdamWOptions.prefault({ weightDecay: 0 }),
  schedule: Schedule.prefault({ peak: 1e-4 }),
  clip: z.number().positive().default(1).describe("the gradient is shortened to this length"),
  evaluate: Evaluate.optional(),
  heldOut: z
    .string()
    .optional()
    .describe("a folder of held-out shards: bits per byte before and after, the alignment tax"),
  checkpoint: z
    .strictObject({
      every: z
        .int()
        .min(1)
        .optional()
        .describe("steps between checkpoints; by default 50, of expert iteration every round"),
      keep: z.int().min(1).default(2).describe("how many of the last ones stay"),
    })
    .prefault({}),
  backend: z.enum(BACKENDS).default("onnx"),
  threads: z.int().min(1).optional().describe("by default one a core; results do not depend on it"),
  out: z.string().min(1).describe("folder of checkpoints, log and samples"),
});
type Parsed = z.output<typeof Common>;

/** Where the config has a field, for messages: `grpo.yaml:12`. */
export type Locate = (keys: readonly PropertyKey[]) => string;

const CHECKPOINT_EVERY = 50;

/** A config with nothing left open. */
export interface AlignPlan extends Omit<Parsed, "checkpoint"> {
  readonly method: MethodDefinition;
  readonly checkpoint: { readonly every: number; readonly keep: number };
  /** The method's own fields. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Paths in it are relative to this. */
  readonly folder: string;
  readonly locate: Locate;
}

/** Reads a config file (YAML or JSON). Raises RecipeError with the line, what was found and what was expected. */
export function readAlignConfig(
  path: string,
  method: MethodDefinition,
  overrides: Readonly<Record<string, unknown>> = {},
): AlignPlan {
  const { value, locate } = readMappingFile(path, {
    missing: "no such file (give the path of an alignment's config)",
    what: "an alignment's config",
    fields: "from, out and those of its method",
  });
  return alignPlanOf({ ...value, ...overrides }, method, { folder: dirname(resolve(path)), locate });
}

/** The same for a config given as a value. */
export function alignPlanOf(
  config: unknown,
  method: MethodDefinition,
  { folder = process.cwd(), locate = () => "config" }: { folder?: string; locate?: Locate } = {},
): AlignPlan {
  const schema = z.strictObject({ ...Common.shape, ...method.options.shape });
  const parsed = schema.safeParse(config, { reportInput: true });
  if (!parsed.success) {
    throw new RecipeError(firstMistake(parsed.error, schema, (path) => `${locate(path)}: ${method.name}`));
  }
  const common: Record<string, unknown> = {};
  const options: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(parsed.data)) (name in Common.shape ? common : options)[name] = value;
  const plan = common as Parsed;
  if ((plan.from === undefined) === (plan.model === undefined)) {
    throw new RecipeError(
      `${locate([])}: expected either "from" (a model to begin from) or "model" (a new one, with its "tokenizer")`,
    );
  }
  if (plan.model !== undefined && plan.tokenizer === undefined) {
    throw new RecipeError(`${locate(["model"])}: a new model needs a "tokenizer" (a name or a path)`);
  }
  const complaint = method.complaint?.(options as never);
  if (complaint !== undefined) {
    throw new RecipeError(`${locate([complaint.field])}: ${method.name}.${complaint.field}: ${complaint.message}`);
  }
  return {
    ...plan,
    method,
    options,
    folder,
    locate,
    checkpoint: {
      ...plan.checkpoint,
      every: plan.checkpoint.every ?? method.checkpointEvery ?? CHECKPOINT_EVERY,
    },
    out: resolve(folder, plan.out),
    ...(plan.from !== undefined && { from: resolve(folder, plan.from) }),
    ...(plan.heldOut !== undefined && { heldOut: resolve(folder, plan.heldOut) }),
    ...(plan.tokenizer !== undefined && { tokenizer: fromFolder(folder, plan.tokenizer) }),
  };
}

/** A tokenizer's path is relative to the config; a name is left as it is. */
function fromFolder(folder: string, nameOrPath: string): string {
  const path = resolve(folder, nameOrPath);
  return existsSync(path) ? path : nameOrPath;
}
