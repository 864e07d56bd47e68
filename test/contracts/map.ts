/** What every map must do, whatever it makes of a page. Its own test file adds what is particular to it. */
import assert from "node:assert/strict";
import test from "node:test";
import type { Document } from "../../pipeline/document.ts";
import { type MapDefinition, parseParams } from "../../pipeline/stage.ts";
import { type Dropped, isDropped } from "../../pipeline/verdict.ts";
import { AWKWARD_TEXTS, pageWith } from "./filter.ts";

/** The pages that a map makes of a page, or its drop, as the engine asks for them. */
export async function runMap(
  definition: MapDefinition,
  params: unknown,
  page: Document,
  seed = 1,
): Promise<readonly Document[] | Dropped> {
  const parsed = parseParams(definition, params, () => definition.name);
  const state = await definition.setup?.(parsed, { resolvePath: (path) => path, seed });
  const result = await definition.map(page, parsed, state);
  return isDropped(result) ? result : Array.isArray(result) ? result : [result as Document];
}

/**
 * Declares the tests that every map passes, on awkward texts and those given.
 * @example
 * mapContract(shuffleWords, { share: 1 }, ["one two three"]);
 */
export function mapContract(definition: MapDefinition, params: unknown, texts: readonly string[]): void {
  const { name } = definition;
  const all = [...texts, ...AWKWARD_TEXTS];

  test(`${name} gives pages with text and plain tags, the same ones twice, and leaves its input alone`, async () => {
    for (const [n, text] of all.entries()) {
      // The page is frozen: an edit in place would throw.
      const page = pageWith(text, { id: n.toString(16).padStart(32, "0") });
      const made = await runMap(definition, params, page);
      assert.deepEqual(await runMap(definition, params, page), made);
      if (isDropped(made)) continue;
      assert.ok(made.length > 0, "a map that has no page left drops it for a reason");
      for (const { text, tags, url, date } of made) {
        for (const field of [text, url, date]) assert.equal(typeof field, "string");
        for (const tag of Object.values(tags)) assert.match(typeof tag, /^(string|number|boolean)$/);
      }
    }
  });

  test(`${name} is named by a spec that survives JSON`, async () => {
    const make = definition as unknown as (params: unknown) => { module: string; params: unknown };
    const spec = JSON.parse(JSON.stringify(make(params)));
    assert.deepEqual(spec, make(params), "parameters must be plain data");
    const module = (await import(spec.module)) as { default: unknown };
    assert.equal(module.default, definition, "module must be import.meta.url and its default export the definition");
  });

  test(`${name} describes every parameter`, () => {
    const shape = (definition.params as unknown as { shape?: Record<string, { description?: string }> }).shape ?? {};
    for (const [key, schema] of Object.entries(shape)) assert.ok(schema.description, `${name}.${key}: add .describe()`);
  });
}
