/** `sluice compare`, from an experiment's file to its report: what is done again, what is not, and what a kill costs. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { stringify } from "yaml";
import type { ExperimentEvent, UnitEvent } from "../../../eval/experiment/events.ts";
import type { ExperimentPlan } from "../../../eval/experiment/plan-experiment.ts";
import type { ReportData } from "../../../eval/report/report-data.ts";
import { type CliResult, prose, sluice, tempDir, writePages } from "../../engine/harness.ts";

const dir = tempDir();

const experiment = {
  name: "shuffled words",
  hypothesis: "Words in random order are a worse corpus than sentences.",
  expect: { arm: "shuffled", sign: "worse", by: 0.05 },
  factor: "stages",
  base: { name: "plain", source: { use: "jsonl", with: { files: ["pages/*.jsonl"] } } },
  variants: [
    { name: "shuffled", add: [{ use: "shuffle-words" }] },
    { name: "unique", add: [{ use: "exact-dedup" }] },
  ],
  model: { layers: 1, width: 16, heads: 1, contextLength: 32, tied: true },
  tokenizer: "tokenizer",
  budget: { tokens: 2000 },
  // A checkpoint a step: then only trainings, each in a process of its own, come past more than twelve renames.
  train: { sequences: 4, checkpoint: { every: 1 } },
  seeds: 2,
  heldOut: { maxBytes: 4000, domains: { mining: "mining.jsonl", rivers: "rivers.jsonl", streams: "streams.jsonl" } },
};

before(async () => {
  mkdirSync(join(dir, "pages"));
  writePages(join(dir, "pages"), { files: 1, pages: 80 });
  for (const [n, domain] of ["mining", "rivers", "streams"].entries()) {
    const rows = Array.from({ length: 6 }, (_, p) =>
      JSON.stringify({ id: `${p}`, text: prose(1000 * (n + 1) + p, 60) }),
    );
    writeFileSync(join(dir, `${domain}.jsonl`), `${rows.join("\n")}\n`);
  }
  writeFileSync(join(dir, "words.txt"), prose(77, 600));
  const made = await sluice(["tokenizer", "train", "--vocab-size", "320", "--out", "tokenizer", "words.txt"], {
    cwd: dir,
  });
  assert.equal(made.code, 0, made.stderr);
});

async function compare(name: string, changes: object = {}, env: Record<string, string> = {}): Promise<CliResult> {
  writeFileSync(join(dir, `${name}.yaml`), stringify({ ...experiment, out: name, ...changes }));
  return await sluice(["compare", `${name}.yaml`, "--json", "--cache", `cache-${name}`], { cwd: dir, env });
}

const events = ({ stdout }: CliResult): (ExperimentEvent | { type: "done" })[] =>
  stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as ExperimentEvent);

const units = (result: CliResult): UnitEvent[] =>
  events(result).filter((event): event is UnitEvent => event.type === "unit");

const dataOf = (name: string): ReportData => JSON.parse(readFileSync(join(dir, name, "comparison.json"), "utf8"));

/** All of a report but what is measured on the machine. */
function resultsOf(name: string): { data: object; html: string } {
  const { measured: _, arms, command: __, provenance, ...data } = dataOf(name);
  const html = readFileSync(join(dir, name, "report.html"), "utf8");
  assert.match(html, /<section id="measured"/);
  return {
    data: {
      ...data,
      arms: arms.map(({ costs: { curationCpuSeconds, trainingSeconds, ...costs }, ...arm }) => ({ ...arm, costs })),
      provenance: provenance.map(({ command, ...rest }) => rest),
    },
    html: html.replace(/<section id="measured"[\s\S]*?<\/section>/, "").replaceAll(name, "NAME"),
  };
}

