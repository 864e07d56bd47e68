/** What makes an experiment: everything that is refused before a byte of data is read, all of it told at once. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { RecipeError } from "../../pipeline/errors.ts";
import type { Plan } from "../../pipeline/plan.ts";
import { type Arm, armsOf } from "./arms.ts";
import type { Experiment } from "./experiment.ts";

export interface Finding {
  /** Where it is written. */
  readonly where: string;
  readonly message: string;
}

/** A hypothesis of fewer words says nothing that could turn out wrong. */
const FEWEST_WORDS = 4;

/** Fields of a training config that the experiment decides. */
const DECIDED = ["data", "model", "steps", "tokens", "seed", "out", "evaluate", "tokenizer", "name"];

/** What is wrong with the experiment as it is written. */
export function lintExperiment(experiment: Experiment): Finding[] {
  const { hypothesis, expect, factor, budget, heldOut, tasks, metric, seeds, train, base, locate } = experiment;
  const findings: Finding[] = [];
  const find = (keys: PropertyKey[], message: string): void => void findings.push({ where: locate(keys), message });
  if ((hypothesis?.trim().split(/\s+/) ?? []).filter(Boolean).length < FEWEST_WORDS) {
    find(["hypothesis"], "no hypothesis: say in a sentence what you believe will come out, before you look");
  }
  if (expect === undefined) {
    find(["expect"], "nothing is expected: name the arm, whether it will be better, worse or equal, and by how much");
  }
  if (factor === undefined) {
    find(["factor"], "no factor: name what arms may differ in (stages, source, or names of stages)");
  }
  const amounts = Object.values(budget).filter((amount) => amount !== undefined);
  if (amounts.length !== 1) {
    find(["budget"], `found ${amounts.length} budgets, expected one of tokens, bytes and flops`);
  }
  if (metric === "bits-per-byte" && Object.keys(heldOut?.domains ?? {}).length === 0) {
    find(["heldOut"], "the metric is bits per byte of held-out text, and there is none: name domains and their files");
  }
  if (metric === "answer-bits-per-byte" && Object.keys(tasks).length === 0) {
    find(["tasks"], "the metric is bits per byte of tasks' gold answers, and there are no tasks");
  }
  if (new Set(seeds).size < seeds.length) find(["seeds"], "a seed is given twice: it would count twice");
  for (const field of DECIDED.filter((one) => one in train)) {
    find(["train", field], `train.${field}: the experiment decides this; leave it out`);
  }
  findings.push(...lintArms(armsOf(experiment), experiment));
  const arms = [base.name, ...experiment.variants.map(({ name }) => name)];
  for (const name of [expect?.arm, expect?.against]) {
    if (name !== undefined && !arms.includes(name)) {
      find(["expect"], `no arm "${name}" (there are ${arms.join(", ")})`);
    }
  }
  if (expect !== undefined && expect.arm === (expect.against ?? base.name)) {
    find(["expect"], `"${expect.arm}" is expected to differ from itself`);
  }
  return findings;
}

function lintArms(arms: readonly Arm[], { factor, locate }: Experiment): Finding[] {
  const findings: Finding[] = [];
  const recipes = new Map<string, string>();
  for (const [n, { name, differsIn, source, stages, without }] of arms.entries()) {
    const where = locate(n === 0 || without !== undefined ? ["base"] : ["variants", n - 1]);
    const recipe = JSON.stringify({ source, stages });
    const same = recipes.get(recipe);
    if (same !== undefined) findings.push({ where, message: `arm "${name}" is the same recipe as "${same}"` });
    recipes.set(recipe, name);
    if (factor === undefined) continue;
    const beyond = differsIn.filter((what) => !isWithin(what, factor));
    if (beyond.length > 0) {
      findings.push({
        where,
        message: `arm "${name}" differs in ${beyond.join(", ")}, which is beyond the declared factor (${factor.join(", ")}): one thing at a time, or declare it`,
      });
    }
  }
  return findings;
}

function isWithin(what: string, factor: readonly string[]): boolean {
  return factor.includes(what) || (what !== "source" && factor.includes("stages"));
}

/**
 * Files that are both trained on and measured on: by their place, and by their bytes. Plans are those of the arms; only files
 * of this machine can be looked into.
 */
export async function lintData(experiment: Experiment, plans: readonly Plan[]): Promise<Finding[]> {
  const measured = measuredFiles(experiment);
  const trained = new Map<string, string>();
  for (const { inputs } of plans) {
    for (const { file, location } of inputs) if (existsSync(location)) trained.set(realpathSync(location), file);
  }
  const sizes = new Map([...trained.keys()].map((path) => [path, statSync(path).size]));
  const findings: Finding[] = [];
  for (const { path, keys, what } of measured) {
    const where = experiment.locate(keys);
    if (!existsSync(path)) {
      findings.push({ where, message: `${what}: no file ${path}` });
      continue;
    }
    const real = realpathSync(path);
    const { size } = statSync(real);
    const suspects = [...sizes].filter(([, bytes]) => bytes === size && size > 0).map(([suspect]) => suspect);
    const digest = suspects.length === 0 || trained.has(real) ? "" : await sha256(real);
    for (const suspect of suspects) {
      if (suspect !== real && (await sha256(suspect)) !== digest) continue;
      const message = `${what}: ${path} is also trained on (input ${trained.get(suspect)}): what is measured on it says nothing`;
      findings.push({ where, message });
    }
  }
  return findings;
}

function measuredFiles({ heldOut, tasks, folder }: Experiment): { path: string; keys: PropertyKey[]; what: string }[] {
  const domains = Object.entries(heldOut?.domains ?? {}).flatMap(([name, files]) =>
    files.map((file) => ({
      path: resolve(folder, file),
      keys: ["heldOut", "domains", name],
      what: `held-out domain ${name}`,
    })),
  );
  const ofTasks = Object.entries(tasks).flatMap(([name, { files }]) =>
    files.map((file) => ({ path: resolve(folder, file), keys: ["tasks", name], what: `task ${name}` })),
  );
  return [...domains, ...ofTasks];
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** Raises RecipeError that lists what was found. */
export function expectSound(findings: readonly Finding[]): void {
  if (findings.length === 0) return;
  const lines = findings.map(({ where, message }) => `${where}: ${message}`);
  throw new RecipeError(findings.length === 1 ? lines[0]! : `this is no experiment yet\n  ${lines.join("\n  ")}`);
}
