import { type Block, number, type Section, text } from "../blocks.ts";
import { dots } from "../charts/dots.ts";
import { count, fixed, percent } from "../numbers.ts";
import type { ReportData, TaskReport } from "../report-data.ts";
import { armNames } from "./words.ts";

/** Metrics that guessing reaches `chance` of, as lm-evaluation-harness names them. */
const IS_ACCURACY = /^(acc|exact_match)/;

/** Accuracies and what else tasks measure; secondary at this scale. */
export function tasks(data: ReportData): Section | undefined {
  if (data.tasks.length === 0) return undefined;
  const arms = armNames(data);
  const withAccuracy = data.tasks.flatMap((task) => {
    const metric = metricsOf(task).find((name) => IS_ACCURACY.test(name));
    return metric === undefined ? [] : [{ task, metric }];
  });
  const table = {
    caption: "Tasks: mean over seeds ± standard error over items",
    columns: [text("Task"), text("Metric"), number("Items"), number("Chance"), ...arms.map(number)],
    rows: data.tasks.flatMap((task) =>
      metricsOf(task).map((metric) => [
        task.name,
        { code: metric },
        count(task.items),
        task.chance === undefined || !IS_ACCURACY.test(metric) ? "–" : percent(task.chance),
        ...arms.map((arm) => cellOf(task, arm, metric)),
      ]),
    ),
  };
  const shown: Block =
    withAccuracy.length === 0
      ? { kind: "table", table }
      : {
          kind: "figure",
          figure: {
            id: "tasks",
            title: "Task accuracies by arm",
            caption:
              "Secondary: at this scale accuracies lie near chance (dashed), and differences between arms are mostly noise of items. Bars are ± 1.96 standard errors over items. Do not rank arms by them.",
            arms,
            panels: [
              {
                title: "Task accuracies by arm, with chance",
                chart: dots(
                  withAccuracy.map(({ task, metric }) => ({
                    label: `${task.name}, ${metric}`,
                    ...(task.chance !== undefined && { reference: task.chance }),
                    dots: task.byArm.flatMap(({ arm, metrics }) =>
                      metrics
                        .filter(({ name }) => name === metric)
                        .map(({ value, stderr }) => ({
                          arm: arms.indexOf(arm),
                          value,
                          low: value - 1.96 * stderr,
                          high: value + 1.96 * stderr,
                        })),
                    ),
                  })),
                  arms.length,
                  { unit: "accuracy", format: (value) => percent(value, 0) },
                ),
              },
            ],
            table,
          },
        };
  return { id: "tasks", title: "Tasks", blocks: [shown] };
}

function metricsOf({ byArm }: TaskReport): string[] {
  return [...new Set(byArm.flatMap(({ metrics }) => metrics.map(({ name }) => name)))];
}

function cellOf({ byArm }: TaskReport, arm: string, metric: string): string {
  const found = byArm.find((one) => one.arm === arm)?.metrics.find(({ name }) => name === metric);
  if (found === undefined) return "–";
  if (IS_ACCURACY.test(metric)) return `${fixed(found.value * 100, 1)} ± ${fixed(found.stderr * 100, 1)} %`;
  return `${fixed(found.value, 3)} ± ${fixed(found.stderr, 3)}`;
}
