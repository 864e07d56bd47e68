import { Command, InvalidArgumentError, Option } from "commander";
import {
  bitsPerByte,
  contextPolicy,
  countWords,
  perplexity,
  scoreDocuments,
} from "../../eval/measure/bits-per-byte.ts";
import { type HeldOutDomain, readDomain } from "../../eval/measure/documents.ts";
import { modelScorer } from "../../eval/measure/model-scorer.ts";
import type { Scorer } from "../../eval/measure/scorer.ts";
import { readTask, scoreTask, type Task, type TaskScores } from "../../eval/measure/tasks/index.ts";
import {
  armScores,
  domainEstimates,
  type Estimate,
  type UnclusteredDomain,
  unclusteredDomains,
} from "../../eval/statistics/index.ts";
import type { Observations } from "../../eval/statistics/observations.ts";
import { BACKENDS, type BackendName, backendNamed } from "../../trainer/backends/index.ts";
import { loadTrainedModel } from "../../trainer/checkpoint/trained-model.ts";
import { RecipeError } from "../errors.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { interruptible } from "./interruptible.ts";
import { openProgress } from "./progress.ts";
import { positiveInt } from "./run.ts";
import { bytes, count, duration, table } from "./show.ts";
import { tokenizerOf } from "./tokenizer-of.ts";

/** By name, the files that were given under it. */
type NamedFiles = Readonly<Record<string, readonly string[]>>;

interface Flags {
  documents?: NamedFiles;
  tasks?: NamedFiles;
  maxBytes?: number;
  limit?: number;
  tokenizer?: string;
  backend: BackendName;
  threads?: number;
  json?: boolean;
}

export function evalCommand(): Command {
  return new Command("eval")
    .description("Measure a model: bits per byte of held-out documents, and tasks by log-likelihood.")
    .argument("<checkpoint>", "a training run's folder, or one of its checkpoints")
    .option("--documents <name=file...>", "a domain of held-out text, .txt or .jsonl; a name may have several", named)
    .option("--tasks <name=file...>", "questions; docs/evaluation.md tells their formats", named)
    .option("--max-bytes <n>", "of a domain, as many documents as go into so many bytes", positiveInt)
    .option("--limit <n>", "of a task, the first so many questions (of each subject)", positiveInt)
    .option("--tokenizer <name>", "name or path, where the model's own name does not lead to it")
    .addOption(new Option("--backend <name>").choices(BACKENDS).default("onnx"))
    .option("--threads <n>", "by default one a core; results do not depend on it", positiveInt)
    .option("--json", "a JSON object a domain and a task; the last line is the result")
    .addHelpText(
      "after",
      `
Examples:
  sluice eval tiny --documents books=held-out/books.jsonl "news=held-out/news/*.txt.gz"
  sluice eval tiny --documents web=web.jsonl --tasks copa=copa.jsonl piqa=piqa.jsonl --json
`,
    )
    .action(async (folder: string, flags: Flags) => {
      await interruptible("evaluation was stopped; nothing is kept of it", (signal) => evaluate(folder, flags, signal));
    });
}

function named(text: string, before: NamedFiles = {}): NamedFiles {
  const [, name, file] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError(`expected NAME=FILE, found ${JSON.stringify(text)}`);
  if (name === "__proto__")
    throw new InvalidArgumentError(`a name cannot be "__proto__"; found ${JSON.stringify(text)}`);
  const files = Object.hasOwn(before, name) ? before[name]! : [];
  return { ...before, [name]: [...files, file!] };
}

interface DomainResult extends Estimate {
  readonly name: string;
  readonly documents: number;
  readonly clusters: number;
  readonly bytes: number;
  readonly tokens: number;
  readonly sha256: string;
  readonly bytePerplexity: number;
  readonly wordPerplexity: number;
}

type TaskResult = Omit<TaskScores, "items"> & { readonly items: number };

