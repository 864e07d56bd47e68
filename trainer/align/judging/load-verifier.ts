import { RecipeError } from "../../../pipeline/errors.ts";
import { loadDefault } from "../../../pipeline/modules.ts";
import type { VerifierDefinition } from "../verifiers/verifier.ts";

/** Imports a module and returns the verifier that is its default export. */
export async function loadVerifier(module: string, place: string): Promise<VerifierDefinition> {
  const { exported, file } = await loadDefault(module, place);
  const found = exported as Partial<VerifierDefinition> | null | undefined;
  if (found?.kind !== "verifier") {
    throw new RecipeError(
      `${place}: the default export of ${file} is ${exported === undefined ? "missing" : `a ${found?.kind ?? typeof exported}`}; expected a verifier made by defineVerifier`,
    );
  }
  // Whoever writes JavaScript has no compiler that asks for them.
  const missing = (["name", "module", "version", "params", "verify"] as const).find(
    (part) => found[part] === undefined,
  );
  if (missing !== undefined) {
    throw new RecipeError(`${place}: the verifier in ${file} lacks "${missing}", which defineVerifier needs`);
  }
  return found as VerifierDefinition;
}
