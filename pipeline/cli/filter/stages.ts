/** From `--use` and `--with` to checked stages: what a recipe says in a mapping, said on a command line. */
import { parse } from "yaml";
import { RecipeError } from "../../errors.ts";
import { findModule, loadDefinition, looksLikePath } from "../../modules.ts";
import { type Bound, checkRecipe, type MiddleDefinition, type Registry } from "../../recipe.ts";

/** How a command takes stages. */
export interface StageFlag {
  /** The flag that names them. */
  readonly flag: string;
  /** The name that a recipe would use. */
  readonly nameInRecipes?: (use: string) => string;
  /** Throws for a stage that the command has no use for. */
  readonly refuse: (definition: MiddleDefinition) => void;
  /** Parameters that flags of their own give: each to all stages that have one of these, and some must. */
  readonly given?: readonly { readonly flag: string; readonly params: readonly string[]; readonly value: unknown }[];
}

/** A stage as it was asked for. */
interface Used {
  readonly said: string;
  readonly use: string;
  readonly name: string;
  readonly with: Record<string, unknown>;
}

const ALONE: StageFlag = { flag: "--use", refuse: refuseOthers };

/** The stages that `uses` name (each holds one or several, between commas), with the parameters that `settings` give. */
export async function checkStages(
  uses: readonly string[],
  settings: readonly string[],
  registry: Registry,
  baseDir: string,
  { flag, nameInRecipes = (use) => use, refuse, given = [] }: StageFlag = ALONE,
): Promise<readonly Bound<MiddleDefinition>[]> {
  const used: Used[] = await Promise.all(
    uses
      .flatMap((names) => names.split(",").map((name) => name.trim()))
      .map(async (said) => {
        const use = nameInRecipes(said);
        return { said, use, name: await nameOf(use, baseDir, flag), with: {} };
      }),
  );
  for (const [n, { name }] of used.entries()) {
    if (name === "") throw new RecipeError(`${flag} ${uses.join(" ")}: expected names between commas, found none`);
    if (used.findIndex((other) => other.name === name) < n) {
      throw new RecipeError(`${flag}: "${name}" twice; expected each stage once (a recipe takes several, with \`as\`)`);
    }
  }
  const check = async () => {
    const recipe = {
      source: { use: "jsonl", with: { files: ["-"] } },
      stages: used.map(({ use, with: params }) => ({ use, with: params })),
      sink: { use: "jsonl", with: { dir: "." } },
    };
    const locate = (keys: readonly PropertyKey[]) => (keys.includes("with") ? "--with" : flag);
    return (await checkRecipe(recipe, { registry, baseDir, locate })).stages;
  };
  if (given.length > 0) {
    const stages = await check();
    for (const { flag, params, value } of given) {
      let isTaken = false;
      for (const [n, stage] of used.entries()) {
        const param = params.find((param) => param in shapeOf(stages[n]!.definition));
        if (param === undefined) continue;
        stage.with[param] = value;
        isTaken = true;
      }
      if (isTaken) continue;
      const names = used.map(({ said }) => said).join(", ");
      throw new RecipeError(`${flag}: found ${names}; expected a stage with the parameter ${params.join(" or ")}`);
    }
  }
  for (const setting of settings) {
    const { stage, param, value } = place(setting, used, flag);
    stage.with[param] = value;
  }
  const stages = await check();
  for (const { definition } of stages) refuse(definition);
  return stages;
}

/** Whose parameter a setting is: its stage's name stands before it, or there is one stage alone. */
function place(setting: string, used: readonly Used[], flag: string): { stage: Used; param: string; value: unknown } {
  const { target, value } = parseSetting(setting);
  if (used.length === 1 && !target.includes(".")) return { stage: used[0]!, param: target, value };
  const [found] = used
    .flatMap((stage) => [stage.said, stage.use, stage.name].map((prefix) => ({ stage, prefix })))
    .filter(({ prefix }) => target.startsWith(`${prefix}.`))
    .sort((a, b) => b.prefix.length - a.prefix.length);
  if (found === undefined) {
    const names = used.map(({ said }) => said).join(", ");
    throw new RecipeError(`--with ${setting}: expected a stage that ${flag} names (${names}), "." and a parameter`);
  }
  return { stage: found.stage, param: target.slice(found.prefix.length + 1), value };
}

function shapeOf({ params }: MiddleDefinition): object {
  return (params as { shape?: object }).shape ?? {};
}

/** A file's stage is called what its definition says; a built-in's name is what was typed. */
async function nameOf(use: string, baseDir: string, flag: string): Promise<string> {
  const module = looksLikePath(use) ? findModule(use, baseDir) : undefined;
  return module === undefined ? use : (await loadDefinition(module.href, flag)).name;
}

function parseSetting(setting: string): { target: string; value: unknown } {
  const equals = setting.indexOf("=");
  if (equals < 1) throw new RecipeError(`--with ${setting}: expected stage.param=value`);
  const text = setting.slice(equals + 1);
  const target = setting.slice(0, equals).trim();
  try {
    return { target, value: parse(text) };
  } catch {
    // A path may begin with what means something else to YAML: *.txt, @lists.
    return { target, value: text };
  }
}

function refuseOthers({ name, kind }: MiddleDefinition): void {
  if (kind === "dedup" || kind === "passages") {
    throw new RecipeError(`--use: "${name}" compares pages with each other; expected stages that look at one alone`);
  }
  if (kind === "extractor") {
    throw new RecipeError(`--use: "${name}" reads pages that have no text yet; expected stages that look at text`);
  }
}