test("an experiment is run to its report", { timeout: 300_000 }, async () => {
  const result = await compare("whole");
  assert.equal(result.code, 0, result.stderr);
  const done = units(result);
  const trained = done.filter(({ kind }) => kind === "model").map(({ unit }) => unit);
  assert.deepEqual(
    trained.sort(), // Several are trained at once.
    ["plain", "shuffled", "unique"].flatMap((arm) => [1, 2].map((seed) => `train ${arm}, seed ${seed}`)),
  );
  assert.ok(done.every(({ reused }) => !reused));
  const { pairs, domains, arms, conclusion, overlaps } = dataOf("whole");
  assert.deepEqual(
    pairs.map(({ arm, against }) => `${arm} ${against}`),
    ["shuffled plain", "unique plain", "unique shuffled"],
  );
  for (const { low, estimate, high, verdict, bySeed } of pairs) {
    assert.ok(low < estimate && estimate < high && verdict !== undefined);
    assert.equal(bySeed.length, 2);
  }
  assert.equal(conclusion.pair, 0);
  assert.deepEqual(
    domains.map(({ name, role }) => `${name} ${role}`),
    ["mining held-out", "rivers held-out", "streams held-out", "the crawl itself shift"],
  );
  // 80 pages, of which every seventh is a copy.
  assert.deepEqual(
    arms.map(({ funnel }) => funnel.at(-1)!.pages),
    [80, 80, 69],
  );
  assert.equal(overlaps.length, 9);
  for (const file of ["report.html", "report.md", "log.jsonl"]) assert.ok(existsSync(join(dir, "whole", file)), file);

  // A plan counts what is curated, and takes the noise from what the folder holds.
  const planned = await sluice(["plan", "whole.yaml", "--json", "--cache", "cache-whole"], { cwd: dir });
  assert.equal(planned.code, 0, planned.stderr);
  const plan = JSON.parse(planned.stdout) as ExperimentPlan;
  assert.equal(plan.models, 6);
  assert.equal(plan.trainingTokens, 6 * 2000);
  assert.ok(plan.arms.every(({ isCurated, tokens, epochs }) => isCurated && tokens > 0 && epochs > 0));
  const { seSeed, seDocument } = pairs[0]!;
  assert.equal(plan.power!.sdSeed, seSeed * Math.SQRT2);
  assert.equal(plan.power!.seDocument, seDocument);
  assert.ok(plan.power!.table[1]!.detectable < plan.power!.table[0]!.detectable);

  // Once more: nothing is left to do, and the report is the same.
  const first = resultsOf("whole");
  const again = await compare("whole");
  assert.ok(units(again).every(({ reused }) => reused));
  assert.deepEqual(resultsOf("whole"), first);

  // A variant changed: what does not depend on it is found.
  const changed = await compare("whole", {
    variants: [experiment.variants[0], { name: "unique", add: [{ use: "minhash-dedup" }] }],
  });
  const made = units(changed).filter(({ reused }) => !reused);
  assert.ok(made.length > 0);
  for (const { unit } of made) assert.match(unit, /unique/);
  assert.ok(units(changed).some(({ unit, reused }) => reused && unit === "train shuffled, seed 2"));
});

test("killed at any moment and run again, an experiment ends with the same report", { timeout: 600_000 }, async (t) => {
  const reference = await compare("undisturbed");
  assert.equal(reference.code, 0, reference.stderr);
  const expected = resultsOf("undisturbed");
  for (const [n, point] of ["deduplicate@1", "manifest@2", "rename@1", "rename@20", "rename@30", "write@2"].entries()) {
    await t.test(point, async () => {
      const name = `killed-${n}`;
      const killed = await compare(name, {}, { SLUICE_FAILPOINT: point });
      assert.equal(killed.signal, "SIGKILL", `the failpoint was reached: ${killed.stderr}`);
      assert.ok(!existsSync(join(dir, name, "report.html")));
      const resumed = await compare(name);
      assert.equal(resumed.code, 0, resumed.stderr);
      const { data, html } = resultsOf(name);
      assert.deepEqual(data, expected.data);
      assert.equal(html, expected.html);
    });
  }
});

