import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import {
  costsOf,
  coverageOf,
  curationSeconds,
  funnelOf,
  type Rates,
  sampleDifferences,
  scoreHistograms,
} from "../../../eval/accounts/index.ts";
import { keptPages } from "../../../eval/accounts/kept-pages.ts";
import { run } from "../../../index.ts";
import type { Manifest } from "../../../pipeline/manifest.ts";
import { loadTokenizer } from "../../../tokenizer/load.ts";
import { openLedger } from "../../engine/ask-ledger.ts";
import { prose, tempDir } from "../../engine/harness.ts";

const GERMAN =
  "Der Fluss trägt den Sand, und wo er langsam wird, bleibt das Gold liegen, sagten die Leute aus dem Dorf am Ufer. ";
/** As crawls have them: some of these are no URLs at all. */
const URLS = [
  "https://example.org/1",
  "HTTP://Example.ORG:80/2",
  "https://пример.рф/a",
  "http://[::1]/x",
  "https://x.example/<script>alert(1)</script>",
  "not a url",
  "data:text/plain,hi",
  "http://a_b.example/%00\u202e",
  "",
];

interface SmallRun {
  readonly name: string;
  readonly dir: string;
  readonly manifest: Manifest;
}
type Stages = NonNullable<
  Parameters<typeof run>[0] extends infer R ? (R extends { stages?: infer S } ? S : never) : never
>;

const dir = tempDir();
let base: SmallRun;
let curated: SmallRun;
let tokenizer: Awaited<ReturnType<typeof loadTokenizer>>;

async function makeRun(name: string, stages: Stages, fields: object = {}): Promise<SmallRun> {
  const out = join(dir, name);
  const manifest = await run(
    {
      source: { use: "jsonl", with: { files: ["*.jsonl"] } },
      stages,
      sink: { use: "shards", with: { dir: out, tokenizer: "gpt2" } },
      ...fields,
    },
    { baseDir: dir, cache: join(dir, "cache"), supervise: false, workers: 1 },
  );
  return { name, dir: out, manifest };
}

before(async () => {
  for (let file = 0; file < 3; file++) {
    const lines = Array.from({ length: 40 * (file + 1) }, (_, p) => {
      const n = 1000 * file + p;
      // Every fifth page is German, every seventh a copy, every ninth short.
      const text = n % 5 === 1 ? GERMAN.repeat(8) + n : prose(n % 7 === 6 ? n - 1 : n, n % 9 === 2 ? 24 : 120);
      return JSON.stringify({ url: URLS[n % URLS.length], text });
    });
    writeFileSync(join(dir, `pages-${file}.jsonl`), `${lines.join("\n")}\n`);
  }
  tokenizer = await loadTokenizer("gpt2");
  base = await makeRun("base", [{ use: "language" }]);
  curated = await makeRun(
    "curated",
    [{ use: "language" }, { use: "gopher-quality", with: { minStopWords: 0 } }, { use: "exact-dedup" }],
    { dropped: "none" },
  );
});

test("the funnel begins with what entered and ends with what was kept", () => {
  const funnel = funnelOf(curated.manifest);
  assert.deepEqual(
    funnel.map(({ step }) => step),
    ["entered", "jsonl", "language", "gopher-quality", "exact-dedup", "shards"],
  );
  const { pages, kept } = curated.manifest.counts;
  assert.deepEqual([funnel[0]!.pages, funnel.at(-1)!.pages], [pages, kept]);
  assert.equal(pages, 240);
});

test("coverage is what DuckDB finds in the ledger", async () => {
  const { languages, hosts } = await coverageOf(base.dir, base.manifest);
  const ask = await openLedger(base.dir);
  const rows = await ask(
    "select name, sum(textBytes) bytes from (select id, arg_max(name, value) as name from scores where stage = 'language' group by id) join pages using (id) where outcome = 'kept' group by name order by bytes desc, name",
  );
  const total = base.manifest.counts.textBytes;
  assert.deepEqual(
    languages,
    rows.map(({ name, bytes }) => ({ name, share: (bytes as number) / total })),
  );
  assert.deepEqual(
    languages.slice(0, 2).map(({ name }) => name),
    ["en", "de"],
  );
  // What is no URL has no host; names are as the URL standard writes them.
  assert.deepEqual(hosts.map(({ name }) => name).sort(), [
    "[::1]",
    "a_b.example",
    "example.org",
    "unknown",
    "x.example",
    "xn--e1afmkfd.xn--p1ai",
  ]);
  for (const shares of [languages, hosts]) {
    assert.ok(Math.abs(shares.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-12);
  }
});

test("histograms count every page that reached a stage: those it let pass, and those it dropped", async () => {
  const scores = await scoreHistograms(curated.dir, curated.manifest);
  const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);
  const after = new Map(funnelOf(curated.manifest).map(({ step, pages }) => [step, pages]));
  assert.deepEqual([...new Set(scores.map(({ stage }) => stage))], ["language", "gopher-quality"]);
  for (const { stage, name, edges, kept, dropped } of scores) {
    assert.deepEqual([kept.length, dropped.length], [edges.length - 1, edges.length - 1], name);
    assert.ok(kept.length <= 24, `${name}: ${kept.length} bins`);
    assert.ok(
      edges.every((edge, n) => n === 0 || edge > edges[n - 1]!),
      `${name}: ${edges}`,
    );
    if (stage !== "gopher-quality") continue;
    assert.equal(sum(kept), after.get("gopher-quality"), name);
    assert.equal(sum(kept) + sum(dropped), after.get("language"), name);
  }
  // Dropped were those of fewer than 50 words, and words is a score.
  const words = scores.find(({ name }) => name === "words")!;
  const at50 = words.edges.findIndex((edge) => edge >= 50);
  assert.equal(sum(words.kept.slice(0, at50 - 1)), 0);
  assert.ok(sum(words.dropped.slice(0, at50)) > 0);
});

