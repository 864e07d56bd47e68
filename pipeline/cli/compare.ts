import { appendFileSync, mkdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { Command } from "commander";
import { compare } from "../../eval/experiment/compare.ts";
import type { ExperimentEvent } from "../../eval/experiment/events.ts";
import { type Experiment, readExperiment } from "../../eval/experiment/experiment.ts";
import { prepare } from "../../eval/experiment/prepare.ts";
import { reportSummary } from "../../eval/report/index.ts";
import { registry } from "../../index.ts";
import { EXIT, exitCode, RecipeError } from "../errors.ts";
import { DEFAULT_CACHE } from "../run.ts";
import { type OfType, openDisplay, type Words } from "./event-display.ts";
import { GOES_ON, interruptible } from "./interruptible.ts";
import { positiveInt } from "./run.ts";
import { bar, count, duration, percent } from "./show.ts";

interface Flags {
  out?: string;
  cache?: string;
  workers?: number;
  jobs?: number;
  lint?: boolean;
  json?: boolean;
}

export function compareCommand(): Command {
  return new Command("compare")
    .description(
      "Which curation choice is better? Curates, trains and measures every arm of an experiment, and reports verdicts with intervals. Run it again after an interruption, or with a variant changed: it goes on.",
    )
    .argument("<experiment>", "a YAML or JSON file; docs/evaluation.md tells its fields")
    .option("--out <folder>", "of the report, instead of the experiment's")
    .option("--cache <dir>", `where work is kept (default: ${DEFAULT_CACHE})`)
    .option("--workers <n>", "worker threads of curation (default: one for each core)", positiveInt)
    .option("--jobs <n>", "models that are trained at once (default: one for each core)", positiveInt)
    .option("--lint", "check that it is an experiment and that its recipes can run, and do nothing else")
    .option("--json", "events as JSON lines; the last is the result")
    .addHelpText(
      "after",
      `
Example:
  sluice plan experiment.yaml       # what it will cost, and what it can find
  sluice compare experiment.yaml

experiment.yaml:
  hypothesis: Gopher's rules make a better corpus of an English crawl.
  expect: { arm: gopher, sign: better, by: 0.01 }      # bits per byte
  factor: stages
  base:
    source: { use: warc, with: { files: ["crawl/*.warc.gz"] } }
    stages: [{ use: extract-html }, { use: language, with: { keep: [en] } }]
  variants:
    - name: gopher
      add: [{ use: gopher-repetition }, { use: gopher-quality }]
  model: { layers: 4, width: 128, heads: 4, contextLength: 256, tied: true }
  budget: { tokens: 1000000 }
  seeds: 3
  heldOut:
    domains: { books: books.txt, news: news.jsonl, encyclopedia: wiki.jsonl }
`,
    )
    .action(async (path: string, flags: Flags) => {
      const experiment = readExperiment(path);
      if (flags.lint === true) {
        await prepare(experiment, { registry, cache: resolve(flags.cache ?? DEFAULT_CACHE) });
        console.log(flags.json ? JSON.stringify({ type: "done", sound: true }) : `${path}: this is an experiment`);
        return;
      }
      await compareAndShow(experiment, { ...flags, command: `sluice compare ${path}` });
    });
}

/** Runs an experiment with a display; Ctrl-C ends it behind what is under way. */
export async function compareAndShow(
  experiment: Experiment,
  flags: Flags & { readonly command: string },
): Promise<void> {
  const out = flags.out === undefined ? resolve(experiment.folder, experiment.out) : resolve(flags.out);
  const log = openLog(out);
  const display = openDisplay(flags.json === true, WORDS);
  try {
    const data = await interruptible(GOES_ON, (signal) =>
      compare(experiment, {
        registry,
        out,
        command: flags.command,
        ...(flags.cache !== undefined && { cache: flags.cache }),
        ...(flags.workers !== undefined && { workers: flags.workers }),
        ...(flags.jobs !== undefined && { jobs: flags.jobs }),
        signal,
        onEvent: (event) => {
          if (event.type !== "progress") appendFileSync(log, `${JSON.stringify(event)}\n`);
          display.onEvent(event);
        },
      }),
    );
    display.close();
    const { id, pairs, conclusion, warnings } = data;
    if (flags.json) console.log(JSON.stringify({ type: "done", id, out, pairs, conclusion, warnings }));
    else console.log(`${reportSummary(data)}\n\n${relative("", join(out, "report.html")) || "report.html"}`);
  } finally {
    display.close();
  }
}

/** The log in the folder of the report, which is made; raises RecipeError where nothing can be written. */
function openLog(out: string): string {
  const log = join(out, "log.jsonl");
  try {
    mkdirSync(out, { recursive: true });
    appendFileSync(log, "");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (exitCode(error) === EXIT.retry) throw error;
    throw new RecipeError(`${out}: cannot hold the report (${code ?? message}): expected a folder that can be written`);
  }
  return log;
}

const WORDS: Words<ExperimentEvent, "progress"> = {
  progress: ["progress"],
  live: progressLine,
  plain: progressLine,
  line: describe,
};

function progressLine({ unit, share, etaSeconds }: OfType<ExperimentEvent, "progress">): string {
  const eta = etaSeconds === undefined ? "" : `about ${duration(etaSeconds)} left for all  `;
  return `${bar(share, 30)} ${percent(share, 1)}  ${eta}${unit}`;
}

function describe(event: Exclude<ExperimentEvent, { type: "progress" }>): string {
  if (event.type === "unit") return `${event.unit}: ${event.reused ? "found" : duration(event.seconds)}`;
  if (event.type === "note") return `note: ${event.unit}: ${event.message}`;
  const { arms, seeds, models, modelsReused, trainingTokens, trainingFlops, alignments } = event;
  const found = modelsReused === 0 ? "" : `, ${count(modelsReused)} of them found`;
  return `${count(arms)} arms, ${count(seeds)} seeds: ${count(models)} models${found}; ${count(trainingTokens)} tokens to train on, ${trainingFlops.toExponential(1)} FLOPs${alignments === undefined ? "" : `; ${count(alignments)} alignments`}`;
}