interface Measured {
  readonly domains: readonly DomainResult[];
  /** Mean over domains, with an interval over documents. */
  readonly macro: Estimate | undefined;
  readonly worst: string | undefined;
  readonly tasks: readonly TaskResult[];
  /** Domains whose intervals may be too narrow: of one cluster, or (sampled by nothing) of one document, without any. */
  readonly unclustered: readonly UnclusteredDomain[];
}

async function evaluate(folder: string, flags: Flags, signal: AbortSignal): Promise<void> {
  const { documents = {}, tasks = {}, json = false, backend, threads } = flags;
  if (flags.documents === undefined && flags.tasks === undefined) {
    throw new RecipeError("nothing to measure: give --documents NAME=FILE or --tasks NAME=FILE");
  }
  const model = await loadTrainedModel(folder);
  const tokenizer = await tokenizerOf(model.tokenizer, flags.tokenizer);
  if (tokenizer === undefined) {
    throw new RecipeError(`tokenizer: "${model.tokenizer.name}" is not to be found; give its path (--tokenizer)`);
  }
  // All that is asked for is read first: a wrong name is told before anything is computed.
  const domains: HeldOutDomain[] = [];
  for (const [name, files] of Object.entries(documents)) {
    domains.push(await readDomain(name, files, flags.maxBytes === undefined ? {} : { maxBytes: flags.maxBytes }));
  }
  const questions: Task[] = [];
  for (const [name, files] of Object.entries(tasks)) {
    questions.push(await readTask(name, files, flags.limit === undefined ? {} : { limit: flags.limit }));
  }
  const scorer = await modelScorer(model, await backendNamed(backend, threads));
  const startMs = performance.now();
  try {
    const measured = await measure(domains, questions, { tokenizer, scorer, signal, json });
    const seconds = (performance.now() - startMs) / 1000;
    const policy = contextPolicy(scorer);
    if (!json) console.log(describe(measured, policy, seconds));
    else {
      const { name, digest } = tokenizer;
      const made = { checkpoint: folder, tokenizer: { name, digest }, contextPolicy: policy };
      console.log(JSON.stringify({ type: "done", ...made, ...measured, seconds }));
    }
  } finally {
    await scorer.close();
  }
}

interface Means {
  readonly tokenizer: Tokenizer;
  readonly scorer: Scorer;
  readonly signal: AbortSignal;
  /** Whether each result is told as soon as it is there. */
  readonly json: boolean;
}

async function measure(domains: readonly HeldOutDomain[], tasks: readonly Task[], means: Means): Promise<Measured> {
  const { tokenizer, scorer, signal, json } = means;
  const results: DomainResult[] = [];
  const nats: Float64Array[] = [];
  for (const domain of domains) {
    let tokens = 0;
    nats.push(
      await withProgress(domain.name, "tokens", (onProgress) =>
        scoreDocuments(domain.documents, tokenizer, scorer, {
          onProgress: (done, all) => {
            tokens = all;
            onProgress(done, all);
          },
          signal,
        }),
      ),
    );
    results.push(domainResult(domain, nats.at(-1)!, tokens));
    if (json) console.log(JSON.stringify({ type: "domain", ...results.at(-1) }));
  }
  const taskResults: TaskResult[] = [];
  for (const task of tasks) {
    const { items, ...scores } = await withProgress(task.name, "questions", (onProgress) =>
      scoreTask(task, tokenizer, scorer, { onProgress, signal }),
    );
    taskResults.push({ ...scores, items: items.length });
    if (json) console.log(JSON.stringify({ type: "task", ...taskResults.at(-1) }));
  }
  const observations = observationsOf(domains, nats);
  const [whole] = domains.length === 0 ? [] : armScores(observations);
  const worst = results.toSorted((a, b) => b.estimate - a.estimate)[0]?.name;
  return {
    domains: results,
    macro: whole && { estimate: whole.estimate, low: whole.low, high: whole.high },
    worst,
    tasks: taskResults,
    unclustered: unclusteredDomains(observations),
  };
}

