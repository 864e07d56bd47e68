/**
 * A recipe says what a run does: one source, stages in order, one sink. It is written in YAML or JSON, or as an object
 * in code; here it is read and checked whole, before a byte of input is touched.
 */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import { z } from "zod";
import { RecipeError } from "./errors.ts";
import { builtInFeature, builtInFeatureNames } from "./features.ts";
import { readMappingFile } from "./mapping-file.ts";
import { codeOrigin, definitionOf, findModule, loadDefinition, looksLikePath } from "./modules.ts";
import { describeIssue } from "./schema-error.ts";
import {
  type DedupDefinition,
  type Definition,
  type ExtractorDefinition,
  type FilterDefinition,
  labelOf,
  type MapDefinition,
  type PassagesDefinition,
  parseParams,
  type RewriterDefinition,
  type SetupContext,
  type SinkDefinition,
  type SourceDefinition,
  type StageSpec,
} from "./stage.ts";

const named = z.strictObject({
  use: z.string().describe("a built-in name, a path relative to the recipe, or a package"),
  with: z.record(z.string(), z.unknown()).optional().describe("the stage's parameters"),
});
const spec = z.object({ name: z.string(), module: z.string(), version: z.int(), params: z.unknown() });
const use = z.union([named, spec]);

const as = z.string().optional().describe("what this use of the stage is called in counts, ledger and folders");
const stage = z.union([named.extend({ as }), spec.extend({ as })]);

/** The fields of a recipe; the reference in docs/recipe.md is made from these. */
export const recipeSchema = z.strictObject({
  name: z.string().default("run").describe("a name for people; part of no result"),
  seed: z.int().min(0).default(1).describe("decides every random choice of the run"),
  source: use.describe("where pages come from"),
  stages: z.array(stage).default([]).describe("what happens to each page, in order"),
  sink: use.describe("where kept pages go"),
  dropped: z
    .enum(["sample", "all", "none"])
    .default("sample")
    .describe("which dropped pages can be read afterwards under `dropped/`: one in ten, all, or none"),
  scores: z
    .enum(["reached", "all"])
    .default("reached")
    .describe(
      "which stages measure a page: those that it reaches, or all, also behind the one whose threshold drops it, so that `sluice what-if` can answer for looser thresholds; the output is the same",
    ),
  limits: z
    .strictObject({
      pageSeconds: z.number().positive().default(60).describe("a page that takes longer in one worker is quarantined"),
      workerHeapMb: z.int().min(64).default(768).describe("a page that needs more heap is quarantined"),
      inFlightMb: z.int().min(1).default(256).describe("stored bytes of input that may be read ahead of the output"),
    })
    .prefault({})
    .describe("what one page may cost"),
});

/** A recipe as one writes it in code. */
export type Recipe = z.input<typeof recipeSchema>;

/** Names of built-in stages → their modules. */
export interface Registry {
  readonly sources: Readonly<Record<string, () => Promise<{ default: Definition }>>>;
  readonly stages: Readonly<Record<string, () => Promise<{ default: Definition }>>>;
  readonly sinks: Readonly<Record<string, () => Promise<{ default: Definition }>>>;
}

/** A stage that has been found and checked: its spec, its code, and what of both decides results. */
export interface Bound<D extends Definition = Definition> {
  readonly spec: StageSpec;
  readonly definition: D;
  readonly identity: SpecIdentity;
}
export interface SpecIdentity {
  readonly name: string;
  readonly as?: string;
  readonly code: string;
  readonly version: number;
  readonly params: unknown;
  readonly files?: readonly string[];
}

export type MiddleDefinition =
  | FilterDefinition
  | RewriterDefinition
  | MapDefinition
  | ExtractorDefinition
  | DedupDefinition
  | PassagesDefinition;

export interface CheckedRecipe {
  readonly name: string;
  readonly seed: number;
  readonly source: Bound<SourceDefinition>;
  readonly stages: readonly Bound<MiddleDefinition>[];
  readonly sink: Bound<SinkDefinition>;
  readonly dropped: "sample" | "all" | "none";
  readonly scores: "reached" | "all";
  readonly limits: { readonly pageSeconds: number; readonly workerHeapMb: number; readonly inFlightMb: number };
  /** Relative paths in the recipe start here. */
  readonly baseDir: string;
}

