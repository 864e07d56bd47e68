/** Runs that were asked what they would have kept, against runs that were made so. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { minhashDedup, type Recipe, registry, run } from "../../index.ts";
import { ledgerColumns } from "../../pipeline/ledger-reader.ts";
import { seededRandom } from "../../pipeline/random.ts";
import { type Fate, type RecordedPage, type WhatIfReport, whatIf } from "../../pipeline/what-if.ts";
import { prose, tempDir } from "./harness.ts";

const fixture = (name: string) => join(import.meta.dirname, "..", "fixtures", name);

const THRESHOLDS = {
  "count-lines.min": 6,
  "cut-digits.maxShare": 0.09,
  "minhash-dedup.minJaccard": 0.75,
  "late-lines.min": 8,
  "late-digits.maxShare": 0.04,
} as const;
type Threshold = keyof typeof THRESHOLDS;
type Question = Partial<Record<Threshold, number>>;

/** Filters and rewriters before deduplication and behind it. */
function stagesWith(question: Question): NonNullable<Recipe["stages"]> {
  const value = { ...THRESHOLDS, ...question };
  return [
    { use: fixture("count-lines.ts"), with: { min: value["count-lines.min"] } },
    { use: fixture("cut-digits.ts"), with: { maxShare: value["cut-digits.maxShare"] } },
    { use: "exact-dedup" },
    minhashDedup({ bands: 20, rows: 4, ngram: 3, minJaccard: value["minhash-dedup.minJaccard"] }),
    { use: fixture("count-lines.ts"), as: "late-lines", with: { min: value["late-lines.min"] } },
    { use: fixture("count-digits.ts"), as: "late-digits", with: { maxShare: value["late-digits.maxShare"] } },
    { use: "gopher-quality", with: { minWords: 0, maxWords: 0, minAlphabeticWords: 0, minStopWords: 0 } },
  ];
}

/** Families of pages that copy each other whole, nearly or somewhat, of different lengths and with different digits. */
function writeFamilies(dir: string, seed: number, pages = 260): void {
  const random = seededRandom(seed);
  const below = (n: number) => Math.floor(random() * n);
  const lines: string[] = [];
  for (let n = 0; n < pages; n++) {
    const family = below(pages / 5);
    let text = prose(1000 * seed + family, 60 + 12 * below(7));
    for (let edits = [0, 0, 1, 3, 8][below(5)]!; edits > 0; edits--) {
      const words = text.split(" ");
      text = words.with(below(words.length), `edit${below(3) === 0 ? below(1e6) : "ed"}`).join(" ");
    }
    lines.push(JSON.stringify({ url: `https://example.org/${n}`, text }));
  }
  writeFileSync(join(dir, "pages.jsonl"), `${lines.join("\n")}\n`);
}

async function runWith(dir: string, out: string, stages: Recipe["stages"], scores: Recipe["scores"]): Promise<string> {
  const source = { use: "jsonl", with: { files: ["*.jsonl"], spanBytes: 65_536 } };
  const sink = { use: "jsonl", with: { dir: join(dir, out) } };
  await run({ source, stages, sink, scores }, { baseDir: dir, cache: false, supervise: false, workers: 1 });
  return join(dir, out);
}

type Told = Pick<Fate, "outcome" | "stage" | "reason" | "value">;

/** What a run's ledger says, by id. */
async function fatesOf(out: string): Promise<Map<string, Told>> {
  const fates = new Map<string, Told>();
  const path = join(out, "ledger", "pages.parquet");
  for await (const columns of ledgerColumns(path, ["id", "outcome", "stage", "reason", "value"])) {
    for (let row = 0; row < columns.rows; row++) {
      const { id, outcome, stage, reason, value } = columns;
      fates.set(id[row] as string, {
        outcome: outcome[row] as Told["outcome"],
        stage: stage[row] as string,
        reason: reason[row] as string,
        value: (value[row] as number | null) ?? undefined,
      });
    }
  }
  return fates;
}

interface Answer {
  readonly report: WhatIfReport;
  readonly pages: ReadonlyMap<string, { readonly page: RecordedPage; readonly fate: Fate }>;
}

async function ask(out: string, question: Question): Promise<Answer> {
  const pages = new Map<string, { readonly page: RecordedPage; readonly fate: Fate }>();
  const onPage = (page: RecordedPage, fate: Fate) => void pages.set(page.id, { page, fate });
  const report = await whatIf(out, new Map(Object.entries(question)), { registry, onPage });
  return { report, pages };
}

/** What is told is true. How similar a page is to its twin may be open where unknown pages may be its twins, too. */
function expectFates({ pages, report }: Answer, truth: ReadonlyMap<string, Told>, message: string): void {
  assert.equal(pages.size, truth.size);
  for (const [id, { page, fate }] of pages) {
    if (fate.outcome === "unknown") continue;
    const { outcome, stage, reason, value } = fate;
    const isOpen = report.after.unknown > 0 && value === undefined;
    const told: Told = { outcome, stage, reason, value: isOpen ? truth.get(id)!.value : value };
    assert.deepEqual(told, truth.get(id), `${message}: ${page.url}, recorded as ${JSON.stringify(page.fate)}`);
  }
}

const stageOf = (fate: Told): number => {
  if (fate.outcome === "kept") return Infinity;
  return ["count-lines", "cut-digits", "exact-dedup", "minhash-dedup", "late-lines", "late-digits"].indexOf(fate.stage);
};

