import { availableParallelism } from "node:os";
import { Command } from "commander";
import { registry } from "../../index.ts";
import { dedupOptionsOf } from "../dedup-options.ts";
import { type Estimate, estimate, type Interval } from "../estimate.ts";
import { makePlan, type Plan, planWarnings } from "../plan.ts";
import { readRecipe } from "../recipe.ts";
import { DEFAULT_CACHE } from "../run.ts";
import { labelOf } from "../stage.ts";
import { isExperiment, planExperimentAndShow } from "./plan-experiment.ts";
import { positiveInt } from "./run.ts";
import { bytes, count, duration, plural, table } from "./show.ts";

export function planCommand(): Command {
  return new Command("plan")
    .description(
      "Check a recipe or an experiment, show what it will do, and estimate from a sample: time, memory, tokens and drop rates; of an experiment also FLOPs, epochs, and what difference it can find.",
    )
    .argument("<file>", "recipe or experiment, YAML or JSON")
    .option("--workers <n>", "worker threads the estimate is for (default: one for each core)", positiveInt)
    .option("--cache <dir>", `of an experiment: where its work is kept (default: ${DEFAULT_CACHE})`)
    .option("--no-sample", "read nothing: show the plan alone")
    .option("--json", "plan and estimate as JSON")
    .addHelpText("after", "\nExample:\n  sluice plan recipe.yaml --workers 8\n  sluice plan experiment.yaml\n")
    .action(async (path: string, flags: { workers?: number; cache?: string; sample: boolean; json?: boolean }) => {
      if (isExperiment(path)) return planExperimentAndShow(path, flags);
      const plan = await makePlan(await readRecipe(path, registry));
      const workers = flags.workers ?? availableParallelism();
      if (flags.json !== true) console.log(describe(plan));
      const estimated = flags.sample ? await estimate(plan, { workers }) : undefined;
      if (flags.json === true) {
        const { recipe, inputs, spans } = plan;
        const stages = [recipe.source, ...recipe.stages, recipe.sink].map(({ identity }) => identity);
        console.log(
          JSON.stringify({
            type: "plan",
            inputs: inputs.map(({ spans: _, ...input }) => input),
            spans: spans.length,
            stages,
            warnings: planWarnings(plan),
            estimate: estimated ?? null,
          }),
        );
      } else if (estimated !== undefined) console.log(describeEstimate(estimated, workers, plan));
    });
}

function describe(plan: Plan): string {
  const { recipe, inputs, spans } = plan;
  const total = inputs.reduce((sum, input) => sum + input.bytes, 0);
  const steps = [recipe.source, ...recipe.stages, recipe.sink].map(({ spec, identity }, i) => [
    `${i}  ${labelOf(spec)}`,
    ` ${JSON.stringify(identity.params)}  ${identity.code.slice(0, 20)}`,
  ]);
  const width = Math.max(...steps.map(([name]) => name!.length));
  return [
    `${plural(inputs.length, "input")}, ${bytes(total)}, in ${plural(spans.length, "span")}`,
    ...inputs.slice(0, 5).map((input) => `  ${input.file}  ${bytes(input.bytes)}`),
    ...(inputs.length > 5 ? [`  … and ${count(inputs.length - 5)} more`] : []),
    "steps",
    ...steps.map(([name, rest]) => `  ${name!.padEnd(width)} ${rest}`),
    ...planWarnings(plan).map((warning) => `note: ${warning}`),
  ].join("\n");
}

function describeEstimate(e: Estimate, workers: number, { recipe }: Plan): string {
  const range = ({ estimate: mid, low, high }: Interval, show: (n: number) => string) => [
    show(mid),
    `${show(low)} … ${show(high)}`,
  ];
  const share = (n: number) => `${(100 * n).toFixed(1)} %`;
  const areCompared = recipe.stages.some(
    ({ definition, spec }) => definition.kind === "dedup" && dedupOptionsOf(spec.params).against.length > 0,
  );
  return [
    `estimate from ${count(e.sampledPages)} pages (${bytes(e.sampledBytes)}), 90 % intervals`,
    table([
      [`time on ${workers} workers`, ...range(e.seconds, duration)],
      ["pages", ...range(e.pages, (n) => count(Math.round(n)))],
      ["kept", ...range(e.kept, (n) => count(Math.round(n)))],
      ["tokens", ...range(e.tokens, (n) => count(Math.round(n)))],
      ["disk", ...range(e.diskBytes, (n) => bytes(Math.round(n)))],
      ["memory", `${count(e.memoryMb)} MB`],
      ...Object.entries(e.droppedBy).map(([stage, rate]) => [`lost to ${stage}`, ...range(rate, share)]),
    ]),
    `duplicates between the pieces of the sample${areCompared ? ", and of earlier runs," : ""} are not seen: deduplication will take at least what is shown`,
  ].join("\n");
}
