/**
 * What holds of every deduplication stage. `judgePages` is the engine's protocol in its plainest form: every page is
 * signed, then judged in input order, and only pages that stay are added.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Document } from "../../pipeline/document.ts";
import {
  type DedupDefinition,
  type PageView,
  parseParams,
  type Signature,
  type StageSpec,
  thresholdsOf,
} from "../../pipeline/stage.ts";

/** What became of one page: `undefined` if it stays, else which page of the input it repeats. */
export type Judgement = { readonly twin: number; readonly reason: string; readonly similarity: number } | undefined;

const NO_CONTEXT = { seed: 1, resolvePath: (path: string) => path };

/** Makes the stage's signing function the way a worker does: from a spec, with a state of its own. */
export async function openSigner(
  definition: DedupDefinition,
  spec: StageSpec,
): Promise<(text: string) => Signature | null> {
  const params = parseParams(definition, spec.params, () => spec.name);
  const state = await definition.setup?.(params, NO_CONTEXT);
  return (text) => definition.sign(viewOf(text), params, state);
}

/** Signs and judges the texts in order. */
export async function judgePages(
  definition: DedupDefinition,
  spec: StageSpec,
  texts: readonly string[],
): Promise<Judgement[]> {
  const sign = await openSigner(definition, spec);
  return judgeSignatures(definition, spec, texts.map(sign));
}

/** The main thread's half: pages without a signature stay, and are not added. */
export function judgeSignatures(
  definition: DedupDefinition,
  spec: StageSpec,
  signatures: readonly (Signature | null)[],
  index = definition.openIndex(spec.params),
): Judgement[] {
  const added: number[] = [];
  return signatures.map((signature, page) => {
    if (signature === null) return undefined;
    const evidence = (n?: number) => signatures[n === undefined ? page : added[n]!]!.evidence!;
    const found = index.find(signature.keys, evidence);
    if (found !== undefined) return { ...found, twin: added[found.twin]! };
    index.add(signature.keys);
    added.push(page);
    return undefined;
  });
}

