/** `sluice compare`, from an experiment's file to its report: what is done again, what is not, and what a kill costs. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { stringify } from "yaml";
import type { ExperimentPlan } from "../../../eval/experiment/plan-experiment.ts";
import { sluice } from "../../engine/harness.ts";
import { compare, dataOf, dir, experiment, resultsOf, units } from "./tiny.ts";

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

// Kills, and damage to the cache: aligned.test.ts, and test/full/compare.full.ts.
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
