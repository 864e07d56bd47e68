/**
 * The alignment of an experiment with nothing left open: configs checked, files read, prompts that are measured on encoded
 * and judged once. What cannot run is refused here, before anything is trained.
 */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { digestOf } from "../../../pipeline/canonical.ts";
import { RecipeError } from "../../../pipeline/errors.ts";
import { findFiles, readWholeText } from "../../../pipeline/io/whole-files.ts";
import type { Tokenizer } from "../../../pipeline/tokenizer.ts";
import { type AlignPlan, alignPlanOf, type Data, type VerifierUse } from "../../../trainer/align/config.ts";
import type { Prompt } from "../../../trainer/align/examples/example.ts";
import type { FaultReport } from "../../../trainer/align/examples/faults.ts";
import { promptKey, type ReadOptions, readPrompts } from "../../../trainer/align/examples/read.ts";
import { tokenizePrompts } from "../../../trainer/align/examples/tokenize.ts";
import { resolveVerifiers } from "../../../trainer/align/judging/resolve.ts";
import { countFailures, VerifierPool } from "../../../trainer/align/judging/verifier-pool.ts";
import { METHODS } from "../../../trainer/align/methods/index.ts";
import { tellFaults } from "../../../trainer/align/read-data.ts";
import { resolveTemplate, type Template } from "../../../trainer/align/templates/template.ts";
import type { TrainPlan } from "../../../trainer/config.ts";
import type { Questionnaire } from "../../measure/answers.ts";
import type { Align, Experiment } from "../experiment.ts";
import type { AlignWork } from "../train-process.ts";

export interface PreparedStage {
  readonly name: string;
  readonly method: string;
  /** For any model: `from`, `out` and `seed` are filled in later. */
  readonly work: AlignWork;
  readonly plan: AlignPlan;
  /** What of it decides the result, files by what they hold. */
  readonly identity: unknown;
  /** Rows of its data files. */
  readonly rows: number;
}

export interface PreparedQuestions extends Questionnaire {
  /** Prompts as the items that statistics count. */
  readonly items: readonly { readonly id: string; readonly bytes: number; readonly cluster: string }[];
  readonly identity: unknown;
}

export interface PreparedAlignment {
  readonly stages: readonly PreparedStage[];
  readonly questions: PreparedQuestions | undefined;
  /** Prompts that are measured on and stand in what a stage learns from. */
  readonly shared: readonly { readonly stage: string; readonly prompts: number }[];
  /** What was left out of what is measured on, in sentences. */
  readonly notes: readonly string[];
}

/** Fields of a method's config that the experiment decides, or measures by itself. */
const DECIDED = ["from", "model", "out", "name", "seed", "tokenizer", "template", "evaluate", "heldOut"];

export interface Surroundings {
  readonly tokenizer: Tokenizer;
  readonly tokenizerPath: string;
  readonly training: TrainPlan;
}

/** Raises RecipeError for stages that cannot run and prompts that cannot be asked, FormatError for files that are damaged. */
export async function prepareAlignment(
  { align, folder, locate }: Pick<Experiment, "align" | "folder" | "locate">,
  surroundings: Surroundings,
): Promise<PreparedAlignment | undefined> {
  if (align === undefined) return undefined;
  const template = resolveTemplate(align.template, folder, locate(["align", "template"]));
  const notes: string[] = [];
  const asked = align.measure && (await questionsOf(align.measure, template, { folder, locate }, surroundings, notes));
  const measured = new Map(asked?.prompts.map(({ prompt }) => [promptKey(prompt.messages), 0]));
  const stages: PreparedStage[] = [];
  const shared: { stage: string; prompts: number }[] = [];
  for (const [n, stage] of align.stages.entries()) {
    const where = locate(["align", "stages", n]);
    if (stages.some(({ name }) => name === stage.name)) {
      throw new RecipeError(`${where}: a stage before it is called "${stage.name}", too: give it another name`);
    }
    const { learned, ...prepared } = await stageOf(stage, template, { folder, locate, n }, surroundings);
    stages.push(prepared);
    const found = [...learned].filter((key) => measured.has(key)).length;
    if (found > 0) shared.push({ stage: stage.name, prompts: found });
  }
  return { stages, questions: asked, shared, notes };
}

async function stageOf(
  { name, method, with: given }: Align["stages"][number],
  template: Template,
  { folder, locate, n }: Pick<Experiment, "folder" | "locate"> & { readonly n: number },
  { tokenizerPath, training: { backend, threads } }: Surroundings,
): Promise<PreparedStage & { readonly learned: ReadonlySet<string> }> {
  const place = (keys: readonly PropertyKey[]) => locate(["align", "stages", n, "with", ...keys]);
  for (const field of DECIDED.filter((one) => one in given)) {
    const advice = field === "template" ? "give it as align.template, for all stages" : "leave it out";
    throw new RecipeError(`${place([field])}: ${name}.${field}: the experiment decides this; ${advice}`);
  }
  const config = {
    ...{ backend, ...(threads !== undefined && { threads }) },
    ...given,
    ...{ template, tokenizer: tokenizerPath, name, from: ".", out: ".", seed: 0 },
  };
  const plan = alignPlanOf(config, METHODS.get(method)!, { folder, locate: place });
  const inputs = new Inputs(folder, `${place([])}: ${name}`);
  const { sequences, optimizer, schedule, clip } = plan;
  const identity = {
    method,
    template,
    ...{ sequences, optimizer, schedule, clip, backend: plan.backend },
    options: await inputs.resolved(plan.options),
  };
  const work: AlignWork = { kind: "align", method, config, folder, where: `stage "${name}"` };
  return { name, method, work, plan, identity, rows: inputs.rows, learned: inputs.learned };
}

