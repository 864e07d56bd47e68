/** `sluice compare`: an experiment from its file to its report. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeDurably } from "../../pipeline/io/durable.ts";
import { reportHtml, reportMarkdown } from "../report/index.ts";
import { COMPARISON_JSON, type ReportData } from "../report/report-data.ts";
import type { UnitEvent } from "./events.ts";
import type { Experiment } from "./experiment.ts";
import { reportDataOf } from "./report-data-of.ts";
import { type ExperimentOptions, runExperiment } from "./run-experiment.ts";

export interface CompareOptions extends ExperimentOptions {
  /** Folder of `report.html`, `report.md` and `comparison.json`. */
  readonly out: string;
  /** What the report names as the command that made it. */
  readonly command: string;
}

/** Runs the experiment, or goes on with it, and writes the report. */
export async function compare(experiment: Experiment, options: CompareOptions): Promise<ReportData> {
  const startMs = performance.now();
  const units: UnitEvent[] = [];
  const outcome = await runExperiment(experiment, {
    ...options,
    onEvent: (event) => {
      if (event.type === "unit") units.push(event);
      options.onEvent?.(event);
    },
  });
  const data = await reportDataOf(outcome, {
    command: options.command,
    seconds: (performance.now() - startMs) / 1000,
    units,
  });
  mkdirSync(options.out, { recursive: true });
  await writeDurably(join(options.out, COMPARISON_JSON), `${JSON.stringify(data, null, 2)}\n`);
  await writeDurably(join(options.out, "report.md"), reportMarkdown(data));
  await writeDurably(join(options.out, "report.html"), await reportHtml(data));
  return data;
}
