/** How pages are signed: what two runs must have in common before the signatures of one can be compared with the other's. */
import { canonicalJson } from "../canonical.ts";
import { dedupOptions } from "../dedup-options.ts";
import type { Bound } from "../recipe.ts";
import type { DedupDefinition } from "../stage.ts";

export interface Signing {
  /** Name of the definition that signs. */
  readonly stage: string;
  readonly code: string;
  readonly version: number;
  /** The parameters that signatures depend on: not those that only the index or the engine reads. */
  readonly params: Readonly<Record<string, unknown>>;
  /** SHA-256 of the files that signatures depend on. */
  readonly files: readonly string[];
}

/** How a stage of a recipe signs. */
export function signingOf({ definition, spec, identity }: Pick<Bound, "definition" | "spec" | "identity">): Signing {
  const { thresholds = [], places = [], signedBy } = definition as DedupDefinition;
  const others = new Set([...thresholds, ...places, ...Object.keys(dedupOptions)]);
  const params = Object.entries(signedBy?.(spec.params as never) ?? (spec.params as object)).filter(
    ([name, value]) => !others.has(name) && value !== undefined,
  );
  const { files = [], code, version, name } = identity;
  // Those of the indexes that pages are compared with come last; see `defineDedup`.
  const { against = [] } = spec.params as { against?: readonly string[] };
  return {
    stage: name,
    code,
    version,
    params: Object.fromEntries(params),
    files: files.slice(0, files.length - against.length),
  };
}

/** What differs between how an index was signed and how a stage signs, in words; none where they can be compared. */
export function signingDifferences(saved: Signing, own: Signing): string[] {
  if (saved.stage !== own.stage) return [`the index is of ${saved.stage}, the stage is ${own.stage}`];
  const differences: string[] = [];
  const tell = (what: string, there: unknown, here: unknown): void => {
    if (canonicalJson(there ?? null) === canonicalJson(here ?? null)) return;
    differences.push(`${what} is ${shown(there)} in the index, ${shown(here)} here`);
  };
  tell("version", saved.version, own.version);
  // Of a built-in stage the version tells whether it gives other results.
  if (!isBuiltIn(saved) || !isBuiltIn(own)) tell("code", saved.code, own.code);
  for (const name of new Set([...Object.keys(saved.params), ...Object.keys(own.params)])) {
    tell(name, saved.params[name], own.params[name]);
  }
  if (differences.length === 0) tell("what its files hold", saved.files, own.files);
  return differences;
}

function isBuiltIn({ code }: Signing): boolean {
  return code.startsWith("sluice@");
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "not set";
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
