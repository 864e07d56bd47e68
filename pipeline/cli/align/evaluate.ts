/** `sluice align evaluate`: what a model answers, and what verifiers say of it. */
import { Command, InvalidArgumentError, Option } from "commander";
import { ask } from "../../../eval/alignment/ask.ts";
import {
  type ComparedScores,
  compareResponses,
  type ResponsesSummary,
  type SummaryOptions,
  summarize,
} from "../../../eval/alignment/summary.ts";
import { range, signed } from "../../../eval/report/numbers.ts";
import type { Estimate } from "../../../eval/statistics/comparison.ts";
import { readPrompts } from "../../../trainer/align/examples/read.ts";
import { tellFaults } from "../../../trainer/align/read-data.ts";
import type { JudgedRollout } from "../../../trainer/align/sampling/judged-sampler.ts";
import { BACKENDS, type BackendName, backendNamed } from "../../../trainer/backends/index.ts";
import { onnxBackend } from "../../../trainer/backends/onnx/onnx.ts";
import { RecipeError } from "../../errors.ts";
import { LineWriter } from "../dedup/line-writer.ts";
import { probability, wholeNumber } from "../numbers.ts";
import { openProgress } from "../progress.ts";
import { positiveInt } from "../run.ts";
import { percent, plural, table } from "../show.ts";
import { openOutput, STDOUT } from "../tokenizer/output.ts";
import { type EvaluationFlags, type EvaluationPlan, evaluationPlan } from "./evaluation-plan.ts";
import { collected, nameAndValue, wholeNumbers } from "./given.ts";
import { respondentOf } from "./respondent.ts";

interface Flags extends EvaluationFlags {
  readonly against?: string;
  readonly out?: string;
  readonly tokenizer?: string;
  readonly backend: BackendName;
  readonly threads?: number;
  readonly json?: boolean;
}

export function evaluateCommand(): Command {
  return new Command("evaluate")
    .description("Ask a trained model, and tell what verifiers say of its responses.")
    .argument("<checkpoint>", "the folder of a training or an alignment, or one of its checkpoints")
    .option("--prompts <file>", "what is asked: JSONL, JSON or CSV; a glob; again for more", collected(String))
    .option(
      "--verify <name[=params]>",
      "what scores responses: a verifier's name or ./file.ts, with parameters (JSON or YAML); again for more",
      collected(nameAndValue),
    )
    .option("--config <file>", "prompts, verify and the rest as YAML, or an alignment's config with `evaluate`")
    .option("--against <checkpoint>", "another model, asked the same: how often which one does better")
    .option("--samples <n>", "responses to a prompt (default: 1)", positiveInt)
    .option("--temperature <t>", "0 takes the likeliest token (default: 0)", fromZero)
    .option("--top-p <share>", "draw from the likeliest tokens that have this share together", share)
    .option("--max-tokens <n>", "of a response (default: 64)", positiveInt)
    .option("--stop <text>", "ends a response; again for more", collected(String))
    .option(
      "--k <numbers>",
      "of pass@k, between commas (default: 1 and --samples, where there are several)",
      wholeNumbers,
    )
    .option("--template <name>", "how prompts are put (default: as the model was aligned, else chat)")
    .option("--seed <n>", "the same seed, the same responses (default: 1)", wholeNumber)
    .option("--tokenizer <name>", "name or path, where the model's own name does not lead to it")
    .addOption(new Option("--backend <name>", "what computes").choices(BACKENDS).default("onnx"))
    .option("--threads <n>", "by default one a core; results do not depend on it", positiveInt)
    .option("--out <file>", "a line for each response, with its scores; .gz and .zst too")
    .option("--json", "notes as JSON lines; the last line is the result")
    .addHelpText(
      "after",
      `
Means are over prompts, with 95 % intervals by Wilson; pass@k is the chance that one of k responses has the full score.
"reward" is several verifiers together, as a share of the most that they give.
Rows that the model has no room for, or that a verifier cannot judge responses to, are left out and told.

Examples:
  sluice align evaluate tiny-grpo --prompts test.jsonl --verify numeric='{"field": "answer"}' --against tiny-sft
  sluice align evaluate tiny-grpo --prompts test.jsonl --verify numeric --samples 8 --temperature 1 --k 1,4,8
  sluice align evaluate tiny-grpo --config grpo.yaml --out responses.jsonl
`,
    )
    .action(evaluate);
}