/** `pages`: texts with, for each, the number of the page it is dropped for and the reason, or `null` if it is kept. */
export function dedupContract(
  title: string,
  definition: DedupDefinition,
  spec: StageSpec,
  pages: readonly (readonly [text: string, verdict: readonly [twin: number, reason: string] | null])[],
): void {
  const texts = pages.map(([text]) => text);

  test(`${title}: pages are kept and dropped as listed`, async () => {
    const verdicts = (await judgePages(definition, spec, texts)).map((j) => (j ? [j.twin, j.reason] : null));
    assert.deepEqual(
      verdicts,
      pages.map(([, verdict]) => verdict),
    );
  });

  test(`${title}: a spec that went through JSON signs the same, on another worker and in another order`, async () => {
    const here = await openSigner(definition, spec);
    const there = await openSigner(definition, JSON.parse(JSON.stringify(spec)));
    const signed = texts.map(here);
    const reversed = texts.toReversed().map(there).toReversed();
    assert.deepEqual(reversed, signed);
    assert.deepEqual(texts.map(here), signed, "signing must not write into signatures given away before");
  });

  test(`${title}: signatures survive the way to the main thread and have keys of one length`, async () => {
    const signed = texts.map(await openSigner(definition, spec)).filter((signature) => signature !== null);
    assert.ok(signed.every(({ keys }) => keys.length === signed[0]!.keys.length));
    for (const signature of signed) assert.deepEqual(structuredClone(signature), signature);
  });

  test(`${title}: evidence may lie anywhere in the bytes read back`, async () => {
    const signed = texts.map(await openSigner(definition, spec));
    const moved = signed.map((signature) =>
      signature?.evidence ? { ...signature, evidence: shifted(signature.evidence) } : signature,
    );
    assert.deepEqual(judgeSignatures(definition, spec, moved), judgeSignatures(definition, spec, signed));
  });

  test(`${title}: the second of two equal pages goes, unless it has no signature`, async () => {
    const sign = await openSigner(definition, spec);
    for (const text of texts) {
      const [first, second] = await judgePages(definition, spec, [text, text]);
      assert.equal(first, undefined);
      assert.equal(second?.similarity, sign(text) === null ? undefined : 1);
    }
  });

  test(`${title}: only added pages are ever named`, async () => {
    const signed = texts.map(await openSigner(definition, spec)).filter((signature) => signature !== null);
    const index = definition.openIndex(spec.params);
    for (const { keys, evidence } of signed) {
      assert.equal(
        index.find(keys, () => evidence!),
        undefined,
        "nothing was added",
      );
    }
  });

  test(`${title}: thresholds are read by the index alone, so that a finished run can be asked for others`, async () => {
    const params = parseParams(definition, spec.params, () => spec.name) as object;
    const read = new Set<PropertyKey>();
    const watched = new Proxy(params, {
      get: (target, key) => {
        read.add(key);
        return Reflect.get(target, key);
      },
      ownKeys: () => assert.fail(`${title} takes all parameters at once: name those that it signs with`),
    });
    const state = await definition.setup?.(watched, NO_CONTEXT);
    for (const text of texts) definition.sign(viewOf(text), watched, state);
    for (const threshold of thresholdsOf(definition)) {
      assert.ok(threshold in params, `thresholds names "${threshold}"`);
      assert.ok(!read.has(threshold), `"${threshold}" is read beside the index`);
    }
  });

  test(`${title}: pages without a key in common never meet, and room is told for the others`, async () => {
    const signed = texts.map(await openSigner(definition, spec)).filter((signature) => signature !== null);
    const { keyWords } = definition;
    assert.ok(keyWords !== undefined && signed.every(({ keys }) => keys.length % keyWords === 0));
    const index = definition.openIndex(spec.params);
    const { keys, evidence } = signed[0]!;
    const room = index.room?.(keys) ?? 0;
    // As if many other pages were there: alike in all words, but moved to other places.
    for (let n = 0; n < 100; n++) index.add(keys.map((_, i) => (keys[(i + keyWords) % keys.length]! + n + 1) >>> 0));
    assert.equal(
      index.find(keys, () => assert.fail("asked for evidence of a stranger")),
      undefined,
    );
    assert.equal(index.room?.(keys) ?? 0, room);
    index.add(keys);
    const left = index.room?.(keys) ?? 0;
    assert.equal(left, room === Infinity ? room : room - 1);
    for (let n = 0; n < Math.min(left, 100); n++) index.add(keys);
    assert.equal(index.find(keys, () => evidence!)?.twin, 100, "the first that was added is still found");
  });

  test(`${title}: no pages, an empty page and hostile text do no harm`, async () => {
    assert.deepEqual(await judgePages(definition, spec, []), []);
    const sign = await openSigner(definition, spec);
    for (const text of HOSTILE_TEXTS) assert.doesNotThrow(() => sign(text));
  });

  test(`${title}: the index says what it holds`, async () => {
    const index = definition.openIndex(spec.params);
    const { keys } = texts.map(await openSigner(definition, spec)).find((signature) => signature !== null)!;
    const before = index.bytes;
    assert.ok(before > 0);
    for (let n = 0; n < 3000; n++) index.add(keys.map((word) => (word + Math.imul(n, 0x9e3779b1)) >>> 0));
    assert.ok(index.bytes > before);
  });
}

/** Texts that break careless scanners: lone surrogates, control characters, characters that grow in lower case. */
export const HOSTILE_TEXTS: readonly string[] = [
  "",
  " \n\t\0",
  "\ud800",
  "a\udc00 b\ud800 c\ud800d \ud83d\ude00 e",
  "İSTANBUL İ İ İ İ ΑΣ ΑΣΣ Σ ΣΑ",
  "\u{10400}\u{10428} \u{1d7d8}\u{1d7d9} \u{20000}\u{2a6d6}",
  "e\u0301te\u0301 \u0915\u093f\u0924\u093e\u092c \u200b\u200d\ufeff",
  "_ __ a_b ª º ² ½ Ⅷ ⅷ Ⓐ K Å ſ ß ẞ",
];

/** Jaccard similarity of two sets; 0 if both are empty. */
export function setJaccard(a: ReadonlySet<unknown>, b: ReadonlySet<unknown>): number {
  let shared = 0;
  for (const element of a) if (b.has(element)) shared++;
  return shared === 0 ? 0 : shared / (a.size + b.size - shared);
}

function viewOf(text: string): PageView {
  const page: Document = Object.freeze({
    id: "0".repeat(32),
    url: "http://example.org/",
    date: "",
    source: { file: "", offset: 0, length: 0 },
    text,
    tags: {},
  });
  return Object.freeze({ page, text, url: page.url, tags: page.tags });
}

function shifted(bytes: Uint8Array): Uint8Array {
  const roomier = new Uint8Array(bytes.length + 1);
  roomier.set(bytes, 1);
  return roomier.subarray(1);
}