const SEED = Number(process.env.SLUICE_TEST_SEED ?? 1);

/** Draws thresholds on the sides that are named, in units of what tells pages apart. */
function drawQuestion(random: () => number, sides: readonly ("tighter" | "looser")[]): Question {
  const drawn: Record<Threshold, { tighter: () => number; looser: () => number }> = {
    "count-lines.min": { tighter: () => 7 + Math.floor(2 * random()), looser: () => Math.floor(6 * random()) },
    "cut-digits.maxShare": { tighter: () => 0.08 + 0.009 * random(), looser: () => 0.09 + 0.03 * random() },
    "minhash-dedup.minJaccard": { tighter: () => 0.4 + 0.3 * random(), looser: () => 0.8 + 0.2 * random() },
    "late-lines.min": { tighter: () => 9 + Math.floor(2 * random()), looser: () => Math.floor(8 * random()) },
    "late-digits.maxShare": { tighter: () => 0.04 * random(), looser: () => 0.04 + 0.06 * random() },
  };
  const question: Question = {};
  for (const [name, draw] of Object.entries(drawn) as [Threshold, (typeof drawn)[Threshold]][]) {
    if (random() < 0.4) question[name] = draw[sides[Math.floor(random() * sides.length)]!]();
  }
  return question;
}

test("asked for other thresholds, a run tells page by page what a run with them does", async (t) => {
  const dir = tempDir();
  t.diagnostic(`SLUICE_TEST_SEED=${SEED}`);
  writeFamilies(dir, SEED);
  const reached = await runWith(dir, "reached", stagesWith({}), "reached");
  const all = await runWith(dir, "all", stagesWith({}), "all");
  const random = seededRandom(SEED);
  const questions: [Question, isTighter: boolean][] = [
    [{}, true],
    [drawQuestion(random, ["tighter"]), true],
    [{ "count-lines.min": 7, "minhash-dedup.minJaccard": 0.55 }, true],
    [{ "count-lines.min": 5, "cut-digits.maxShare": 0.1 }, false],
    [{ "late-lines.min": 7 }, false],
    [drawQuestion(random, ["tighter", "looser"]), false],
    [drawQuestion(random, ["looser"]), false],
  ];
  let turned = 0;
  for (const [n, [question, isTighter]] of questions.entries()) {
    await t.test(JSON.stringify(question), async () => {
      const truth = await fatesOf(await runWith(dir, `truth-${n}`, stagesWith(question), "reached"));
      const fromAll = await ask(all, question);
      expectFates(fromAll, truth, "scores: all");
      assert.equal(fromAll.report.after.unknown, 0);
      const kept = [...truth.values()].filter(({ outcome }) => outcome === "kept").length;
      assert.equal(fromAll.report.after.kept, kept);
      turned += fromAll.report.entering.pages + fromAll.report.leaving.pages;
      const fromReached = await ask(reached, question);
      expectFates(fromReached, truth, "scores: reached");
      if (isTighter) assert.equal(fromReached.report.after.unknown, 0, "what is only drawn tighter is known");
      for (const { page, fate } of fromReached.pages.values()) {
        const isEndedByThreshold = page.way.outcome === "dropped";
        if (isEndedByThreshold && stageOf(truth.get(page.id)!) > page.way.stageIndex) {
          assert.equal(fate.outcome, "unknown", `${page.url}: nobody has measured what comes next`);
        }
      }
    });
  }
  assert.ok(turned > 50, `${turned} pages changed sides`);
});

test("without deduplication exactly those pages are unknown that later stages did not measure", async () => {
  const dir = tempDir();
  writeFamilies(dir, SEED);
  const stages = (question: Question) => stagesWith(question).filter((_, n) => n < 2 || n === 4);
  const reached = await runWith(dir, "reached", stages({}), "reached");
  const question: Question = { "count-lines.min": 5, "cut-digits.maxShare": 0.085, "late-lines.min": 7 };
  const truth = await fatesOf(await runWith(dir, "truth", stages(question), "reached"));
  const { pages, report } = await ask(reached, question);
  let unknown = 0;
  for (const { page, fate } of pages.values()) {
    const dropped = ["count-lines", "cut-digits", "late-lines"].indexOf(page.fate.stage);
    const now = truth.get(page.id)!;
    const reach = now.outcome === "kept" ? 3 : ["count-lines", "cut-digits", "late-lines"].indexOf(now.stage);
    // The last stage has measured its pages, and nothing comes behind it.
    const isUnknown = page.fate.outcome === "dropped" && dropped < 2 && reach > dropped;
    assert.equal(fate.outcome === "unknown", isUnknown, page.url);
    if (isUnknown) unknown++;
  }
  expectFates({ pages, report }, truth, "without deduplication");
  assert.ok(unknown > 0 && report.entering.pages > 0);
  assert.deepEqual({ ...report.unknown["not-measured"] }, { dropped: unknown });
});

test("unknown pages that were signed leave pages unlike them alone", async () => {
  const dir = tempDir();
  writeFamilies(dir, SEED);
  const reached = await runWith(dir, "reached", stagesWith({}), "reached");
  const { report } = await ask(reached, { "late-lines.min": 7 });
  const { "not-measured": own, "may-be-duplicate": others } = report.unknown;
  assert.ok(own!.dropped! > 0);
  const pages = Object.values(others ?? {}).reduce((sum, n) => sum + n, 0);
  assert.ok(pages < report.before.kept / 4, `${pages} may be their duplicates`);
});
