/** `sluice plan EXPERIMENT`: what it will cost, and what it can find. */
import { readExperiment } from "../../eval/experiment/experiment.ts";
import { type ExperimentPlan, planExperiment } from "../../eval/experiment/plan-experiment.ts";
import { MOST_EPOCHS } from "../../eval/guards/index.ts";
import { registry } from "../../index.ts";
import { readMappingFile } from "../mapping-file.ts";
import { count, duration, table } from "./show.ts";

interface Flags {
  readonly workers?: number;
  readonly cache?: string;
  readonly sample: boolean;
  readonly json?: boolean;
}

/** Whether a file holds an experiment; a recipe otherwise. */
export function isExperiment(path: string): boolean {
  const expected = { missing: "no such recipe or experiment", what: "a recipe or an experiment", fields: "its fields" };
  return "variants" in readMappingFile(path, expected).value;
}

export async function planExperimentAndShow(path: string, { workers, cache, sample, json }: Flags): Promise<void> {
  const plan = await planExperiment(readExperiment(path), {
    registry,
    sample,
    ...(workers !== undefined && { workers }),
    ...(cache !== undefined && { cache }),
  });
  console.log(json ? JSON.stringify({ type: "plan", ...plan }) : describe(plan));
}

function describe(plan: ExperimentPlan): string {
  const { arms, seeds, models, parameters, trainingTokens, trainingFlops, curationSeconds, trainingSeconds } = plan;
  const approximately = (value: number, show: (value: number) => string): string =>
    Number.isNaN(value) ? "unknown" : show(value);
  return [
    `${count(arms.length)} arms × ${count(seeds)} seeds: ${count(models)} models of ${count(parameters)} parameters`,
    table([
      ["arm", "tokens of its data", "of a seed", "trained on", "epochs", "curation"],
      ...arms.map((arm) => [
        arm.name,
        `${arm.isCurated ? "" : "about "}${approximately(arm.tokens, (n) => count(Math.round(n)))}`,
        approximately(arm.tokensOfSeed, (n) => count(Math.round(n))),
        count(arm.tokensTrained),
        approximately(arm.epochs, (n) => n.toFixed(2)),
        arm.isCurated ? "done" : approximately(arm.curationSeconds, duration),
      ]),
    ]),
    `training: ${count(trainingTokens)} tokens, ${trainingFlops.toExponential(2)} FLOPs, about ${duration(trainingSeconds)} here`,
    ...alignmentLines(plan),
    `curation: at most ${approximately(curationSeconds, duration)}; stages that arms share run once`,
    ...arms
      .filter(({ epochs }) => epochs > MOST_EPOCHS)
      .map(
        ({ name, epochs }) =>
          `note: ${name} would be gone through ${epochs.toFixed(1)} times; repetition is a confound above ${MOST_EPOCHS}`,
      ),
    ...powerLines(plan),
  ].join("\n");
}

function alignmentLines({ alignment }: ExperimentPlan): string[] {
  if (alignment === undefined) return [];
  const { models, stages, answersMeasured } = alignment;
  const told = stages.map(({ name, method, rows, answers }) => {
    const drawn = answers === undefined ? "" : `, ${count(answers)} answers drawn`;
    return `${name === method ? name : `${name} (${method})`}: ${count(rows)} rows${drawn}`;
  });
  const measured = answersMeasured === 0 ? "" : `; ${count(answersMeasured)} answers measured`;
  return [
    `alignment: ${count(models)} models × ${count(stages.length)} stages, beside the training; a model takes ${told.join("; ")}${measured}`,
  ];
}

function powerLines({ power, noiseAllowed, seeds, arms, trainingTokens }: ExperimentPlan): string[] {
  if (power === undefined) {
    return [
      `the expected difference will be found with 80 % power if seeds differ by no more than ${noiseAllowed.toFixed(4)} (standard deviation of the difference, ${seeds} seeds, documents aside)`,
      "nothing tells of the noise yet: compare with 2 seeds first, then plan again",
    ];
  }
  const { sdSeed, seDocument, seedsNeeded, minutesPerSeed, table: rows } = power;
  return [
    `noise, from the comparison at hand: seeds ${sdSeed.toFixed(4)} (sd of the difference), documents ${seDocument.toFixed(4)} (standard error)`,
    table([
      ["seeds", "finds a difference of", "training"],
      ...rows.map((row) => [count(row.seeds), row.detectable.toFixed(4), duration(row.seeds * minutesPerSeed * 60)]),
    ]),
    seedsNeeded === undefined
      ? "no number of seeds finds the expected difference: documents alone hide it; add held-out text"
      : `the expected difference takes ${count(seedsNeeded)} seeds: ${count(seedsNeeded * arms.length)} models, ${count(Math.round((seedsNeeded * trainingTokens) / seeds))} tokens, about ${duration(seedsNeeded * minutesPerSeed * 60)} of training`,
  ];
}
