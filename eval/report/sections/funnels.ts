import { codeLines, number, type Section, text } from "../blocks.ts";
import { funnel } from "../charts/funnel.ts";
import { count, percent } from "../numbers.ts";
import type { ArmReport, ReportData } from "../report-data.ts";
import { armNames, mergeOrders } from "./words.ts";

/** Pages that are left after each step, and the tokens that they make in the end. */
export function funnels(data: ReportData): Section | undefined {
  const all = data.arms.map((arm) => ({ label: arm.name, pages: pagesBySteps(arm) }));
  const steps = mergeOrders(all.map(({ pages }) => [...pages.keys()]));
  if (steps.length === 0) return undefined;
  const arms = armNames(data);
  return {
    id: "funnel",
    title: "What curation left",
    blocks: [
      {
        kind: "figure",
        figure: {
          id: "funnels",
          title: "Pages left after each step, by arm",
          caption:
            "Shares are of the pages that came in. A gap is a step that the arm does not have. Fewer pages left is neither better nor worse in itself: all arms are trained on equal budgets.",
          panels: [{ title: "Pages left after each step, by arm", chart: funnel(all, steps) }],
          table: {
            caption: "Pages left after each step (share of those that came in), and tokens of what was kept",
            columns: [text("Step"), ...arms.map(number)],
            rows: [
              ...steps.map((step) => [
                step,
                ...all.map(({ pages }) => {
                  const left = pages.get(step);
                  return left === undefined ? "–" : `${count(left)} (${percent(left / firstOf(pages))})`;
                }),
              ]),
              ["tokens kept", ...data.arms.map(({ costs }) => count(sum(costs.bySource.map(({ tokens }) => tokens))))],
            ],
          },
        },
      },
      {
        kind: "table",
        isFolded: true,
        table: {
          caption: "The arms: how each differs from the base, and its stages",
          columns: [text("Arm"), text("Differs from the base in"), text("Stages")],
          rows: data.arms.map((arm) => [
            arm.name,
            arm.changes.length === 0 ? "the base itself" : codeLines(arm.changes),
            codeLines(arm.stages),
          ]),
        },
      },
    ],
  };
}

/** A step that comes twice is told apart by its number. */
function pagesBySteps({ funnel }: ArmReport): Map<string, number> {
  const pages = new Map<string, number>();
  for (const step of funnel) {
    let name = step.step;
    for (let n = 2; pages.has(name); n++) name = `${step.step} (${n})`;
    pages.set(name, step.pages);
  }
  return pages;
}

function firstOf(pages: ReadonlyMap<string, number>): number {
  return Math.max(1, ...pages.values());
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