/** Reads a recipe file; errors carry its name and line. */
export async function readRecipe(path: string, registry: Registry): Promise<CheckedRecipe> {
  const { value, locate } = readMappingFile(path, {
    missing: "no such recipe",
    what: "a recipe",
    fields: "source, stages and sink",
  });
  return await checkRecipe(value, { registry, baseDir: dirname(resolve(path)), locate });
}

/** Checks a recipe given as a value. Raises one RecipeError that says where, what was found and what was expected. */
export async function checkRecipe(
  recipe: unknown,
  options: { registry: Registry; baseDir: string; locate?: (keys: readonly PropertyKey[]) => string },
): Promise<CheckedRecipe> {
  const locate = options.locate ?? (() => "recipe");
  const parsed = recipeSchema.safeParse(recipe, { reportInput: true });
  if (!parsed.success) throw new RecipeError(explain(parsed.error.issues[0]!, locate));
  const { source, stages, sink, ...rest } = parsed.data;
  const bind = (part: Part, group: keyof Registry, keys: PropertyKey[]) =>
    bindStage(part, group, {
      ...options,
      place: locate(keys),
      placeOf: (path) => locate([...keys, "with", ...path]),
      label: keys.map((key) => (typeof key === "number" ? `[${key}]` : String(key))).join(""),
    });
  const bound = {
    ...rest,
    source: (await bind(source, "sources", ["source"])) as Bound<SourceDefinition>,
    stages: (await Promise.all(
      stages.map((stage, i) => bind(stage, "stages", ["stages", i])),
    )) as Bound<MiddleDefinition>[],
    sink: (await bind(sink, "sinks", ["sink"])) as Bound<SinkDefinition>,
    baseDir: options.baseDir,
  };
  expectNamesApart(bound.stages, locate);
  return bound;
}

/** A stage may come twice without a name of its own; whoever gives one with `as` wants the two told apart. */
function expectNamesApart(stages: readonly Bound<MiddleDefinition>[], locate: (keys: PropertyKey[]) => string): void {
  const labels = stages.map(({ spec }) => labelOf(spec));
  for (const [i, { spec }] of stages.entries()) {
    const other = labels.findIndex((label, n) => n !== i && label === labels[i]);
    if (spec.as === undefined || other < 0) continue;
    throw new RecipeError(
      `${locate(["stages", i, "as"])}: stages[${i}].as: "${spec.as}" is what stages[${other}] is called; expected a name of its own`,
    );
  }
}

