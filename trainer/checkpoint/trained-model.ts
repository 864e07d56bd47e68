/** A model that was trained, to be used: from a run's folder, or from one of its checkpoints. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { FormatError, RecipeError } from "../../pipeline/errors.ts";
import { sameShape, showShape } from "../ir/tensor.ts";
import { ModelConfig } from "../model/config.ts";
import { type ParameterValues, parametersOf } from "../model/parameters.ts";
import { MODEL, STATE } from "./checkpoint.ts";
import { readSafetensors } from "./safetensors.ts";

const TokenizerId = z.object({ name: z.string(), digest: z.string() });

/** What a finished training run is told by. */
export const RUN_MANIFEST = "manifest.json";

export interface TrainedModel {
  readonly folder: string;
  readonly config: ModelConfig;
  readonly parameters: ParameterValues;
  /** Of the data that it was trained on. */
  readonly tokenizer: Readonly<z.output<typeof TokenizerId>>;
}

/** Reads configuration and parameters. Raises RecipeError for a folder that is neither, FormatError for one whose files do not go together. */
export async function loadTrainedModel(folder: string): Promise<TrainedModel> {
  const found = [
    [RUN_MANIFEST, "identity"],
    [STATE, "config"],
  ].find(([file]) => existsSync(join(folder, file!)));
  if (found === undefined) {
    throw new RecipeError(
      `${folder}: neither a finished training run nor a checkpoint (expected ${RUN_MANIFEST} or ${STATE} in it)`,
    );
  }
  const [file, field] = found as [string, string];
  const told = parsed(join(folder, file));
  const config = ModelConfig.safeParse((told?.[field] as { model?: unknown } | undefined)?.model);
  const tokenizer = TokenizerId.safeParse(told?.tokenizer);
  if (!config.success || !tokenizer.success) {
    throw new FormatError(
      `${join(folder, file)}: tells of no model that was trained (expected what "sluice train" writes)`,
    );
  }
  const path = join(folder, MODEL);
  if (!existsSync(path)) throw new FormatError(`${path}: no such file, though ${file} tells of it; copy it again`);
  const { tensors } = await readSafetensors(path);
  const parameters: Record<string, Float32Array> = {};
  for (const { name, shape } of parametersOf(config.data)) {
    const tensor = tensors.get(name);
    if (tensor === undefined || !sameShape(tensor.shape, shape) || !(tensor.values instanceof Float32Array)) {
      const got = tensor === undefined ? "none" : showShape(tensor.shape);
      throw new FormatError(`${path}: parameter ${name}: found ${got}, expected ${showShape(shape)} as ${file} says`);
    }
    parameters[name] = tensor.values;
  }
  return { folder, config: config.data, parameters, tokenizer: tokenizer.data };
}

/** Null where the file says so. */
function parsed(path: string): Record<string, unknown> | null {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown> | null;
  } catch (error) {
    throw new FormatError(`${path}: ${(error as Error).message}`);
  }
}