async function evaluate(folder: string, flags: Flags): Promise<void> {
  const { against, out, tokenizer, backend: name, threads, json = false, ...given } = flags;
  const plan = evaluationPlan(given);
  if (out === STDOUT) throw new RecipeError("--out -: the result goes to standard output; expected the name of a file");
  const note = (message: string): void => {
    if (json) console.log(JSON.stringify({ type: "note", message }));
    else console.error(`note: ${message}`);
  };
  const read = await readPrompts(plan.files, readingOf(plan), plan.promptsPlace);
  tellFaults(read.faults, { note });
  // A token is little work: threads that wait for each other at full speed cost more than they save.
  const backend = await (name === "onnx"
    ? onnxBackend({ spinning: false, ...(threads && { threads }) })
    : backendNamed(name, threads));
  const { template, verify, samples, k } = plan;
  const folders = against === undefined ? [folder] : [folder, against];
  const respondents = [];
  for (const one of folders) respondents.push(await respondentOf(one, { backend, tokenizer, template, note }));
  const output = out === undefined ? undefined : new LineWriter(await openOutput(out, plan.files), out);
  const progress = openProgress();
  try {
    const { labels, responses } = await ask(
      respondents,
      { prompts: read.rows, verify, folder: plan.folder, place: plan.place, drawing: plan },
      {
        note,
        onFaults: (respondent, faults) =>
          tellFaults(faults, { note: (message) => note(`${respondent.name}: ${message}`) }),
        onProgress: (done, all) => progress.show(done / all, () => `${plural(done, "prompt")} of ${all}`),
      },
    );
    progress.close();
    if (responses[0]!.length === 0) {
      throw new RecipeError(
        `${plan.promptsPlace}: none of ${plural(read.rows.length, "prompt")} can be asked and judged`,
      );
    }
    const options: SummaryOptions = { verify, labels, samples, ks: k };
    const summaries = responses.map((some) => summarize(some, options));
    const compared = against === undefined ? undefined : compareResponses(responses[0]!, responses[1]!, options);
    for (const [n, some] of responses.entries()) {
      for (const response of some) await output?.write(JSON.stringify(lineOf(folders[n]!, response)));
    }
    await output?.finish();
    if (json) {
      const models = folders.map((model, n) => ({ model, ...summaries[n]! }));
      console.log(JSON.stringify({ type: "done", models, ...(compared && { compared }) }));
      return;
    }
    for (const [n, summary] of summaries.entries()) console.log(`${describe(folders[n]!, summary, k)}\n`);
    if (compared !== undefined) console.log(`${describeCompared(folder, against!, compared)}\n`);
  } finally {
    progress.close();
    await output?.discard();
  }
}

function readingOf({ prompts }: EvaluationPlan): Parameters<typeof readPrompts>[1] {
  const { files: _, ...reading } = prompts;
  return reading as Parameters<typeof readPrompts>[1];
}

function lineOf(model: string, { question, text, ids, isCut, reward, verified }: JudgedRollout): object {
  const { place, messages } = question.prompt;
  return { model, place, prompt: messages, response: text, tokens: ids.length, isCut, reward, scores: verified };
}

function describe(
  name: string,
  { prompts, samples, tokensMean, truncated, scores }: ResponsesSummary,
  ks: readonly number[],
): string {
  const responses = samples === 1 ? "a response to each" : `${plural(samples, "response")} to each`;
  const failures = scores.some(({ failed }) => failed > 0);
  const rows = scores.flatMap(({ name, mean, passAt, parts, failed, constraints }) => [
    [name, estimate(mean), ...ks.map((k) => estimate(passAt[k]!)), ...(failures ? [String(failed)] : [])],
    ...(constraints === undefined
      ? Object.entries(parts).map(([part, value]) => [`  ${part}`, value.toFixed(3)])
      : (["prompt", "instruction"] as const).flatMap((level) =>
          (["strict", "loose"] as const).map((mode) => [`  by ${level}, ${mode}`, estimate(constraints[level][mode])]),
        )),
  ]);
  const head = ["", "mean", ...ks.map((k) => `pass@${k}`), ...(failures ? ["failed"] : [])];
  return [
    `${name}: ${plural(prompts, "prompt")}, ${responses}, ${tokensMean.toFixed(1)} tokens on average, ${percent(truncated, 1)} cut`,
    "",
    table([head, ...rows]),
  ].join("\n");
}

function describeCompared(first: string, second: string, compared: readonly ComparedScores[]): string {
  const rows = compared.map(({ name, wins, ties, losses, rate, difference }) => [
    name,
    ...[wins, ties, losses].map(String),
    estimate(rate),
    `${signed(difference.estimate, DECIMALS)} [${signed(difference.low, DECIMALS)}, ${signed(difference.high, DECIMALS)}]`,
  ]);
  return [
    `${first} against ${second}, prompt by prompt; ties count half:`,
    "",
    table([["", "wins", "ties", "losses", "win rate", "difference"], ...rows]),
  ].join("\n");
}

const DECIMALS = 3;

function estimate(value: Estimate): string {
  return `${value.estimate.toFixed(DECIMALS)} ${range(value, DECIMALS)}`;
}

function share(text: string): number {
  const value = probability(text);
  if (value !== undefined && value > 0) return value;
  throw new InvalidArgumentError(`expected a number above 0, to 1, found ${JSON.stringify(text)}`);
}

function fromZero(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError(`expected a number from 0, found ${JSON.stringify(text)}`);
}
