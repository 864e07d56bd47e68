/** What makes an experiment: everything that is refused before a byte of data is read, all of it told at once. */
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { RecipeError } from "../../pipeline/errors.ts";
import { hashFile } from "../../pipeline/io/durable.ts";
import { planInputs } from "../../pipeline/io/inputs.ts";
import type { Plan } from "../../pipeline/plan.ts";
import { TRAINED_ON_JSON } from "../../tokenizer/load.ts";
import { type Arm, armsOf } from "./arms.ts";
import type { Experiment } from "./experiment.ts";
import { FIRST_NOISE_SEED } from "./jobs.ts";

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
  const { hypothesis, expect, factor, budget, heldOut, tasks, metric, seeds, train, base, pairs, locate } = experiment;
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
  for (const name of Object.keys(tasks).filter((task) => Object.hasOwn(heldOut?.domains ?? {}, task))) {
    find(["tasks", name], `a held-out domain is called "${name}", too: give the task another name`);
  }
  if (new Set(seeds).size < seeds.length) find(["seeds"], "a seed is given twice: it would count twice");
  if (experiment.noise !== undefined && seeds.some((seed) => seed >= FIRST_NOISE_SEED)) {
    find(["seeds"], `seeds from ${FIRST_NOISE_SEED} on are those of the A/A runs: give lower ones`);
  }
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
  if (pairs === "base" && expect !== undefined && ![expect.arm, expect.against ?? base.name].includes(base.name)) {
    find(["expect"], `pairs: base compares variants with the base alone, and the expectation is about two of them`);
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
 * Files that are both trained on and measured on, or that the tokenizer was trained on, too: by their place, and by their
 * bytes. Plans are those of the arms; only files of this machine can be looked into.
 */
export async function lintData(experiment: Experiment, plans: readonly Plan[]): Promise<Finding[]> {
  const inputs = new Map<string, Input>();
  for (const { location, file } of plans.flatMap((plan) => plan.inputs)) {
    if (existsSync(location)) inputs.set(realpathSync(location), { file, bytes: statSync(location).size });
  }
  return [...(await lintMeasured(experiment, inputs)), ...(await lintTokenizer(experiment, inputs))];
}

/** What arms are made of, by its place. */
interface Input {
  readonly file: string;
  readonly bytes: number;
}

async function lintMeasured(experiment: Experiment, inputs: ReadonlyMap<string, Input>): Promise<Finding[]> {
  const { heldOut, tasks, folder, locate } = experiment;
  const suites = [
    ...Object.entries(heldOut?.domains ?? {}).map(([name, files]) => ({
      files,
      where: locate(["heldOut", "domains", name]),
      what: `held-out domain ${name}`,
    })),
    ...Object.entries(tasks).map(([name, { files }]) => ({
      files,
      where: locate(["tasks", name]),
      what: `task ${name}`,
    })),
  ];
  const findings: Finding[] = [];
  const measured = new Map<string, string>();
  for (const { files, where, what } of suites) {
    try {
      const context = { resolvePath: (path: string) => resolve(folder, path), seed: 0 };
      for (const { location } of await planInputs(files, context, what, 1, { wholeFile: () => true })) {
        const other = measured.get(location);
        if (other !== undefined)
          findings.push({ where, message: `${what}: ${location} is ${other}, too: it would count twice` });
        measured.set(location, what);
        const input = await inputOfSameBytes(location, inputs);
        if (input === undefined) continue;
        const message = `${what}: ${location} is also trained on (input ${input.file}): what is measured on it says nothing`;
        findings.push({ where, message });
      }
    } catch (error) {
      if (!(error instanceof RecipeError)) throw error;
      findings.push({ where, message: error.message });
    }
  }
  return findings;
}

async function inputOfSameBytes(path: string, inputs: ReadonlyMap<string, Input>): Promise<Input | undefined> {
  if (!existsSync(path)) return undefined;
  const same = inputs.get(realpathSync(path));
  if (same !== undefined) return same;
  const { size } = statSync(path);
  const suspects = [...inputs].filter(([, { bytes }]) => bytes === size && size > 0);
  if (suspects.length === 0) return undefined;
  const { sha256 } = await hashFile(path);
  for (const [place, input] of suspects) if ((await hashFile(place)).sha256 === sha256) return input;
  return undefined;
}

/** What `sluice tokenizer train` tells of a tokenizer; others' tell nothing. */
async function lintTokenizer(
  { tokenizer, folder, locate }: Experiment,
  inputs: ReadonlyMap<string, Input>,
): Promise<Finding[]> {
  const path = join(resolve(folder, tokenizer), TRAINED_ON_JSON);
  if (!existsSync(path)) return [];
  const trainedOn = JSON.parse(readFileSync(path, "utf8")) as { file: string; bytes: number; sha256: string }[];
  const findings: Finding[] = [];
  for (const [place, { file, bytes }] of inputs) {
    const suspects = trainedOn.filter((one) => one.bytes === bytes);
    if (suspects.length === 0) continue;
    const { sha256 } = await hashFile(place);
    if (!suspects.some((one) => one.sha256 === sha256)) continue;
    const message = `tokenizer ${tokenizer} was trained on the input ${file}: it favours arms that are like it; train one on text of another origin`;
    findings.push({ where: locate(["tokenizer"]), message });
  }
  return findings;
}

/** Raises RecipeError that lists what was found. */
export function expectSound(findings: readonly Finding[]): void {
  if (findings.length === 0) return;
  const lines = findings.map(({ where, message }) => `${where}: ${message}`);
  throw new RecipeError(findings.length === 1 ? lines[0]! : `this is no experiment yet\n  ${lines.join("\n  ")}`);
}
