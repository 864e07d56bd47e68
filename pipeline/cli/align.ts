import { resolve } from "node:path";
import { Command } from "commander";
import { loadAnyTokenizer } from "../../tokenizer/load.ts";
import { readAlignConfig } from "../../trainer/align/config.ts";
import type { MethodDefinition, Metrics } from "../../trainer/align/method.ts";
import { METHODS } from "../../trainer/align/methods/index.ts";
import { type AlignEvent, type AlignResult, runAlignment } from "../../trainer/align/run.ts";
import { BACKENDS, backendNamed } from "../../trainer/backends/index.ts";
import { evaluateCommand } from "./align/evaluate.ts";
import { lintCommand } from "./align/lint.ts";
import { bytesOfIds } from "./bytes-of-ids.ts";
import { type OfType, openDisplay, type Words } from "./event-display.ts";
import { GOES_ON, interruptible } from "./interruptible.ts";
import { positiveInt } from "./run.ts";
import { bar, count, duration, plural, table } from "./show.ts";
import { tokenizerOf } from "./tokenizer-of.ts";

/** Metrics of a line: more do not fit. */
const SHOWN = 5;

interface Flags {
  out?: string;
  from?: string;
  seed?: number;
  threads?: number;
  backend?: string;
  json?: boolean;
}

export function alignCommand(): Command {
  const command = new Command("align").description(
    "Adapt a trained model: to examples (sft), to preferences (dpo), to what can be verified (expert-iteration, ppo, grpo).",
  );
  for (const method of METHODS.values()) command.addCommand(commandOf(method));
  command.addCommand(evaluateCommand()).addCommand(lintCommand());
  for (const inner of command.commands) inner.exitOverride();
  return command;
}

function commandOf(method: MethodDefinition): Command {
  return new Command(method.name)
    .description(`${method.summary} Run it again after an interruption: it goes on.`)
    .argument("<config>", "a YAML or JSON file; docs/alignment.md tells its fields")
    .option("--out <folder>", "instead of the config's")
    .option("--from <folder>", "the model to begin from, instead of the config's")
    .option("--seed <n>", "instead of the config's", positiveInt)
    .option("--threads <n>", "by default one a core; results do not depend on it", positiveInt)
    .option("--backend <name>", `${BACKENDS.join(", ")}, instead of the config's`)
    .option("--json", "events as JSON lines; the last is the result")
    .addHelpText(
      "after",
      `\nExample:\n  sluice align ${method.name} ${method.name}.yaml\n\n${method.name}.yaml:\n${method.example}`,
    )
    .action((path: string, flags: Flags) => align(method, path, flags));
}

async function align(method: MethodDefinition, path: string, { json = false, ...flags }: Flags): Promise<void> {
  const plan = readAlignConfig(path, method, overridesOf(flags));
  const backend = await backendNamed(plan.backend, plan.threads);
  await interruptible(GOES_ON, async (signal) => {
    const display = openDisplay(json, WORDS);
    try {
      const result = await runAlignment(plan, {
        backend,
        tokenizerOf: ({ name, digest }, given) =>
          digest === undefined ? loadAnyTokenizer(given ?? name) : tokenizerOf({ name, digest }, given),
        bytesOfId: bytesOfIds,
        onEvent: display.onEvent,
        signal,
      });
      display.close();
      console.log(json ? JSON.stringify({ type: "done", ...result }) : describe(result));
    } finally {
      display.close();
    }
  });
}

/** A folder given here is relative to where the command runs, as everywhere on a command line. */
function overridesOf({ out, from, ...flags }: Omit<Flags, "json">): Record<string, unknown> {
  return {
    ...flags,
    ...(out !== undefined && { out: resolve(out) }),
    ...(from !== undefined && { from: resolve(from), model: undefined }),
  };
}

const WORDS: Words<AlignEvent, "step" | "working"> = {
  progress: ["step", "working"],
  live: (event) => `${bar(shareOf(event), 30)} ${progressLine(event)}`,
  plain: progressLine,
  isDue: (event) => event.type === "step" && event.step === event.steps,
  line: describeEvent,
};

function shareOf(event: OfType<AlignEvent, "step" | "working">): number {
  return event.type === "step" ? event.step / event.steps : event.done / event.all;
}

function progressLine(event: OfType<AlignEvent, "step" | "working">): string {
  if (event.type === "working") return `${event.what}: ${count(event.done)} of ${count(event.all)}`;
  const { step, steps, seconds, metrics } = event;
  return `step ${count(step)}/${count(steps)}  about ${duration((steps - step) * seconds)} left  ${shown(metrics)}`;
}

function describeEvent(event: Exclude<AlignEvent, { type: "step" | "working" }>): string | undefined {
  switch (event.type) {
    case "start": {
      const from = event.from > 0 ? `, going on from step ${count(event.from)}` : "";
      return `${event.method}, ${plural(event.steps, "step")}${from} → ${event.out}`;
    }
    case "note":
      return `note: ${event.message}`;
    case "evaluation":
      return told(`step ${count(event.step)}`, event.metrics);
    case "prepared":
      return told("prepared", event.metrics);
    case "checkpoint":
      return undefined;
  }
}

/** Nothing where all that there is was spent: that is told at the end. */
function told(what: string, metrics: Metrics): string | undefined {
  const all = shown(metrics, Number.POSITIVE_INFINITY);
  return all === "" ? undefined : `${what}: ${all}`;
}

function shown(metrics: Metrics, most = SHOWN): string {
  const named = Object.entries(metrics).filter(([name]) => !name.startsWith("spent/"));
  return named
    .slice(0, most)
    .map(([name, value]) => `${name} ${rounded(value)}`)
    .join("  ");
}

function rounded(value: number): string {
  return Number.isInteger(value) ? count(value) : Number(value.toPrecision(4)).toString();
}

function describe({ method, steps, out, before, after, probe, spent, seconds, digest }: AlignResult): string {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  const cell = (metrics: Metrics | undefined, name: string) =>
    metrics?.[name] === undefined ? "" : rounded(metrics[name]);
  return [
    `${method}: ${plural(steps, "step")} in ${duration(seconds)}`,
    ...(names.length > 0
      ? [table([["", "before", "after"], ...names.map((name) => [name, cell(before, name), cell(after, name)])])]
      : []),
    ...(probe ? [`${probe.flagged ? "warning: " : ""}${probe.sentence}`] : []),
    ...Object.entries(spent).map(([name, value]) => `${name.slice("spent/".length)}: ${count(value)}`),
    `${out}/model.safetensors, log.jsonl, samples.jsonl; checkpoint ${digest.slice(0, 16)}…`,
  ].join("\n");
}
