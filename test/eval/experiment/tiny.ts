/** An experiment so small that it takes seconds, run by the command line in a folder of its own. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, type TestContext } from "node:test";
import { stringify } from "yaml";
import type { ExperimentEvent, UnitEvent } from "../../../eval/experiment/events.ts";
import type { ReportData } from "../../../eval/report/report-data.ts";
import { type CliResult, prose, sluice, tempDir, writePages } from "../../engine/harness.ts";

export const dir = tempDir();

export const experiment = {
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

export async function compare(
  name: string,
  changes: object = {},
  env: Record<string, string> = {},
): Promise<CliResult> {
  writeFileSync(join(dir, `${name}.yaml`), stringify({ ...experiment, out: name, ...changes }));
  return await sluice(["compare", `${name}.yaml`, "--json", "--cache", `cache-${name}`], { cwd: dir, env });
}

const events = ({ stdout }: CliResult): (ExperimentEvent | { type: "done" })[] =>
  stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as ExperimentEvent);

export const units = (result: CliResult): UnitEvent[] =>
  events(result).filter((event): event is UnitEvent => event.type === "unit");

export const dataOf = (name: string): ReportData =>
  JSON.parse(readFileSync(join(dir, name, "comparison.json"), "utf8"));

/** All of a report but what is measured on the machine. */
export function resultsOf(name: string): { data: object; html: string } {
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

/** Ends an experiment as `kill -9` would, at each of these points, and runs it again: it ends as one that was left alone. */
export async function killAndResume(t: TestContext, points: readonly string[]): Promise<void> {
  const reference = await compare("undisturbed");
  assert.equal(reference.code, 0, reference.stderr);
  const expected = resultsOf("undisturbed");
  for (const [n, point] of points.entries()) {
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
}
