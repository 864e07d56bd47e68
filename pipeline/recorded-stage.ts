/** From what a manifest records of a stage to the code that ran. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { RecipeError } from "./errors.ts";
import { codeOrigin, loadDefinition } from "./modules.ts";
import type { Registry, SpecIdentity } from "./recipe.ts";
import type { Definition, StageSpec } from "./stage.ts";

/** Raises RecipeError where the code is gone, or is another one. `builtIn` are the built-in stages of its kind. */
export async function definitionThatRan(
  spec: StageSpec,
  identity: SpecIdentity,
  label: string,
  builtIn: Registry[keyof Registry],
): Promise<Definition> {
  const isBuiltIn = identity.code.startsWith("sluice@") && Object.hasOwn(builtIn, identity.name);
  const definition = isBuiltIn
    ? (await builtIn[identity.name]!()).default
    : await userDefinition(spec, identity, label);
  // Of a built-in stage the version tells whether it gives other results; that it gives the run's own is seen page by page.
  if (definition.version === identity.version) return definition;
  throw new RecipeError(
    `${label}: the run used version ${identity.version} of ${identity.name}, found version ${definition.version}; run again`,
  );
}

async function userDefinition(spec: StageSpec, identity: SpecIdentity, label: string): Promise<Definition> {
  const file = fileURLToPath(spec.module);
  if (!existsSync(file))
    throw new RecipeError(`${label}: ${file}, which the run used, is gone; put it back or run again`);
  if (codeOrigin(spec.module) !== identity.code) {
    throw new RecipeError(
      `${label}: ${file}, or what it imports, is not what the run used (found ${codeOrigin(spec.module).slice(0, 15)}…, expected ${identity.code.slice(0, 15)}…); run again`,
    );
  }
  return await loadDefinition(spec.module, label);
}
