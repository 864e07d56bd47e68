/** From `--method` and its settings to checked stages. */
import { type DedupOptions, dedupOptionsOf, type KeepPolicy } from "../../dedup-options.ts";
import { RecipeError } from "../../errors.ts";
import { findModule, looksLikePath } from "../../modules.ts";
import type { Bound, MiddleDefinition, Registry } from "../../recipe.ts";
import type { DedupDefinition, Definition, PassagesDefinition } from "../../stage.ts";
import { checkStages } from "../filter/stages.ts";

export type Method = Bound<DedupDefinition | PassagesDefinition>;

/** What names of stages end in; a method's name is what stands before. */
const ENDING = "-dedup";

export interface Settings {
  /** Method names, stage names and ./file.ts, between commas. */
  readonly method: string;
  readonly with?: readonly string[];
  readonly threshold?: number;
  readonly keep?: string;
  readonly config?: string;
  readonly verify?: boolean;
}

export async function checkMethods(settings: Settings, registry: Registry, baseDir: string): Promise<Method[]> {
  const { method, threshold, keep, config, verify } = settings;
  const isContainment = settings.with?.some((setting) => /^(.*\.)?measure\s*=\s*containment\s*$/.test(setting));
  const given = [
    {
      flag: "--threshold",
      params: [isContainment === true ? "minContainment" : "minJaccard", "threshold"],
      value: threshold,
    },
    { flag: "--keep", params: ["keep"], value: keep },
    { flag: "--config", params: ["config"], value: config },
    // With the flag left away, a setting may still say so.
    { flag: "--no-verify", params: ["verify"], value: verify === false ? false : undefined },
  ].filter(({ value }) => value !== undefined);
  await expectKnown(method, registry, baseDir);
  const bounds = await checkStages([method], settings.with ?? [], registry, baseDir, {
    flag: "--method",
    nameInRecipes: (name) => stageName(name, registry),
    refuse: refuseOthers,
    given,
  });
  for (const bound of bounds) refuseOfRuns(bound);
  return bounds as Method[];
}

function stageName(method: string, { stages }: Registry): string {
  return Object.hasOwn(stages, method + ENDING) ? method + ENDING : method;
}

/** What pairs and counts call it. */
export function methodName({ spec }: Pick<Method, "spec">): string {
  return shortened(spec.name);
}

function shortened(name: string): string {
  return name.endsWith(ENDING) ? name.slice(0, -ENDING.length) : name;
}

/** Checked here first: of a recipe's stages a command that compares documents has use for few. */
async function expectKnown(method: string, registry: Registry, baseDir: string): Promise<void> {
  const isKnown = (name: string) =>
    Object.hasOwn(registry.stages, stageName(name, registry)) ||
    looksLikePath(name) ||
    findModule(name, baseDir) !== undefined;
  const names = method.split(",").map((name) => name.trim());
  const unknown = names.find((name) => name !== "" && !isKnown(name));
  if (unknown === undefined) return;
  const definitions = await Promise.all(Object.values(registry.stages).map(async (load) => (await load()).default));
  const known = definitions.filter(({ kind }) => isComparing(kind)).map(({ name }) => shortened(name));
  throw new RecipeError(
    `--method: unknown method ${JSON.stringify(unknown)} (built in: ${known.join(", ")}; a file of yours begins with ./)`,
  );
}

function isComparing(kind: Definition["kind"]): boolean {
  return kind === "dedup" || kind === "passages";
}

function refuseOthers({ name, kind }: MiddleDefinition): void {
  if (isComparing(kind)) return;
  throw new RecipeError(
    `--method: "${name}" looks at one document alone; expected a stage that compares documents (sluice filter has the others)`,
  );
}

/** What only a run has: indexes in output folders, and scores of other stages. */
function refuseOfRuns({ spec }: Bound<MiddleDefinition>): void {
  const { against = [], saveIndex = false, bestBy } = spec.params as Partial<DedupOptions>;
  if (bestBy !== undefined)
    throw new RecipeError(`--with ${spec.name}.bestBy: expected --best-by and a field of the rows`);
  if (against.length === 0 && !saveIndex) return;
  const name = saveIndex ? "saveIndex" : "against";
  throw new RecipeError(`--with ${spec.name}.${name}: belongs to runs of recipes, which keep indexes; leave it out`);
}

/**
 * Methods that compare whole documents decide together where they follow one another; those that cut passages are alone.
 * Raises RecipeError where methods that decide together keep different documents.
 */
export function groupsOf(methods: readonly Method[]): Method[][] {
  const groups: Method[][] = [];
  let pages: Method[] | undefined;
  for (const method of methods) {
    const isAlone = method.definition.kind === "passages";
    if (pages !== undefined && !isAlone) pages.push(method);
    else {
      groups.push([method]);
      pages = isAlone ? undefined : groups.at(-1);
    }
  }
  for (const [first, ...others] of groups) {
    const other = others.find((method) => keepOf(method) !== keepOf(first!));
    if (other === undefined) continue;
    throw new RecipeError(
      `--method: ${methodName(first!)} keeps the ${keepOf(first!)} of like documents, and ${methodName(other)} the ${keepOf(other)}; expected the same of both: they decide together`,
    );
  }
  return groups;
}

/** Which of like documents stays. */
export function keepOf({ spec }: Method): KeepPolicy {
  return dedupOptionsOf(spec.params).keep;
}