async function withProgress<T>(
  name: string,
  unit: string,
  work: (onProgress: (done: number, all: number) => void) => Promise<T>,
): Promise<T> {
  const progress = openProgress();
  try {
    return await work((done, all) => {
      progress.show(done / all, () => `${name}: ${count(done)} of ${count(all)} ${unit}`);
    });
  } finally {
    progress.close();
  }
}

/** What one model is measured to be, for statistics that know arms and seeds. */
function observationsOf(domains: readonly HeldOutDomain[], nats: readonly Float64Array[]): Observations {
  return {
    domains: domains.map(({ name, documents }) => ({ name, items: documents })),
    arms: [{ arm: "the model", seeds: [{ seed: 0, nats }] }],
  };
}

function domainResult(domain: HeldOutDomain, nats: Float64Array, tokens: number): DomainResult {
  const { name, sha256, documents } = domain;
  const all = nats.reduce((sum, one) => sum + one, 0);
  const textBytes = documents.reduce((sum, document) => sum + document.bytes, 0);
  const words = documents.reduce((sum, { text }) => sum + countWords(text), 0);
  const { low, high } = domainEstimates(observationsOf([domain], [nats]))[0]!.byArm[0]!;
  return {
    name,
    documents: documents.length,
    clusters: new Set(documents.map(({ cluster }) => cluster)).size,
    bytes: textBytes,
    tokens,
    sha256,
    estimate: bitsPerByte(all, textBytes),
    low,
    high,
    bytePerplexity: perplexity(all, textBytes),
    wordPerplexity: perplexity(all, words),
  };
}

function describe(measured: Measured, policy: string, seconds: number): string {
  const { domains, tasks } = measured;
  return [
    ...(domains.length > 0 ? [domainTable(measured), `read: ${policy}`, ...notes(measured)] : []),
    ...(tasks.length > 0 ? [taskTable(tasks)] : []),
    duration(seconds),
  ].join("\n");
}

function domainTable({ domains, macro, worst }: Measured): string {
  const interval = ({ estimate, low, high }: Estimate): string[] => [
    estimate.toFixed(4),
    low < high ? `${low.toFixed(4)} … ${high.toFixed(4)}` : "–",
  ];
  const rows = [
    ["", "documents", "clusters", "text", "bits per byte", "95 %", "perplexity of a byte", "of a word"],
    ...domains.map((domain) => [
      domain.name,
      ...[count(domain.documents), count(domain.clusters), bytes(domain.bytes), ...interval(domain)],
      ...[domain.bytePerplexity.toFixed(3), domain.wordPerplexity.toPrecision(4)],
    ]),
    ["mean of domains", "", "", "", ...interval(macro!), "", ""],
  ];
  return `${table(rows)}\nworst: ${worst}`;
}

function notes({ unclustered }: Measured): string[] {
  return [
    "Intervals are over documents, by cluster; what another seed of training would change is not in them.",
    ...unclustered.map(({ domain, sampledBy }) =>
      sampledBy === "items"
        ? `note: ${domain} is one cluster; its documents were taken for independent, so the interval may be too narrow`
        : `note: ${domain} is one document, which tells no spread; in the mean's interval it counts as none`,
    ),
  ];
}

function taskTable(tasks: readonly TaskResult[]): string {
  return table([
    ["", "questions", "metric", "value", "standard error", "guessing"],
    ...tasks.flatMap(({ task, items, metrics, chance }) =>
      metrics.map(({ name, value, stderr }, n) => [
        ...(n === 0 ? [task, count(items)] : ["", ""]),
        ...[name, value.toFixed(4), stderr?.toFixed(4) ?? "–"],
        chance !== undefined && name.startsWith("acc") ? chance.toFixed(4) : "",
      ]),
    ),
  ]);
}