test("an interval of a histogram holds what DuckDB counts there", async () => {
  const scores = await scoreHistograms(curated.dir, curated.manifest);
  const ask = await openLedger(curated.dir);
  const { edges, kept, dropped } = scores.find(({ name }) => name === "meanWordChars")!;
  for (const [n, count] of kept.entries()) {
    const upper = n === kept.length - 1 ? "<=" : "<";
    const [row] = await ask(
      `select count(*) n from scores where name = 'meanWordChars' and value >= ${edges[n]} and value ${upper} ${edges[n + 1]}`,
    );
    assert.equal(row!.n, count + dropped[n]!, `bin ${n}`);
  }
});

test("samples are pages that one kept and the other dropped, in turn from stages and reasons", async () => {
  const samples = await sampleDifferences(base, curated, { count: 6, tokenizer, withText: true });
  assert.equal(samples.length, 6);
  assert.deepEqual(
    samples.map(({ stage }) => stage),
    Array.from({ length: 6 }, (_, n) => (n % 2 === 0 ? "gopher-quality" : "exact-dedup")),
  );
  const texts = new Map<string, { url: string; text: string }>();
  for await (const { url, text } of keptPages(base, tokenizer)) {
    texts.set(createHash("sha256").update(text).digest("hex"), { url, text });
  }
  for (const { sha256, url, text, stage, reason, value, keptBy, droppedBy } of samples) {
    const page = texts.get(sha256)!;
    assert.equal(page.url, url);
    assert.ok(page.text.startsWith(text!.replace(/…$/, "")), text);
    assert.ok(text!.length <= 601, `${text!.length}`);
    assert.deepEqual([keptBy, droppedBy], ["base", "curated"]);
    if (stage === "gopher-quality") assert.ok(reason === "too-few-words" && value! < 50, `${reason} ${value}`);
  }
  assert.deepEqual(await sampleDifferences(base, curated, { count: 6, tokenizer, withText: true }), samples);
  const bare = await sampleDifferences(base, curated, { count: 6, tokenizer, withText: false });
  assert.deepEqual(
    bare,
    samples.map((sample) => ({ ...sample, text: undefined })),
  );
});

test("nothing was dropped by the run that keeps more, and no samples are none", async () => {
  assert.deepEqual(await sampleDifferences(curated, base, { count: 6, tokenizer, withText: true }), []);
  assert.deepEqual(await sampleDifferences(base, curated, { count: 0, tokenizer, withText: true }), []);
  const all = await sampleDifferences(base, curated, { count: 1000, tokenizer, withText: false });
  assert.equal(all.length, curated.manifest.counts.dropped);
});

const ACCOUNT = { trainingFlops: { sequence: 600, step: 600, token: 6 } };
const TRAINING = { tokens: 3000, seconds: 1800, cpuCores: 2, gpus: 1 };

test("costs by source are the manifest's counts and the ledger's sums", async () => {
  const { bySource, ...costs } = await costsOf(curated, TRAINING, ACCOUNT);
  const { counts, identity } = curated.manifest;
  const ask = await openLedger(curated.dir);
  const rows = await ask(
    "select file as source, count(*) pagesIn, count(*) filter (outcome = 'kept') pagesKept, sum(textBytes) filter (outcome = 'kept') textBytes, sum(tokens) tokens from pages group by file order by file",
  );
  assert.deepEqual(
    bySource.map(({ bytesIn: _, money: __, ...rest }) => rest),
    rows,
  );
  assert.deepEqual(
    bySource.map(({ bytesIn }) => bytesIn),
    identity.inputs.map(({ bytes }) => bytes),
  );
  assert.deepEqual(
    bySource.map(({ money }) => money),
    [undefined, undefined, undefined],
  );
  assert.equal(costs.tokensTrained, 3000);
  assert.equal(costs.trainingFlops, 18_000);
  assert.equal(costs.textBytesTrained, Math.round((3000 * counts.textBytes) / counts.tokens));
  assert.deepEqual([costs.money, costs.currency], [undefined, undefined]);
});

