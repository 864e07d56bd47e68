/** The stages of a finished run, with the parameters that they had and those that are asked about. */
import { digestOf } from "../canonical.ts";
import { dedupOptionsOf } from "../dedup-options.ts";
import { RecipeError } from "../errors.ts";
import type { Manifest } from "../manifest.ts";
import type { MiddleDefinition, Registry } from "../recipe.ts";
import { definitionThatRan } from "../recorded-stage.ts";
import { labelOf, parseParams, thresholdsOf } from "../stage.ts";

export interface AskedStage {
  readonly index: number;
  readonly label: string;
  readonly definition: MiddleDefinition;
  /** Parameters of the run. */
  readonly own: unknown;
  /** Parameters that are asked about: the run's, unless the question changes them. */
  readonly asked: unknown;
  readonly isChanged: boolean;
}

/** One threshold of the question. */
export interface Change {
  readonly stage: string;
  readonly parameter: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** Pages that no extractor took are dropped in this name. */
const NO_EXTRACTOR = "extract";

/**
 * Loads the stages of a run and applies the question: values by `STAGE.PARAMETER`, `null` for a parameter that is left away.
 * Raises RecipeError for a question that a finished run cannot answer.
 */
export async function askStages(
  manifest: Manifest,
  question: ReadonlyMap<string, unknown>,
  registry: Registry,
): Promise<{ readonly stages: readonly AskedStage[]; readonly changes: readonly Change[] }> {
  const { identity, measured } = manifest;
  if (measured.stages === undefined) {
    throw new RecipeError("the run was made by a version that did not record its stages' parameters; run it again");
  }
  const labels = identity.stages.map(labelOf);
  expectDistinct(labels, manifest);
  const values = new Map(labels.map((label) => [label, new Map<string, unknown>()]));
  for (const [place, value] of question) {
    const label = labels.filter((one) => place.startsWith(`${one}.`)).sort((a, b) => b.length - a.length)[0];
    if (label === undefined) {
      throw new RecipeError(`${place}: found no such stage, expected STAGE.PARAMETER (stages: ${labels.join(", ")})`);
    }
    values.get(label)!.set(place.slice(label.length + 1), value);
  }
  const stages: AskedStage[] = [];
  const changes: Change[] = [];
  for (const [index, label] of labels.entries()) {
    const spec = measured.stages[index]!;
    const ran = await definitionThatRan(spec, identity.stages[index]!, label, registry.stages);
    const definition = ran as MiddleDefinition;
    expectReplayable(definition, label, spec.params);
    const asked = askParams(definition, label, spec.params as Record<string, unknown>, values.get(label)!);
    for (const parameter of values.get(label)!.keys()) {
      const from = (spec.params as Record<string, unknown>)[parameter];
      changes.push({ stage: label, parameter, from, to: (asked as Record<string, unknown>)[parameter] });
    }
    stages.push({
      index,
      label,
      definition,
      own: spec.params,
      asked,
      isChanged: digestOf(asked) !== digestOf(spec.params),
    });
  }
  return { stages, changes };
}

/** The ledger names stages by their labels. */
function expectDistinct(labels: readonly string[], { identity }: Manifest): void {
  const taken = new Set([identity.source.name, identity.sink.name, NO_EXTRACTOR]);
  for (const label of labels) {
    if (taken.has(label)) {
      throw new RecipeError(
        `two steps of the run are called "${label}", and its ledger does not tell them apart; give one another name with "as" and run again`,
      );
    }
    taken.add(label);
  }
}

/** What is decided otherwise than page by page from what the ledger holds cannot be decided again from it. */
function expectReplayable({ kind }: MiddleDefinition, label: string, params: unknown): void {
  const { keep, against } = dedupOptionsOf(params);
  const why =
    kind === "passages"
      ? "decides by the texts of all pages"
      : kind === "dedup" && keep !== "first"
        ? `with \`keep: ${keep}\` decides when it has seen all pages`
        : kind === "dedup" && against.length > 0
          ? "compares with the pages of earlier runs"
          : undefined;
  if (why === undefined) return;
  throw new RecipeError(`${label} ${why}, so what-if cannot replay it; run again: with a cache it costs little`);
}

function askParams(
  definition: MiddleDefinition,
  label: string,
  own: Record<string, unknown>,
  values: ReadonlyMap<string, unknown>,
): unknown {
  if (values.size === 0) return own;
  const thresholds = thresholdsOf(definition);
  const known = Object.keys((definition.params as { shape?: object }).shape ?? own);
  const asked = { ...own };
  for (const [name, value] of values) {
    if (!known.includes(name)) {
      throw new RecipeError(`${label}: no parameter "${name}" (it has: ${known.join(", ") || "none"})`);
    }
    if (!thresholds.includes(name)) {
      const when = definition.kind === "dedup" ? "pages are signed" : "pages are measured";
      throw new RecipeError(
        `needs a re-run: ${label}.${name} is read while ${when} (can be asked: ${thresholds.join(", ") || `nothing of ${label}`})`,
      );
    }
    if (value === null || value === undefined) delete asked[name];
    else asked[name] = value;
  }
  return parseParams(definition, asked, () => label);
}
