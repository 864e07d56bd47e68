/** From how a config names verifiers to their code, parameters and what of both decides scores. */
import { RecipeError } from "../../../pipeline/errors.ts";
import { codeOrigin, findModule, looksLikePath } from "../../../pipeline/modules.ts";
import { parseParams } from "../../../pipeline/stage.ts";
import { verifiers as builtIn } from "../verifiers/index.ts";
import type { VerifierDefinition, VerifierSpec } from "../verifiers/verifier.ts";
import { loadVerifier } from "./load-verifier.ts";
import type { Share } from "./rewards.ts";

/** `{ use: numeric, with: { field: answer } }`, checked for its form. */
export interface Use {
  readonly use: string;
  readonly with?: Readonly<Record<string, unknown>> | undefined;
  readonly as?: string | undefined;
  readonly weight?: number | undefined;
  readonly gate?: boolean | undefined;
}

/** A verifier that has been found and checked. */
export interface BoundVerifier extends Share {
  readonly spec: VerifierSpec;
  readonly definition: VerifierDefinition;
  /** Runs where it can be ended: a user's own, and patterns. */
  readonly apart: boolean;
  /** What of it decides rewards, without any path of a machine. */
  readonly identity: Readonly<Record<string, unknown>>;
}

/** It becomes part of a metric's name. */
const LABEL = /^[a-z0-9][a-z0-9._-]{0,99}$/;

/**
 * Finds the verifiers of a config. A name is built in; a path is a user's own, relative to `baseDir`; else it is a
 * package. `place` says where the config has the list: `grpo.yaml:12: verify`. Raises RecipeError.
 */
export async function resolveVerifiers(
  uses: readonly Use[],
  { baseDir, place }: { readonly baseDir: string; readonly place: string },
): Promise<readonly BoundVerifier[]> {
  const bound: BoundVerifier[] = [];
  for (const [i, use] of uses.entries()) bound.push(await bind(use, baseDir, `${place}[${i}]`));
  for (const [i, { label }] of bound.entries()) {
    const other = bound.findIndex((one) => one.label === label);
    if (other === i) continue;
    throw new RecipeError(
      `${place}[${i}]: ${place}[${other}] is called "${label}", too; give one of them a name with "as"`,
    );
  }
  if (!bound.some(({ gate }) => !gate)) {
    throw new RecipeError(
      `${place}: ${bound.length === 0 ? "no verifier" : "all are gates, which earn nothing"}; expected one that scores`,
    );
  }
  return bound;
}

async function bind(use: Use, baseDir: string, place: string): Promise<BoundVerifier> {
  const definition = await findVerifier(use.use, baseDir, place);
  const { name, module, version } = definition;
  const { as, weight = 1, gate = false } = use;
  const label = as ?? name;
  if (!LABEL.test(label)) {
    throw new RecipeError(
      `${place}: a verifier is called ${JSON.stringify(label)}; expected lower-case letters, digits, "-", "_" and ".", 100 at most`,
    );
  }
  const params = parseParams(definition, use.with, () => `${place}: ${name}`);
  return {
    label,
    weight,
    gate,
    spec: { name, module, version, params },
    definition,
    apart: definition.mayHang === true || builtIn[use.use] !== definition,
    identity: { name, label, code: codeOrigin(module), version, params, weight, gate },
  };
}

async function findVerifier(use: string, baseDir: string, place: string): Promise<VerifierDefinition> {
  if (Object.hasOwn(builtIn, use)) return builtIn[use]!;
  const module = findModule(use, baseDir);
  if (module !== undefined) return await loadVerifier(module.href, place);
  throw new RecipeError(
    looksLikePath(use)
      ? `${place}: no file ${JSON.stringify(use)} in ${baseDir}`
      : `${place}: unknown verifier ${JSON.stringify(use)} (built in: ${Object.keys(builtIn).join(", ")}; a file of yours begins with ./)`,
  );
}