test("what is damaged in the cache is made again, and never used", { timeout: 300_000 }, async (t) => {
  const name = "undisturbed";
  assert.equal((await compare(name)).code, 0);
  const expected = resultsOf(name);
  const cache = join(dir, `cache-${name}`);
  const first = (folder: string): string => join(cache, folder, readdirSync(join(cache, folder))[0]!);
  const flip = (path: string): void => {
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(path, bytes);
  };
  const damages: Record<string, () => void> = {
    "score, overlap, model": () => {
      const score = first("scores");
      writeFileSync(
        score,
        readFileSync(score, "utf8").replace(/\.\d/, (tenth) => (tenth === ".5" ? ".6" : ".5")),
      );
      writeFileSync(first("overlaps"), "null");
      truncateSync(join(first("models"), "manifest.json"), 300);
    },
    "model, curated, rows": () => {
      rmSync(join(cache, "scores"), { recursive: true });
      flip(join(first("models"), "model.safetensors"));
      flip(join(first("curated"), "data", "00000.tok"));
      truncateSync(join(first("rows"), "packing.json"), 300);
    },
    curated: () => truncateSync(join(first("curated"), "manifest.json"), 300),
  };
  for (const [kinds, damage] of Object.entries(damages)) {
    await t.test(kinds, async () => {
      damage();
      const again = await compare(name);
      assert.equal(again.code, 0, again.stderr);
      const made = new Set(units(again).flatMap(({ kind, reused }) => (reused ? [] : [kind as string])));
      for (const kind of kinds.split(", ")) assert.ok(made.has(kind), kind);
      assert.deepEqual(resultsOf(name), expected);
    });
  }
});

test("arms and domains under other names are told by those, and averaged parameters are measured themselves", async () => {
  const name = "undisturbed";
  assert.equal((await compare(name)).code, 0);
  const again = await compare(name, {
    variants: [experiment.variants[0], { ...experiment.variants[1], name: "deduplicated" }],
    heldOut: { ...experiment.heldOut, domains: { quarry: "mining.jsonl", rivers: "rivers.jsonl", s: "streams.jsonl" } },
  });
  assert.ok(units(again).every(({ kind, reused }) => reused === (kind !== "overlap")));
  const told = dataOf(name).overlaps.map(({ arm, domain }) => `${arm} ${domain}`);
  assert.deepEqual(
    told,
    ["plain", "shuffled", "deduplicated"].flatMap((arm) => ["quarry", "rivers", "s"].map((one) => `${arm} ${one}`)),
  );

  const averaging = (average: number) => ({ train: { sequences: 4, checkpoint: { every: 4, average } } });
  await compare(name, averaging(1));
  const averaged = await compare(name, averaging(2));
  assert.ok(units(averaged).every(({ kind, reused }) => kind !== "score" || !reused));
});

test("what is no experiment ends with 2, before anything is read", async () => {
  const { hypothesis: _, ...rest } = experiment;
  writeFileSync(join(dir, "none.yaml"), stringify(rest));
  const result = await sluice(["compare", "none.yaml", "--lint"], { cwd: dir });
  assert.equal(result.code, 2);
  assert.match(result.stderr, /none\.yaml:1: no hypothesis/);
});

test("a report's folder that is a file ends with 2", async () => {
  writeFileSync(join(dir, "a-file"), "");
  const result = await compare("occupied", { out: "a-file" });
  assert.equal(result.code, 2);
  assert.match(result.stderr, /a-file: cannot hold the report \(EEXIST\): expected a folder/);
});

test("a plan says of a comparison that is damaged that it is", async () => {
  mkdirSync(join(dir, "pilot"));
  writeFileSync(join(dir, "pilot.yaml"), stringify({ ...experiment, out: "pilot" }));
  for (const text of ['{"pairs":', "null", '{"pairs": [{"arm": "shuffled", "against": "plain", "seeds": 2}]}']) {
    writeFileSync(join(dir, "pilot", "comparison.json"), text);
    const result = await sluice(["plan", "pilot.yaml", "--no-sample"], { cwd: dir });
    assert.equal(result.code, 1);
    assert.match(result.stderr, /pilot\/comparison\.json: found no comparison that "sluice compare" wrote/);
  }
});
