import { Command } from "commander";
import type { Warning } from "../../../eval/report/report-data.ts";
import { aboutArm, analyse, NO_ARM } from "../../../eval/scaling/analysis.ts";
import { type Plan, planFor } from "../../../eval/scaling/plan.ts";
import { table } from "../show.ts";
import {
  aboveZero,
  analysisOptions,
  COLUMNS_HELP,
  describeColumns,
  figure,
  type LawFlags,
  readMeasuredRuns,
  short,
  withLawFlags,
} from "./input.ts";

/** Budgets this many times what the costliest run took rest on the form of the law more than on the runs. */
const FAR = 10;
/** Methods that disagree by more than this are no plan. */
const DISAGREE = 1.25;

interface Flags extends LawFlags {
  flops: number;
}

export function planCommand(): Command {
  return withLawFlags(
    new Command("plan")
      .description("Model size and tokens that a FLOPs budget is best spent on, by three methods.")
      .argument("<file>", "a table of runs, CSV or JSON"),
  )
    .requiredOption("--flops <n>", "the budget, such as 1e21", aboveZero)
    .exitOverride()
    .addHelpText(
      "after",
      `${COLUMNS_HELP}

Methods: parametric, from the law that "sluice scale fit" fits; min-run and quadratic, from runs that spent equal FLOPs on
three model sizes or more (Hoffmann et al. 2022, approaches 3 and 2).

Example:
  sluice scale plan isoflops_curves.json --flops 1e23
`,
    )
    .action((path: string, flags: Flags) => {
      const { columns, runs } = readMeasuredRuns(path, flags);
      const { arms, warnings } = analyse(runs, analysisOptions(path, flags));
      const plans = arms.map(({ arm, runs: ofArm, laws: [law] }) => ({
        arm,
        ...planFor(flags.flops, ofArm, law!.law, law!.resampled),
      }));
      const all = [...warnings, ...plans.flatMap((plan) => warningsOf(plan.arm, plan))];
      if (flags.json === true) {
        const read = Object.fromEntries(columns);
        console.log(JSON.stringify({ type: "scale-plan", file: path, columns: read, plans, warnings: all }));
        return;
      }
      console.log(
        [
          describeColumns(path, columns),
          ...plans.flatMap((plan) => describe(plan.arm, plan)),
          ...all.map(({ kind, message }) => `warning (${kind}): ${message}`),
        ].join("\n"),
      );
    });
}

function warningsOf(arm: string, { shapes, spread, extrapolation, flops }: Plan): Warning[] {
  const warnings: Warning[] = [];
  const add = (kind: string, message: string) => warnings.push({ kind, message: aboutArm(arm, message) });
  if (extrapolation > FAR) {
    add(
      "extrapolation",
      `${short(flops)} FLOPs are ${figure(extrapolation)} times what the costliest run took: train closer to it first`,
    );
  }
  if (shapes.length === 1)
    add(
      "isoflop",
      "no isoFLOP method: fewer than two budgets were spent on so many model sizes (three or more) that one between is best",
    );
  else if (spread > DISAGREE)
    add("spread", `methods disagree: the largest model is ${figure(spread)} times the smallest`);
  return warnings;
}

function describe(arm: string, { flops, shapes, spread }: Plan): string[] {
  const rows = shapes.map(({ method, params, tokens, interval, loss }) => [
    method,
    figure(params),
    interval === undefined ? "" : `${figure(interval.low)} to ${figure(interval.high)}`,
    figure(tokens),
    figure(tokens / params),
    figure(loss),
  ]);
  return [
    `${arm === NO_ARM ? "" : `arm ${arm}, `}${short(flops)} FLOPs`,
    table([["", "parameters", "95 %", "tokens", "tokens a parameter", "loss by the law"], ...rows]),
    ...(shapes.length === 1 ? [] : [`  spread of methods: ${figure(spread)} times`]),
  ];
}
