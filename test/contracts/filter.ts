/** What every filter must do, whatever it measures. Its own test file adds what is particular to it. */
import assert from "node:assert/strict";
import test from "node:test";
import type { Document } from "../../pipeline/document.ts";
import { type FilterDefinition, parseParams, type RewriterDefinition, thresholdsOf } from "../../pipeline/stage.ts";
import type { Verdict } from "../../pipeline/verdict.ts";
import { viewOf } from "../../pipeline/view.ts";

/** A frozen page with this text. */
export function pageWith(text: string, fields: Partial<Document> = {}): Document {
  return deepFreeze({
    id: "0123456789abcdef0123456789abcdef",
    url: "https://example.org/page",
    date: "2024-01-02T03:04:05Z",
    source: { file: "test.warc.gz", offset: 0, length: 1 },
    text,
    tags: {},
    ...fields,
  });
}

/** Pages that have broken filters before; whatever they say, they must say it. */
export const AWKWARD_TEXTS: readonly string[] = [
  "",
  " ",
  "\n",
  "\n\n\n",
  "\0\0\0",
  "a",
  ".",
  "\ud800",
  "\udc00\ud800 word \udfff",
  "👩‍👩‍👧‍👦 👩‍👩‍👧‍👦",
  "مرحبا بالعالم שלום עולם",
  "今天天气很好我们去公园散步吧",
  "\u2028\u2029\u0085\v\f",
  "#".repeat(500),
  "…".repeat(500),
  "x".repeat(5000),
  "- a\n".repeat(300),
];

export interface FilterRun {
  readonly verdict: Verdict;
  readonly scores: Readonly<Record<string, number>>;
}

/** Runs one filter over one page, as the engine does. */
export async function runFilter(definition: FilterDefinition, params: unknown, page: Document): Promise<FilterRun> {
  const parsed = parseParams(definition, params, () => definition.name);
  const state = await definition.setup?.(parsed, { resolvePath: (path) => path, seed: 1 });
  return runPrepared(definition, parsed, state, page);
}

function runPrepared(definition: FilterDefinition, params: unknown, state: unknown, page: Document): FilterRun {
  const scores = definition.score(viewOf(page, definition.needs), params, state);
  return { scores, verdict: definition.keep(scores, params) };
}

/**
 * Declares the tests that every filter passes, and one per case: text → the reason it is dropped under, or null where it
 * is kept.
 * @example
 * filterContract(minWords, { min: 2 }, new Map([["one", "too-few-words"], ["one two", null]]));
 */
export function filterContract(
  definition: FilterDefinition,
  params: unknown,
  cases: ReadonlyMap<string, string | null>,
): void {
  const { name } = definition;
  const texts = [...cases.keys(), ...AWKWARD_TEXTS];
  const prepare = async () => {
    const parsed = parseParams(definition, params, () => name);
    const state = await definition.setup?.(parsed, { resolvePath: (path) => path, seed: 1 });
    return (text: string) => runPrepared(definition, parsed, state, pageWith(text));
  };

  test(`${name} decides each case for its reason`, async () => {
    const run = await prepare();
    for (const [text, reason] of cases) {
      const { verdict, scores } = run(text);
      assert.equal(verdict.kept ? null : verdict.reason, reason, `${shorten(text)} scored ${JSON.stringify(scores)}`);
    }
  });

  test(`${name} gives finite numbers and a kebab-case reason for every page, even an awkward one`, async () => {
    const run = await prepare();
    for (const text of texts) {
      const { scores, verdict } = run(text);
      for (const [key, value] of Object.entries(scores)) {
        assert.ok(Number.isFinite(value), `${name}.${key} is ${value} for ${shorten(text)}`);
      }
      if (verdict.kept) continue;
      assert.match(verdict.reason, /^[a-z0-9]+(-[a-z0-9]+)*$/);
      if (verdict.value !== undefined) assert.ok(Number.isFinite(verdict.value), `value for ${shorten(text)}`);
    }
  });

  test(`${name} says the same twice, in any order, and leaves its input alone`, async () => {
    const run = await prepare();
    const forwards = texts.map(run);
    const again = await prepare();
    // The pages are frozen: an edit in place would throw here.
    const backwards = texts.toReversed().map(again).toReversed();
    assert.deepEqual(backwards, forwards);
  });

  test(`${name} judges scores alone: they may come from a finished run's ledger`, async () => {
    const run = await prepare();
    const parsed = parseParams(definition, params, () => name);
    for (const text of texts) {
      const { scores, verdict } = run(text);
      assert.deepEqual(definition.keep(JSON.parse(JSON.stringify(scores)), parsed), verdict);
    }
  });

  test(`${name} measures the same whatever its thresholds are`, () => checkThresholds(definition, params, texts));

  test(`${name} is named by a spec that survives JSON`, async () => {
    const make = definition as unknown as (params: unknown) => { name: string; module: string; params: unknown };
    const spec = JSON.parse(JSON.stringify(make(params)));
    assert.deepEqual(spec, make(params), "parameters must be plain data");
    assert.deepEqual(
      parseParams(definition, spec.params, () => name),
      spec.params,
      "parsing twice changes nothing",
    );
    const module = (await import(spec.module)) as { default: unknown };
    assert.equal(module.default, definition, "module must be import.meta.url and its default export the definition");
  });

  test(`${name} describes every parameter`, () => {
    const shape = (definition.params as unknown as { shape?: Record<string, { description?: string }> }).shape ?? {};
    for (const [key, schema] of Object.entries(shape)) assert.ok(schema.description, `${name}.${key}: add .describe()`);
  });
}

/**
 * What `sluice what-if` relies on: parameters that a stage calls thresholds are read by `keep` alone, neither while pages are
 * measured nor by `setup` or `tags`.
 */
export async function checkThresholds(
  definition: FilterDefinition | RewriterDefinition,
  params: unknown,
  texts: readonly string[],
): Promise<void> {
  const { name } = definition;
  const thresholds = thresholdsOf(definition);
  const parsed = parseParams(definition, params, () => name) as object;
  const shape = (definition.params as unknown as { shape?: object }).shape ?? {};
  for (const threshold of thresholds) assert.ok(threshold in shape, `${name}: thresholds names "${threshold}"`);
  const read = new Set<PropertyKey>();
  const watched = new Proxy(parsed, {
    get: (target, key) => {
      read.add(key);
      return Reflect.get(target, key);
    },
    ownKeys: () => assert.fail(`${name} takes all parameters at once: name those that it measures with`),
  });
  const state = await definition.setup?.(watched, { resolvePath: (path) => path, seed: 1 });
  for (const text of texts) {
    const view = viewOf(pageWith(text), definition.needs);
    const scores =
      definition.kind === "filter"
        ? definition.score(view, watched, state)
        : definition.rewrite(view, watched, state).scores;
    definition.tags?.(scores, watched);
  }
  for (const threshold of thresholds) assert.ok(!read.has(threshold), `${name}: "${threshold}" is read beside keep`);
}

function shorten(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (typeof inner === "object" && inner !== null) deepFreeze(inner);
  return Object.freeze(value);
}