function explain(issue: z.core.$ZodIssue, locate: (keys: readonly PropertyKey[]) => string): string {
  // A union's own message says nothing; what is wrong inside the `use` form is what the writer wants to know.
  if (issue.code === "invalid_union" && issue.errors[0]?.[0] !== undefined) {
    const inner = issue.errors[0][0];
    return explain({ input: issue.input, ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue, locate);
  }
  if (issue.code === "unrecognized_keys") {
    const where = issue.path.length === 0 ? "" : ` in ${issue.path.join(".")}`;
    const known = issue.path.length === 0 ? ` (a recipe has ${Object.keys(recipeSchema.shape).join(", ")})` : "";
    return `${locate([...issue.path, issue.keys[0]!])}: unknown field ${JSON.stringify(issue.keys[0])}${where}${known}`;
  }
  return `${locate(issue.path)}: ${describeIssue(issue, "")}`;
}

const KINDS: Record<keyof Registry, readonly Definition["kind"][]> = {
  sources: ["source"],
  stages: ["filter", "rewriter", "map", "extractor", "dedup", "passages"],
  sinks: ["sink"],
};

type Part = z.output<typeof stage>;

/** A stage's name becomes a folder of dropped pages and a column's value. */
const NAME = /^[a-z0-9][a-z0-9.-]{0,99}$/;

async function bindStage(
  part: Part,
  group: keyof Registry,
  options: {
    registry: Registry;
    baseDir: string;
    place: string;
    placeOf: (path: readonly PropertyKey[]) => string;
    label: string;
  },
): Promise<Bound> {
  const { place, label } = options;
  const definition =
    "use" in part
      ? await findDefinition(part.use, group, options)
      : await definitionOf(part as StageSpec, `${place}: ${label}`);
  const given = "use" in part ? (part.with ?? {}) : part.params;
  if (!KINDS[group].includes(definition.kind)) {
    throw new RecipeError(
      `${place}: ${label}: "${definition.name}" is a ${definition.kind}, expected a ${KINDS[group].join(", ")}`,
    );
  }
  for (const name of [definition.name, part.as ?? definition.name]) {
    if (NAME.test(name)) continue;
    throw new RecipeError(
      `${place}: ${label}: a stage is called ${JSON.stringify(name)}; expected lower-case letters, digits, "-" and ".", 100 at most`,
    );
  }
  checkNeeds(definition, `${place}: ${label}`);
  const params = parseParams(definition, given, (path) => `${options.placeOf(path)}: ${definition.name}`);
  const { name, module, version } = definition;
  const spec: StageSpec = { name, module, version, params, ...(part.as === undefined ? {} : { as: part.as }) };
  return {
    spec,
    definition,
    identity: identityOf(spec, definition, contextFor(options.baseDir, 0), `${place}: ${definition.name}`),
  };
}

async function findDefinition(
  name: string,
  group: keyof Registry,
  options: { registry: Registry; baseDir: string; place: string; label: string },
): Promise<Definition> {
  const builtIn = options.registry[group];
  if (Object.hasOwn(builtIn, name)) return (await builtIn[name]!()).default;
  const module = findModule(name, options.baseDir);
  if (module !== undefined) return await loadDefinition(module.href, `${options.place}: ${options.label}`);
  throw new RecipeError(
    looksLikePath(name)
      ? `${options.place}: ${options.label}: no file ${JSON.stringify(name)} in ${options.baseDir}`
      : `${options.place}: unknown ${group.slice(0, -1)} ${JSON.stringify(name)} (built in: ${Object.keys(builtIn).join(", ")}; a file of yours begins with ./)`,
  );
}

function checkNeeds(definition: Definition, place: string): void {
  if (!("needs" in definition)) return;
  for (const need of definition.needs as readonly unknown[]) {
    if (typeof need === "string" && builtInFeature(need) === undefined) {
      throw new RecipeError(
        `${place}: ${definition.name} needs the feature ${JSON.stringify(need)}, which does not exist (built in: ${builtInFeatureNames.join(", ")})`,
      );
    }
  }
}

/** What of a stage decides its results: no path of a machine, no output folder. */
function identityOf(spec: StageSpec, definition: Definition, context: SetupContext, place: string): SpecIdentity {
  const params = { ...(spec.params as Record<string, unknown>) };
  for (const name of (definition.places ?? []) as readonly string[]) delete params[name];
  const { resolvePath } = context;
  const files = definition.files?.(spec.params as never, { resolvePath, label: labelOf(spec), place }) ?? [];
  const digests = files.map((file) => {
    const path = context.resolvePath(file);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) {
      throw new RecipeError(`${place}: no file ${JSON.stringify(file)} in ${context.resolvePath(".")}`);
    }
    if (!found.isFile()) {
      const kind = found.isDirectory() ? "folder" : "device or pipe";
      throw new RecipeError(`${place}: found a ${kind} at ${JSON.stringify(file)}, expected a file`);
    }
    return createHash("sha256").update(readFileSync(path)).digest("hex");
  });
  const { name, as, module, version } = spec;
  const identity = { name, ...(as === undefined ? {} : { as }), code: codeOrigin(module), version, params };
  return digests.length === 0 ? identity : { ...identity, files: digests };
}

/** Where a recipe's sink writes, absolute. */
export function outDir(recipe: CheckedRecipe): string {
  const { dir } = recipe.sink.spec.params as { dir?: unknown };
  if (typeof dir === "string") return contextFor(recipe.baseDir, recipe.seed).resolvePath(dir);
  throw new RecipeError(
    `sink ${recipe.sink.spec.name}: expected a parameter "dir", the output folder, found ${typeof dir}`,
  );
}

/** What `setup`, `plan` and `open` get to know of their surroundings. */
export function contextFor(baseDir: string, seed: number): SetupContext {
  return { seed, resolvePath: (path) => (isAbsolute(path) ? path : resolve(baseDir, path)) };
}
