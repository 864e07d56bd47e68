/** From `--use` and `--with` to checked stages: what a recipe says in a mapping, said on a command line. */
import { parse } from "yaml";
import { RecipeError } from "../../errors.ts";
import { findModule, loadDefinition, looksLikePath } from "../../modules.ts";
import { type Bound, checkRecipe, type MiddleDefinition, type Registry } from "../../recipe.ts";

/** The stages that `uses` name (each holds one or several, between commas), with the parameters that `settings` give. */
export async function checkStages(
  uses: readonly string[],
  settings: readonly string[],
  registry: Registry,
  baseDir: string,
): Promise<readonly Bound<MiddleDefinition>[]> {
  const used = await Promise.all(
    uses
      .flatMap((names) => names.split(",").map((name) => name.trim()))
      .map(async (use) => ({ use, name: await nameOf(use, baseDir), with: {} as Record<string, unknown> })),
  );
  for (const [n, { name }] of used.entries()) {
    if (name === "") throw new RecipeError(`--use ${uses.join(" ")}: expected names between commas, found none`);
    if (used.findIndex((other) => other.name === name) < n) {
      throw new RecipeError(`--use: "${name}" twice; expected each stage once (a recipe takes several, with \`as\`)`);
    }
  }
  for (const setting of settings) {
    const { target, value } = parseSetting(setting);
    const stage = used
      .filter(({ use, name }) => target.startsWith(`${name}.`) || target.startsWith(`${use}.`))
      .sort((a, b) => b.name.length - a.name.length)[0];
    if (stage === undefined) {
      const names = used.map(({ name }) => name).join(", ");
      throw new RecipeError(`--with ${setting}: expected a stage that --use names (${names}), "." and a parameter`);
    }
    const prefix = target.startsWith(`${stage.use}.`) ? stage.use : stage.name;
    stage.with[target.slice(prefix.length + 1)] = value;
  }
  const recipe = {
    source: { use: "jsonl", with: { files: ["-"] } },
    stages: used.map(({ use, with: params }) => ({ use, with: params })),
    sink: { use: "jsonl", with: { dir: "." } },
  };
  const locate = (keys: readonly PropertyKey[]) => (keys.includes("with") ? "--with" : "--use");
  const { stages } = await checkRecipe(recipe, { registry, baseDir, locate });
  for (const { definition } of stages) refuseOthers(definition);
  return stages;
}

/** A file's stage is called what its definition says; a built-in's name is what was typed. */
async function nameOf(use: string, baseDir: string): Promise<string> {
  const module = looksLikePath(use) ? findModule(use, baseDir) : undefined;
  return module === undefined ? use : (await loadDefinition(module.href, "--use")).name;
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
