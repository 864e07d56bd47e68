/** What finds the main text of HTML: the engines of `extract-html`, each as one call. */
import extractHtml from "../../../stages/extract/html.ts";
import type { RawPage } from "../../document.ts";
import { RecipeError } from "../../errors.ts";
import { contextFor } from "../../recipe.ts";
import { type ExtractResult, z } from "../../stage.ts";

export interface Engine {
  readonly name: string;
  extract(page: RawPage): ExtractResult | Promise<ExtractResult>;
}

/** Names that `extract-html` takes as its `engine`. */
export function engineNames(): string[] {
  const { properties = {} } = z.toJSONSchema(extractHtml.params);
  const { enum: names, const: only } = properties.engine as { enum?: string[]; const?: string };
  return names ?? [only!];
}

/** The engines of these names, ready; all if none is named. */
export async function htmlEngines(names: readonly string[] = engineNames()): Promise<Engine[]> {
  const known = engineNames();
  const engines: Engine[] = [];
  for (const name of new Set(names)) {
    if (!known.includes(name))
      throw new RecipeError(`--engine: unknown engine ${JSON.stringify(name)} (extract-html has: ${known.join(", ")})`);
    const params = extractHtml.params.parse({ engine: name });
    const state = await extractHtml.setup!(params, contextFor(process.cwd(), 1));
    engines.push({ name, extract: (page) => extractHtml.extract(page, params, state) });
  }
  return engines;
}
