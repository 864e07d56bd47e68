/** Alignments on the command line: killed in every stage, stopped, and used afterwards. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { AlignResult } from "../../trainer/align/run.ts";
import { sluice } from "../engine/harness.ts";
import { tempFolder } from "../tokenizer/temp.ts";
import { SMALL, traces, writeRows, writeSmallData } from "../trainer/align/small-runs.ts";

const folder = tempFolder();
writeSmallData(folder);

/** Places in a run of each small config, and passages of them to end at. */
const MOMENTS: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> = {
  sft: { update: [1, 3], rename: [1, 2], write: [1, 2], manifest: [1, 2] },
  dpo: { artifact: [1, 2, 3], update: [1, 2], rename: [1, 2], manifest: [1] },
  "dpo-own": { draw: [1], judge: [1], artifact: [1, 2, 3, 5, 8, 11, 12], update: [1, 2], write: [1], manifest: [1] },
  "expert-iteration": {
    draw: [1, 2, 4],
    judge: [1, 3],
    artifact: [2, 5, 11, 14, 21, 27],
    update: [1, 3],
    rename: [1, 2, 4, 5],
    write: [1],
    manifest: [1],
  },
  ppo: { draw: [1, 3], judge: [1, 3], update: [1, 5], rename: [1, 2, 3], write: [2], manifest: [1] },
  grpo: { draw: [1, 2, 5], judge: [1, 4], update: [1, 2], rename: [1, 2, 4], write: [1], manifest: [2] },
};

function configFile(name: string): [method: string, path: string, out: string] {
  const { method, config } = SMALL[name]!;
  const path = join(folder, `${name}.yaml`);
  writeFileSync(path, JSON.stringify({ ...config, out: name }));
  return [method, path, join(folder, name)];
}

async function alignedBy(method: string, config: string, args: readonly string[] = []): Promise<AlignResult> {
  const { code, stdout, stderr } = await sluice(["align", method, config, "--json", ...args], { cwd: folder });
  assert.equal(code, 0, stderr);
  const last = JSON.parse(stdout.trim().split("\n").at(-1)!) as AlignResult & { type: string };
  assert.equal(last.type, "done");
  return last;
}

for (const [name, moments] of Object.entries(MOMENTS)) {
  test(`${name}: kill -9 in every stage, and the same command again: the same run`, async (t) => {
    const [method, config, out] = configFile(name);
    const wanted = traces(await alignedBy(method, config));
    for (const [place, passages] of Object.entries(moments)) {
      for (const n of passages) {
        await t.test(`${place} ${n}`, async () => {
          rmSync(out, { recursive: true });
          const env = { SLUICE_FAILPOINT: `${place}@${n}` };
          const killed = await sluice(["align", method, config], { cwd: folder, env });
          assert.equal(killed.signal, "SIGKILL", `the failpoint was reached: ${killed.stderr}`);
          assert.deepEqual(traces(await alignedBy(method, config)), wanted);
        });
      }
    }
  });
}

test("Ctrl-C ends a run with 75, and the same command goes on to the same end", async () => {
  const [method, config] = configFile("grpo");
  const long = ["--out", join(folder, "long")];
  const path = join(folder, "long.yaml");
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(config, "utf8")), steps: 40 }));
  const wanted = traces(await alignedBy(method, path, ["--out", join(folder, "whole")]));
  const code = await stoppedAfterSteps(["align", method, path, "--json", ...long], 3);
  assert.equal(code, 75);
  assert.deepEqual(traces(await alignedBy(method, path, long)), wanted);
});

function stoppedAfterSteps(args: readonly string[], steps: number): Promise<number | null> {
  const bin = join(import.meta.dirname, "..", "..", "bin", "sluice.js");
  const child = spawn(process.execPath, [bin, ...args], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  let seen = "";
  let isAsked = false;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    seen += text;
    // A second one would end it at once.
    if (isAsked || seen.split('"type":"step"').length <= steps) return;
    isAsked = true;
    child.kill("SIGINT");
  });
  return new Promise((resolve) => child.on("close", resolve));
}

test("an aligned model writes on, is measured, and is begun from", async () => {
  const [method, config, out] = configFile("sft");
  await alignedBy(method, config);
  const written = await sluice(["generate", out, "--prompt", "1+1=", "--max-tokens", "4", "--json"], { cwd: folder });
  assert.equal(written.code, 0, written.stderr);
  assert.equal(JSON.parse(written.stdout.trim().split("\n").at(-1)!).type, "done");
  writeRows(join(folder, "held-out.jsonl"), [{ text: "1+1=2, and 2+2=4." }]);
  const measured = await sluice(["eval", out, "--documents", "sums=held-out.jsonl", "--json"], { cwd: folder });
  assert.equal(measured.code, 0, measured.stderr);
  const { model: _, tokenizer: _tokenizer, ...rest } = SMALL.dpo!.config;
  const next = join(folder, "next.yaml");
  writeFileSync(next, JSON.stringify({ ...rest, from: "sft", out: "next" }));
  const { steps } = await alignedBy("dpo", next);
  assert.ok(steps > 0);
});
