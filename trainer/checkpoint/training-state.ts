/** What training changes, to a checkpoint and back. */
import { isDeepStrictEqual } from "node:util";
import { FormatError, RecipeError } from "../../pipeline/errors.ts";
import type { Parameter, ParameterValues } from "../model/parameters.ts";
import type { AdamW } from "../optimizer/adamw.ts";
import {
  type Checkpoint,
  type FloatTensors,
  type LoadedCheckpoint,
  latestCheckpoint,
  listCheckpoints,
  loadCheckpoint,
} from "./checkpoint.ts";

/** Parameters in training, and what the optimizer remembers of them. */
export interface TrainingState {
  readonly parameters: readonly Parameter[];
  readonly values: ParameterValues;
  readonly optimizer: AdamW;
}

export function namedValues(parameters: readonly Parameter[], values: ParameterValues): FloatTensors {
  return new Map(parameters.map(({ name, shape }) => [name, { shape, values: values[name]! }]));
}

/** The arrays themselves, not copies. */
export function tensorsOf({
  parameters,
  values,
  optimizer,
}: TrainingState): Pick<Checkpoint, "parameters" | "moments"> {
  return {
    parameters: namedValues(parameters, values),
    moments: { first: namedValues(parameters, optimizer.first), second: namedValues(parameters, optimizer.second) },
  };
}

/** Writes a checkpoint's numbers into the arrays of a training. */
export function restore({ parameters, values, optimizer }: TrainingState, checkpoint: Checkpoint): void {
  for (const { name } of parameters) {
    values[name]!.set(checkpoint.parameters.get(name)!.values);
    optimizer.first[name]!.set(checkpoint.moments.first.get(name)!.values);
    optimizer.second[name]!.set(checkpoint.moments.second.get(name)!.values);
  }
}

/**
 * The last checkpoint of a run with this config; undefined where there is none. Raises FormatError where all are damaged,
 * RecipeError where they are another config's.
 */
export async function checkpointToGoOnFrom(
  root: string,
  identity: { readonly content: object; readonly digest: string },
  out: string,
): Promise<LoadedCheckpoint | undefined> {
  const folder = await latestCheckpoint(root);
  if (folder === undefined) {
    const damaged = await listCheckpoints(root);
    if (damaged.length === 0) return undefined;
    // To begin anew would replace the log, too, without anybody having asked for it.
    throw new FormatError(
      `${root}: found ${damaged.length} checkpoints, none as it was written; copy them again, or remove the folder to train from the start`,
    );
  }
  const checkpoint = await loadCheckpoint(folder);
  if (checkpoint.configHash !== identity.digest) {
    const differing = differingFields(checkpoint.config, JSON.parse(JSON.stringify(identity.content)));
    throw new RecipeError(
      `${out}: holds a run of another config or of other data (differing: ${differing.slice(0, 3).join(", ")}${differing.length > 3 ? " …" : ""}); give another "out", or remove the folder`,
    );
  }
  return checkpoint;
}

/** Paths of fields that are not the same in both, which are plain data. */
function differingFields(a: unknown, b: unknown, path: readonly string[] = []): string[] {
  if (!isRecord(a) || !isRecord(b)) return isDeepStrictEqual(a, b) ? [] : [path.join(".")];
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return names.flatMap((name) => differingFields(a[name], b[name], [...path, name]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