test("money is what is stated: pages, gigabytes, a flat price shared by its files, hours", async () => {
  const rates: Rates = {
    currency: "EUR",
    cpuHour: 0.1,
    gpuHour: 2,
    sources: { "pages-0.jsonl": { page: 0.5 }, "*": { flat: 12, gigabyte: 1e6 } },
  };
  const { bySource, money, currency, curationCpuSeconds } = await costsOf(curated, TRAINING, ACCOUNT, { rates });
  const [first, second, third] = bySource;
  assert.equal(first!.money, 20);
  // 10⁻³ a byte, and 12 by bytes.
  const bytes = second!.bytesIn + third!.bytesIn;
  assert.ok(Math.abs(second!.money! - second!.bytesIn * (1e-3 + 12 / bytes)) < 1e-9);
  const sources = 20 + bytes * 1e-3 + 12;
  const hours = (curationCpuSeconds / 3600 + 1) * 0.1 + 0.5 * 2;
  assert.ok(Math.abs(money! - sources - hours) < 1e-9, `${money}`);
  assert.equal(currency, "EUR");
  const unpriced = await costsOf(curated, TRAINING, ACCOUNT, { rates: { currency: "EUR", sources: {} } });
  assert.deepEqual([unpriced.money, unpriced.bySource[0]!.money], [0, undefined]);
});

test("from the twenty-first file on, the smaller ones share a row", async () => {
  const inputs = Array.from({ length: 25 }, (_, n) => ({ file: `f${n}`, bytes: n === 3 ? 1000 : n, sha256: "" }));
  const { manifest } = curated;
  const many = { ...manifest, identity: { ...manifest.identity, inputs }, counts: { ...manifest.counts, files: {} } };
  const { bySource } = await costsOf({ dir: curated.dir, manifest: many }, TRAINING, ACCOUNT);
  const bytes = bySource.map(({ bytesIn }) => bytesIn);
  assert.deepEqual(
    bySource.map(({ source }) => source),
    ["f3", ...Array.from({ length: 18 }, (_, n) => `f${n + 7}`), "6 other files"],
  );
  assert.equal(
    bytes.reduce((a, b) => a + b, 0),
    inputs.reduce((a, { bytes: b }) => a + b, 0),
  );
});

test("work that was taken over from another arm's run costs what it cost there", () => {
  const times = (manifest: Manifest, stepSeconds: Record<string, number>): Manifest => ({
    ...manifest,
    measured: { ...manifest.measured, stepSeconds },
  });
  const first = times(base.manifest, { jsonl: 4, language: 10, shards: 2, engine: 1 });
  const second = times(curated.manifest, {
    jsonl: 0,
    language: 0,
    "gopher-quality": 3,
    "exact-dedup": 1,
    shards: 1,
    engine: 1,
  });
  assert.equal(curationSeconds(second), 6);
  // The source and the language stage did the same; the sinks were given other pages.
  assert.equal(curationSeconds(second, [first]), 20);
  const { identity } = first;
  const elsewhere = { ...first, identity: { ...identity, inputs: identity.inputs.slice(1) } };
  assert.equal(curationSeconds(second, [elsewhere]), 6);
});

test("a run that kept nothing, without a language stage, is told like any other", async () => {
  const none = await makeRun("none", [{ use: "gopher-quality", with: { minWords: 99_999 } }]);
  assert.equal(none.manifest.counts.kept, 0);
  assert.deepEqual(await coverageOf(none.dir, none.manifest), { languages: [], hosts: [] });
  const scores = await scoreHistograms(none.dir, none.manifest);
  assert.ok(scores.length > 0 && scores.every(({ kept }) => kept.every((count) => count === 0)));
  const { textBytesTrained, bySource } = await costsOf(none, TRAINING, ACCOUNT);
  assert.deepEqual([textBytesTrained, bySource.map(({ tokens }) => tokens)], [0, [0, 0, 0]]);
  assert.deepEqual(await sampleDifferences(none, base, { count: 3, tokenizer, withText: true }), []);
  const samples = await sampleDifferences(base, none, { count: 3, tokenizer, withText: true });
  assert.equal(samples.length, 3);
  const plain = await makeRun("plain", []);
  assert.deepEqual((await coverageOf(plain.dir, plain.manifest)).languages, []);
  assert.deepEqual(await scoreHistograms(plain.dir, plain.manifest), []);
});

test("a run without a single page is told, too", async () => {
  const empty = tempDir();
  writeFileSync(join(empty, "nothing.jsonl"), "");
  const manifest = await run(
    {
      source: { use: "jsonl", with: { files: ["*.jsonl"] } },
      stages: [{ use: "language" }],
      sink: { use: "shards", with: { dir: join(empty, "out") } },
    },
    { baseDir: empty, cache: false, supervise: false, workers: 1 },
  );
  const out = { name: "empty", dir: join(empty, "out"), manifest };
  assert.deepEqual(await coverageOf(out.dir, manifest), { languages: [], hosts: [] });
  assert.deepEqual(await scoreHistograms(out.dir, manifest), []);
  assert.equal((await costsOf(out, TRAINING, ACCOUNT)).bySource[0]!.pagesIn, 0);
  assert.deepEqual(await sampleDifferences(base, out, { count: 3, tokenizer, withText: true }), []);
});
