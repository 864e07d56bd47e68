/** The arms of an experiment: the base's recipe and, for each variant, what it comes to with its difference applied. */
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { RecipeError } from "../../pipeline/errors.ts";
import { readMappingFile } from "../../pipeline/mapping-file.ts";
import { describeIssue } from "../../pipeline/schema-error.ts";
import { type Experiment, Use, type Variant } from "./experiment.ts";

export interface Arm {
  readonly name: string;
  readonly source: Use;
  readonly stages: readonly Use[];
  /** The recipe's other fields: seed, limits. */
  readonly rest: Readonly<Record<string, unknown>>;
  /** Relative paths of the recipe start here. */
  readonly folder: string;
  /** A line for each difference from the base. */
  readonly changes: readonly string[];
  /** What it differs in: "source", or names of stages. */
  readonly differsIn: readonly string[];
  /** Of an arm that was made by leaving a stage out: the arm, and the stage. */
  readonly without?: { readonly arm: string; readonly stage: string };
}

/** The base first, variants in their order, then those of `ablate`. Raises RecipeError with the line. */
export function armsOf(experiment: Experiment): Arm[] {
  const base = baseOf(experiment);
  const arms = [base];
  for (const [n, variant] of experiment.variants.entries()) {
    arms.push(variantOf(base, variant, (keys) => experiment.locate(["variants", n, ...keys])));
  }
  for (const [n, { name }] of arms.entries()) {
    if (arms.findIndex((arm) => arm.name === name) < n) {
      throw new RecipeError(`${experiment.locate(["variants", n - 1, "name"])}: two arms are called "${name}"`);
    }
  }
  return [...arms, ...ablationsOf(experiment, arms)];
}

function baseOf({ base, folder, locate }: Experiment): Arm {
  const { name, recipe, source, stages } = base;
  if (recipe !== undefined) {
    if (source !== undefined || stages !== undefined) {
      throw new RecipeError(`${locate(["base"])}: found a recipe file and stages of its own, expected one of them`);
    }
    const path = resolve(folder, recipe);
    const { value, locate: locateInRecipe } = readMappingFile(path, {
      missing: "no such recipe",
      what: "a recipe",
      fields: "source and stages",
    });
    const { name: _, source: from, stages: steps, sink: __, ...rest } = value;
    const parsed = z
      .object({ source: Use, stages: z.array(Use).default([]) })
      .safeParse({ source: from, stages: steps }, { reportInput: true });
    if (!parsed.success) {
      const issue = parsed.error.issues[0]!;
      throw new RecipeError(describeIssue(issue, `${locateInRecipe(issue.path)}: recipe`));
    }
    return {
      name,
      ...parsed.data,
      rest,
      folder: dirname(path),
      changes: [],
      differsIn: [],
    };
  }
  if (source === undefined) {
    throw new RecipeError(`${locate(["base"])}: expected "recipe", the path of a recipe, or "source" and "stages"`);
  }
  return { name, source, stages: stages ?? [], rest: {}, folder, changes: [], differsIn: [] };
}

function variantOf(base: Arm, variant: Variant, locate: (keys: PropertyKey[]) => string): Arm {
  const stages: Use[] = [...base.stages];
  const changes: string[] = [];
  const differsIn = new Set<string>();
  const indexOf = (name: string, keys: PropertyKey[]): number => {
    const found = stages.flatMap((stage, n) => (labelOf(stage) === name ? [n] : []));
    if (found.length === 1) return found[0]!;
    const has = stages.map(labelOf).join(", ") || "no stages";
    throw new RecipeError(
      `${locate(keys)}: ${found.length === 0 ? "no" : found.length} stages "${name}" in the base (it has ${has})`,
    );
  };
  for (const [path, value] of Object.entries(variant.set)) {
    const dot = path.lastIndexOf(".");
    const [name, field] = dot > 0 ? [path.slice(0, dot), path.slice(dot + 1)] : [path, ""];
    if (field === "") throw new RecipeError(`${locate(["set", path])}: found "${path}", expected STAGE.PARAMETER`);
    const at = indexOf(name, ["set", path]);
    const before = stages[at]!.with?.[field];
    stages[at] = { ...stages[at]!, with: { ...stages[at]!.with, [field]: value } };
    changes.push(`${path}: ${before === undefined ? "default" : JSON.stringify(before)} → ${JSON.stringify(value)}`);
    differsIn.add(name);
  }
  for (const name of variant.remove) {
    stages.splice(indexOf(name, ["remove"]), 1);
    changes.push(`− ${name}`);
    differsIn.add(name);
  }
  for (const [n, { before, ...use }] of variant.add.entries()) {
    stages.splice(before === undefined ? stages.length : indexOf(before, ["add", n, "before"]), 0, use);
    changes.push(`+ ${describeUse(use)}${before === undefined ? "" : ` before ${before}`}`);
    differsIn.add(labelOf(use));
  }
  const { source = base.source } = variant;
  if (variant.source !== undefined) {
    changes.push(`source ${describeUse(source)}`);
    differsIn.add("source");
  }
  return { ...base, name: variant.name, source, stages, changes, differsIn: [...differsIn] };
}

/** Arms that lack one of the stages which an arm has beyond the base. */
function ablationsOf({ ablate, locate }: Experiment, arms: readonly Arm[]): Arm[] {
  if (ablate === undefined) return [];
  const whole = arms.find(({ name }) => name === ablate);
  if (whole === undefined) throw new RecipeError(`${locate(["ablate"])}: no arm "${ablate}"`);
  const [base] = arms;
  const own = whole.stages.filter((stage) => !base!.stages.includes(stage));
  if (own.length === 0) {
    throw new RecipeError(
      `${locate(["ablate"])}: arm "${ablate}" has no stages beyond the base's that could be left out`,
    );
  }
  // Of two stages of one name, the second is told by its number.
  const nameOf = (stage: Use): string => {
    const same = own.filter((one) => labelOf(one) === labelOf(stage));
    return same.length === 1 ? labelOf(stage) : `${labelOf(stage)} ${same.indexOf(stage) + 1}`;
  };
  return own.map((stage) => ({
    ...whole,
    name: `${whole.name} without ${nameOf(stage)}`,
    stages: whole.stages.filter((one) => one !== stage),
    changes: [...whole.changes, `− ${labelOf(stage)}`],
    without: { arm: whole.name, stage: labelOf(stage) },
  }));
}

/** What a stage is called in the experiment: see `labelOf` of stages. */
function labelOf({ use, as }: Use): string {
  return as ?? use;
}

export function describeUse({ use, with: params, as }: Use): string {
  const called = as === undefined ? use : `${as} (${use})`;
  return params === undefined || Object.keys(params).length === 0 ? called : `${called} ${JSON.stringify(params)}`;
}
