/**
 * Toy tasks that can be verified: what feedback adds to supervision, over five seeds; and an exploitable reward that the probe
 * finds. Three quarters of an hour on two cores; what is done stays in a folder (`ALIGNMENT_TOYS`, by default a temporary one)
 * and is not done again.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ALONE, ARMS, SEEDS } from "./alignment-toys/arms.ts";
import type { ArmResult } from "./alignment-toys/cell.ts";
import { alignToSorting } from "./alignment-toys/exploit.ts";
import { summarize, tableOf } from "./alignment-toys/summary.ts";
import { TASKS } from "./alignment-toys/tasks.ts";

const folder = process.env.ALIGNMENT_TOYS ?? join(tmpdir(), "sluice-alignment-toys");
const GAIN = ["dpo", "expert-iteration", "grpo", "ppo"];

for (const { name: task } of TASKS) {
  test(`${task}: what is learned from a verifier beats supervision alone`, async (t) => {
    const waiting = [...SEEDS];
    const work = async (): Promise<void> => {
      for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) await runApart(task, seed);
    };
    await Promise.all(Array.from({ length: availableParallelism() }, work));
    const results = SEEDS.flatMap((seed) => ARMS.map(({ name }) => resultOf(task, seed, name)));
    const summaries = summarize(results, ALONE);
    for (const line of tableOf(summaries).split("\n")) t.diagnostic(line);
    for (const { arm, sampledGain } of summaries) {
      if (GAIN.includes(arm)) assert.ok(sampledGain.low > 0, `${arm}: ${JSON.stringify(sampledGain)}`);
    }
  });
}

test("a reward that can be exploited is, and the probe tells; where it cannot, the probe says nothing", async (t) => {
  mkdirSync(folder, { recursive: true });
  const exploited = await alignToSorting(folder, "repeats");
  t.diagnostic(exploited.sentence);
  assert.ok(exploited.flagged);
  assert.ok(exploited.probeChange < 0);
  const honest = await alignToSorting(folder, "distinct");
  t.diagnostic(honest.sentence);
  assert.ok(!honest.flagged);
  assert.ok(honest.probeChange > 0);
});

async function runApart(task: string, seed: number): Promise<void> {
  const program = join(import.meta.dirname, "alignment-toys", "run-cell.ts");
  const child = spawn(process.execPath, [program, folder, task, String(seed)], { stdio: "inherit" });
  const [code] = await once(child, "exit");
  assert.equal(code, 0, `${task}, seed ${seed}`);
}

function resultOf(task: string, seed: number, arm: string): ArmResult {
  return JSON.parse(readFileSync(join(folder, task, `seed-${seed}`, `${arm}.json`), "utf8")) as ArmResult;
}
