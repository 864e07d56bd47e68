/** `sluice scale`, as a user runs it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../imports.ts";
import { needsShared, sharedPath } from "../../shared.ts";
import { tempFolder } from "../../tokenizer/temp.ts";
import { CHINCHILLA, runsOf } from "./synthetic.ts";

const MLF = "fixtures/course/raw/mlf_scaling/losses.csv";
const A3 = "fixtures/course/raw/a3_2026/data/isoflops_curves.json";
const folder = tempFolder();

test("fit prints what it read and the law; with --json, one object", () => {
  const runs = runsOf(CHINCHILLA, { noise: 0.001 });
  const path = write("runs.csv", [
    "n,d,loss",
    ...runs.map(({ params, tokens, loss }) => `${params},${tokens},${loss}`),
  ]);
  const shown = sluice("fit", path, "--bootstrap", "20");
  assert.match(shown.stdout, /runs\.csv: params from "n", tokens from "d", loss from "loss"/);
  assert.match(shown.stdout, /40 runs: L\(N, D\) = E \+ A\/N\^α \+ B\/D\^β/);
  assert.match(shown.stdout, /\n {2}α +0\.3\d+ +0\.3\d+ to 0\.3\d+\n/);
  const told = JSON.parse(sluice("fit", path, "--bootstrap", "20", "--json").stdout);
  assert.equal(told.type, "scale-fit");
  assert.ok(Math.abs(told.arms[0].laws[0].law.E - CHINCHILLA.E) < 0.05);
  assert.equal(told.arms[0].laws[0].influence.length, 5);
  assert.equal(told.arms[0].runs, 40);
});

test("mistakes are told with file, line and column, and end with 2 where the command is at fault", () => {
  const broken = write("broken.csv", ["n,d,loss", "1,2,3", "1,2,x"]);
  const bad = sluice("fit", broken);
  assert.equal(bad.status, 1);
  assert.match(bad.stderr, /broken\.csv:3: column "loss": found "x", expected a number above zero/);
  assert.equal(sluice("fit", broken, "--column", "loss=L").status, 2);
});

test("plan shows three methods, their spread and that it reaches far beyond the runs", needsShared(A3), () => {
  const told = JSON.parse(sluice("plan", sharedPath(A3), "--flops", "1e23", "--bootstrap", "0", "--json").stdout);
  const [{ shapes, spread, extrapolation }] = told.plans;
  assert.deepEqual(
    shapes.slice(1).map(({ method, params }: { method: string; params: number }) => [method, params.toPrecision(5)]),
    [
      ["min-run", "7.0054e+10"],
      ["quadratic", "9.1144e+10"],
    ],
  );
  assert.ok(spread > 1.3 && extrapolation > 33);
  assert.deepEqual(
    told.warnings.map(({ kind }: { kind: string }) => kind),
    ["extrapolation", "spread"],
  );
});

// Computed from mlfoundations/scaling's losses.csv, whose multipliers are written "4" and "4.0".
test("ranks at 6.89 B parameters are foretold by set as counted, and own wins are flagged", needsShared(MLF), () => {
  const told = JSON.parse(sluice("rank-transfer", sharedPath(MLF), "--json").stdout);
  assert.deepEqual([told.target.params, told.target.amount, told.cells], [6_889_410_560, 1, 32]);
  const sets: { set: string; agreeing: number; pairs: number; isDecidable: boolean; disagreements: unknown[] }[] =
    told.sets;
  const agreeing = Object.fromEntries(sets.map((one) => [one.set, one.agreeing]));
  assert.deepEqual(agreeing, {
    paloma_redpajama: 96,
    paloma_dolma_100_programing_languages: 96,
    openlm: 96,
    paloma_ptb: 90,
    "paloma_falcon-refinedweb": 89,
    paloma_c4_en: 85,
    c4_val: 66,
    "de-en": 53,
  });
  assert.ok(sets.every(({ pairs }) => pairs === 96));
  assert.ok(sets.every((one) => one.disagreements.length === 96 - one.agreeing));
  assert.deepEqual(
    sets.filter(({ isDecidable }) => !isDecidable).map(({ set }) => set),
    ["de-en"],
  );
  const own: { arm: string; set: string }[] = told.guard.selfWins;
  assert.deepEqual(own.map(({ arm, set }) => `${arm} on ${set}`).sort(), [
    "c4_original on c4_val",
    "c4_original on paloma_c4_en",
    "rpj on paloma_redpajama",
    "rw_original on paloma_falcon-refinedweb",
  ]);
  const confined: { arm: string; isConfined: boolean }[] = told.guard.arms;
  assert.deepEqual(
    confined.filter(({ isConfined }) => isConfined).map(({ arm }) => arm),
    ["c4_original", "rw_original"],
  );
});

test("own sets can be declared, and pairs be listed", needsShared(MLF), () => {
  const shown = sluice("rank-transfer", sharedPath(MLF), "--pairs", "--own", "rpj=openlm,paloma_redpajama").stdout;
  assert.match(shown, /own sets: c4_original: c4_val, paloma_c4_en; rpj: openlm, paloma_redpajama; rw_original: /);
  assert.match(shown, /\n {2}openlm +96 of 96 .* rpj \(its own\)/);
  assert.match(shown, /\nde-en: not decidable: 53 of 96 pairs agree, at least 0\.38 of them/);
  assert.equal(shown.match(/^ {2}de-en, .* parameters, amount .*: .* − .* is /gm)!.length, 96 - 53);
  const unknown = sluice("rank-transfer", sharedPath(MLF), "--own", "rpj=nope");
  assert.equal(unknown.status, 2);
  assert.match(unknown.stderr, /--own rpj=nope: .* has no such set \(there are openlm, /);
});

function write(name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

function sluice(...args: string[]) {
  const command = [join(ROOT, "bin/sluice.js"), "scale", ...args];
  return spawnSync(process.execPath, command, { encoding: "utf8" });
}
