/** What an evaluation asks: a file's fields, those of an alignment's `evaluate`, or flags, which take their place. */
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { Data, Drawing, VerifierUse } from "../../../trainer/align/config.ts";
import { resolveTemplate, type Template, TemplateChoice } from "../../../trainer/align/templates/template.ts";
import { RecipeError } from "../../errors.ts";
import { readMappingFile } from "../../mapping-file.ts";
import { describeIssue, firstMistake } from "../../schema-error.ts";

export const EvaluationFile = z.strictObject({
  prompts: Data,
  verify: z.array(VerifierUse).min(1).describe("what responses are scored by"),
  samples: z.int().min(1).default(1).describe("responses to a prompt"),
  ...Drawing,
  temperature: z.number().min(0).default(0),
  template: TemplateChoice.optional().describe("by default the one that the model was aligned with, else chat"),
  k: z
    .array(z.int().min(1))
    .min(1)
    .optional()
    .describe("of pass@k; by default 1 and `samples`, where there are several"),
  seed: z.int().min(0).default(1),
});
type EvaluationFile = z.output<typeof EvaluationFile>;

export interface EvaluationPlan extends Omit<EvaluationFile, "template" | "k"> {
  readonly k: readonly number[];
  /** Files of the prompts, where they lie. */
  readonly files: readonly string[];
  readonly template: Template | undefined;
  /** Paths of verifiers are relative to it. */
  readonly folder: string;
  /** Where verifiers are asked for, and prompts. */
  readonly place: string;
  readonly promptsPlace: string;
}

/** Flags, as far as they were given. */
export interface EvaluationFlags {
  readonly config?: string;
  readonly prompts?: readonly string[];
  readonly verify?: readonly { readonly name: string; readonly value: unknown }[];
  readonly template?: string;
  readonly samples?: number;
  readonly temperature?: number;
  readonly maxTokens?: number;
  readonly topP?: number;
  readonly stop?: readonly string[];
  readonly k?: readonly number[];
  readonly seed?: number;
}

/** Raises RecipeError for what is missing or cannot be asked. */
export function evaluationPlan(flags: EvaluationFlags): EvaluationPlan {
  const { config, prompts, verify, template, ...numbers } = flags;
  const file = config === undefined ? NO_FILE : readFile(config);
  const place = (field: string, isGiven: boolean): string => (isGiven ? `--${field}` : `${file.at(field)}: ${field}`);
  const value: Record<string, unknown> = {
    ...file.value,
    ...numbers,
    ...(prompts && { prompts }),
    ...(verify && { verify: verify.map(useOf) }),
    ...(template !== undefined && { template }),
  };
  const parsed = EvaluationFile.safeParse(value, { reportInput: true });
  if (!parsed.success) {
    // Where one is misspelt, that is why another is missing.
    const isMisspelt = parsed.error.issues.some(({ code }) => code === "unrecognized_keys");
    const lacks = isMisspelt ? undefined : REQUIRED.find(([field]) => value[field] === undefined);
    throw lacks === undefined
      ? new RecipeError(complaint(parsed.error, flags, file))
      : missing(lacks[0], lacks[1], config);
  }
  const plan = parsed.data;
  const { samples, temperature, k = samples === 1 ? [] : [1, samples] } = plan;
  if (samples > 1 && temperature === 0) {
    throw new RecipeError(
      `samples: found ${samples} responses at temperature 0, which are all the same; expected a temperature above 0`,
    );
  }
  const tooMany = k.find((one) => one > samples);
  if (tooMany !== undefined) {
    throw new RecipeError(`k: found pass@${tooMany} of ${samples} responses; expected as many samples at least`);
  }
  const here = process.cwd();
  return {
    ...plan,
    k: [...new Set(k)].sort((a, b) => a - b),
    files: plan.prompts.files.map((path) => placed(path, prompts === undefined ? file.folder : here)),
    template:
      plan.template === undefined
        ? undefined
        : resolveTemplate(plan.template, template === undefined ? file.folder : here),
    folder: verify === undefined ? file.folder : here,
    place: place("verify", verify !== undefined),
    promptsPlace: place("prompts", prompts !== undefined),
  };
}

const REQUIRED = [
  ["prompts", "a file of prompts"],
  ["verify", "a verifier"],
] as const;

interface Given {
  readonly value: Readonly<Record<string, unknown>>;
  readonly folder: string;
  /** Where it has a field. */
  readonly at: (...keys: readonly PropertyKey[]) => string;
}

const NO_FILE: Given = { value: {}, folder: process.cwd(), at: (field) => `--${String(field)}` };

/** Of an alignment's config its `evaluate`, and its template. */
function readFile(path: string): Given {
  const { value, locate } = readMappingFile(path, {
    missing: "no such file (give the path of an evaluation's config, or of an alignment's with evaluate)",
    what: "an evaluation's config",
    fields: "prompts and verify",
  });
  const folder = dirname(resolve(path));
  if (!("evaluate" in value)) return { value, folder, at: (...keys) => locate(keys) };
  const { evaluate, template } = value;
  if (typeof evaluate !== "object" || evaluate === null || Array.isArray(evaluate)) {
    throw new RecipeError(`${locate(["evaluate"])}: evaluate: expected fields, prompts and verify among them`);
  }
  const { every: _, ...asked } = evaluate as Record<string, unknown>;
  return {
    value: { ...asked, ...(template !== undefined && { template }) },
    folder,
    at: (...keys) => locate(["evaluate", ...keys]),
  };
}

function useOf({ name, value }: { readonly name: string; readonly value: unknown }): unknown {
  return { use: name, ...(value !== undefined && { with: value }) };
}

/** A flag that was given is told by its name, a field of the file by its line. */
function complaint(error: z.ZodError, flags: EvaluationFlags, { at }: Given): string {
  const issue = error.issues[0]!;
  const [field] = issue.path;
  const isFlag = field !== undefined && (flags as Record<PropertyKey, unknown>)[field] !== undefined;
  if (isFlag) return describeIssue({ ...issue, path: issue.path.slice(1) }, `--${dashed(String(field))}`);
  return firstMistake(error, EvaluationFile, (path) => `${at(...path)}: evaluation`);
}

function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function missing(field: string, what: string, config: string | undefined): RecipeError {
  const where = config === undefined ? "" : `${config}: `;
  return new RecipeError(`${where}expected ${what}: --${field}, or "${field}" in a file (--config); found neither`);
}

/** An address leads where it leads. */
function placed(path: string, folder: string): string {
  return /^https?:/i.test(path) ? path : resolve(folder, path);
}
