/** What a report shows of what models were measured on: domains in bits per byte, tasks by all their metrics. */
import { digestOf } from "../../pipeline/canonical.ts";
import type { DomainReport, TaskReport } from "../report/report-data.ts";
import { domainEstimates } from "../statistics/index.ts";
import { mean } from "../statistics/moments.ts";
import {
  type Column,
  type Contaminated,
  heldOutColumns,
  observe,
  shiftColumns,
  taskColumns,
} from "./observations-of.ts";
import type { Outcome } from "./run-experiment.ts";

export function domainReports(outcome: Outcome, contaminated: Contaminated): DomainReport[] {
  const report = (columns: readonly Column[], role: DomainReport["role"], sha256Of: (name: string) => string) => {
    const observations = observe(columns, outcome.models, role === "shift" ? new Map() : contaminated);
    const estimates = domainEstimates(observations);
    return observations.domains.map(({ name, items }, n) => ({
      name,
      role,
      items: items.length,
      bytes: items.reduce((sum, { bytes }) => sum + bytes, 0),
      sha256: sha256Of(name),
      byArm: estimates[n]!.byArm,
    }));
  };
  const { heldOut, shift, tasks } = outcome.text;
  return [
    ...report(heldOutColumns(outcome), "held-out", (name) => heldOut.find((one) => one.name === name)!.sha256),
    ...report(taskColumns(outcome), "task", (name) => digestOf(tasks.find((one) => one.name === name))),
    ...report(shiftColumns(outcome), "shift", () => shift!.sha256),
  ];
}

export function taskReports({ text, models, arms }: Outcome): TaskReport[] {
  return text.tasks.map(({ name, items }, n) => ({
    name,
    items: items.length,
    chance: models[0]!.tasks[n]!.chance,
    byArm: arms.map(({ arm }) => {
      const own = models.filter((model) => model.arm === arm.name).map(({ tasks }) => tasks[n]!);
      return {
        arm: arm.name,
        metrics: own[0]!.metrics.map(({ name: metric }, m) => ({
          name: metric,
          value: mean(own.map(({ metrics }) => metrics[m]!.value)),
          // Seeds answer the same questions: their mean is as uncertain over questions as one of them.
          stderr: mean(own.map(({ metrics }) => metrics[m]!.stderr ?? Number.NaN)),
        })),
      };
    }),
  }));
}
