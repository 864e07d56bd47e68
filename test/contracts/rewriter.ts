/** What every rewriter must do, whatever it rewrites. Its own test file adds what is particular to it. */
import assert from "node:assert/strict";
import test from "node:test";
import type { Document } from "../../pipeline/document.ts";
import { parseParams, type RewriterDefinition } from "../../pipeline/stage.ts";
import type { Verdict } from "../../pipeline/verdict.ts";
import { viewOf } from "../../pipeline/view.ts";
import { AWKWARD_TEXTS, checkThresholds, pageWith } from "./filter.ts";

export interface RewriterRun {
  readonly text: string;
  readonly verdict: Verdict;
  readonly scores: Readonly<Record<string, number>>;
}

/** Prepares a rewriter as a worker does; the returned function takes pages through it. */
export async function prepareRewriter(
  definition: RewriterDefinition,
  params: unknown = {},
): Promise<(page: Document | string) => RewriterRun> {
  const parsed = parseParams(definition, params, () => definition.name);
  const state = await definition.setup?.(parsed, { resolvePath: (path) => path, seed: 1 });
  return (page) => {
    const view = viewOf(typeof page === "string" ? pageWith(page) : page, definition.needs);
    const { text, scores } = definition.rewrite(view, parsed, state);
    return { text, scores, verdict: definition.keep(scores, parsed) };
  };
}

/**
 * Declares the tests that every rewriter passes, and one per case: text → the text it becomes, or the reason it is dropped
 * under.
 * @example
 * rewriterContract(cleanLines, {}, new Map([["a\nb c", { text: "b c" }], ["a", { reason: "too-much-removed" }]]));
 */
export function rewriterContract(
  definition: RewriterDefinition,
  params: unknown,
  cases: ReadonlyMap<string, { readonly text?: string; readonly reason?: string }>,
): void {
  const { name } = definition;
  const texts = [...cases.keys(), ...AWKWARD_TEXTS];

  test(`${name} rewrites and decides each case`, async () => {
    const run = await prepareRewriter(definition, params);
    for (const [before, expected] of cases) {
      const { text, verdict, scores } = run(before);
      const found = verdict.kept ? null : verdict.reason;
      assert.equal(found, expected.reason ?? null, `${JSON.stringify(before)} scored ${JSON.stringify(scores)}`);
      if (expected.text !== undefined) assert.equal(text, expected.text);
    }
  });

  test(`${name} gives text, finite numbers and a kebab-case reason for every page, even an awkward one`, async () => {
    const run = await prepareRewriter(definition, params);
    for (const before of texts) {
      const { text, scores, verdict } = run(before);
      assert.equal(typeof text, "string");
      for (const [key, value] of Object.entries(scores)) {
        assert.ok(Number.isFinite(value), `${name}.${key} is ${value} for ${JSON.stringify(before.slice(0, 60))}`);
      }
      if (!verdict.kept) assert.match(verdict.reason, /^[a-z0-9]+(-[a-z0-9]+)*$/);
    }
  });

  test(`${name} says the same twice, in any order, and leaves its input alone`, async () => {
    const forwards = texts.map(await prepareRewriter(definition, params));
    // The pages are frozen: an edit in place would throw.
    const backwards = texts
      .toReversed()
      .map(await prepareRewriter(definition, params))
      .toReversed();
    assert.deepEqual(backwards, forwards);
  });

  test(`${name} judges scores alone, and its thresholds are read by nothing else`, async () => {
    const parsed = parseParams(definition, params, () => name);
    const run = await prepareRewriter(definition, params);
    for (const before of texts) {
      const { scores, verdict } = run(before);
      assert.deepEqual(definition.keep(JSON.parse(JSON.stringify(scores)), parsed), verdict);
    }
    await checkThresholds(definition, params, texts);
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