/** A config's values, with what lies at its places instead of those; prompts are gathered on the way. */
class Inputs {
  readonly learned = new Set<string>();
  rows = 0;
  readonly #folder: string;
  readonly #place: string;

  constructor(folder: string, place: string) {
    this.#folder = folder;
    this.#place = place;
  }

  async resolved(value: unknown): Promise<unknown> {
    if (isVerifiers(value)) {
      const found = await resolveVerifiers(value, { baseDir: this.#folder, place: this.#place });
      return found.map(({ identity }) => identity);
    }
    if (Array.isArray(value)) return await Promise.all(value.map((one) => this.resolved(one)));
    if (typeof value !== "object" || value === null) return value;
    if (isData(value)) return await this.#read(value);
    const entries = Object.entries(value).map(async ([name, one]) => [name, await this.resolved(one)] as const);
    return Object.fromEntries(await Promise.all(entries));
  }

  async #read({ files, ...options }: Data): Promise<unknown> {
    const paths = pathsOf(files, this.#folder);
    const { rows } = await readPrompts(paths, options as ReadOptions, this.#place);
    this.rows += rows.length;
    for (const { messages } of rows) this.learned.add(promptKey(messages));
    return { ...options, files: await digestsOf(paths, this.#place) };
  }
}

function isVerifiers(value: unknown): value is VerifierUse[] {
  return Array.isArray(value) && value.length > 0 && value.every((one) => typeof one?.use === "string");
}

function isData(value: object): value is Data {
  return "files" in value && Array.isArray(value.files);
}

async function digestsOf(paths: readonly string[], place: string): Promise<string[]> {
  const digests: string[] = [];
  for (const input of await findFiles(paths, place)) digests.push(digestOf(await readWholeText(input)));
  return digests;
}

function pathsOf(files: readonly string[], folder: string): string[] {
  return files.map((file) => (/^https?:\/\//i.test(file) ? file : resolve(folder, file)));
}

async function questionsOf(
  { prompts: data, verify, ...drawing }: NonNullable<Align["measure"]>,
  template: Template,
  { folder, locate }: Pick<Experiment, "folder" | "locate">,
  { tokenizer, training }: Surroundings,
  notes: string[],
): Promise<PreparedQuestions> {
  const where = `${locate(["align", "measure"])}: align.measure`;
  const place = `${where}.prompts`;
  const { files, ...options } = data;
  const read = await readPrompts(pathsOf(files, folder), options as ReadOptions, place);
  const prompts: readonly Prompt[] = data.validation > 0 ? read.validation : read.rows;
  const { contextLength } = training;
  const tokenized = tokenizePrompts(tokenizer, template, prompts, {
    contextLength,
    responseTokens: drawing.maxTokens,
    place,
  });
  const note = (message: string): void => void notes.push(`prompts to measure on: ${message}`);
  const tell = (faults: FaultReport): void => tellFaults(faults, { note });
  tell(read.faults);
  tell(tokenized.faults);
  const verifiers = await resolveVerifiers(verify, { baseDir: folder, place: `${where}.verify` });
  const pool = new VerifierPool(verifiers);
  try {
    const faulty = await pool.faultyRows(tokenized.rows.map(({ prompt }) => prompt));
    for (const { count, place, verifier, message } of countFailures(faulty)) {
      note(`${count} of ${tokenized.rows.length} rows cannot be verified: ${place}: ${verifier}: ${message}`);
    }
    const places = new Set(faulty.map(({ place }) => place));
    const usable = tokenized.rows.filter(({ prompt }) => !places.has(prompt.place));
    if (usable.length < 2) {
      const found = usable.length === 0 ? "no prompt" : "one prompt";
      throw new RecipeError(
        `${where}: found ${found} that can be asked and verified, expected several ${notes.join("; ")}`,
      );
    }
    return {
      prompts: usable,
      template,
      drawing,
      verify,
      folder,
      // Prompts that ask the same are not independent.
      items: usable.map(({ prompt: { place, messages } }) => ({ id: place, bytes: 1, cluster: promptKey(messages) })),
      identity: {
        prompts: usable.map(({ prompt: { messages, fields } }) => ({ messages, fields })),
        template,
        drawing,
        verify: verifiers.map(({ identity }) => identity),
      },
    };
  } finally {
    await pool.close();
  }
}

/** A path in an experiment is relative to it; a name is left as it is. */
export function pathOrName(nameOrPath: string, folder: string): string {
  const path = resolve(folder, nameOrPath);
  return existsSync(path) ? path : nameOrPath;
}
