import { type Block, number, paragraph, type Section, text } from "../blocks.ts";
import { count, duration, threeDigits } from "../numbers.ts";
import type { CostReport, ReportData } from "../report-data.ts";
import { plural } from "./words.ts";

/** Seconds, money and the machine: the one part in which two reports of equal results may differ. */
export function measured(data: ReportData): Section {
  const { machine, seconds, units } = data.measured;
  const hasMoney = data.arms.some(({ costs }) => costs.money !== undefined);
  const reused = units.filter((unit) => unit.reused).length;
  const bySource: Block[] = data.arms.some(({ costs }) => costs.bySource.some(({ money }) => money !== undefined))
    ? [moneyTable(data)]
    : [];
  return {
    id: "measured",
    title: "Measured on this machine",
    blocks: [
      paragraph(
        `${machine}. The whole took ${duration(seconds)}; ${count(reused)} of ${plural(units.length, "unit")} of work had been done before. Two reports of equal results differ in this section alone.`,
      ),
      {
        kind: "table",
        table: {
          caption: "Time and money by arm",
          columns: [
            text("Arm"),
            number("Curation, CPU time"),
            number("Training time"),
            ...(hasMoney ? [number("Money")] : []),
          ],
          rows: data.arms.map(({ name, costs }) => [
            name,
            duration(costs.curationCpuSeconds),
            duration(costs.trainingSeconds),
            ...(hasMoney ? [moneyOf(costs, costs.money)] : []),
          ]),
        },
      },
      ...bySource,
      {
        kind: "table",
        isFolded: true,
        table: {
          caption: "Units of work",
          columns: [text("Unit"), text("Reused"), number("Time")],
          rows: units.map((unit) => [unit.unit, unit.reused ? "yes" : "no", duration(unit.seconds)]),
        },
      },
    ],
  };
}

function moneyTable(data: ReportData): Block {
  return {
    kind: "table",
    table: {
      caption: "Money by arm and source, at the stated rates",
      columns: [text("Arm"), text("Source"), number("Money"), number("a million tokens kept")],
      rows: data.arms.flatMap(({ name, costs }) =>
        costs.bySource.map(({ source, money, tokens }) => [
          name,
          source,
          moneyOf(costs, money),
          moneyOf(costs, money === undefined || tokens === 0 ? undefined : (money * 1e6) / tokens),
        ]),
      ),
    },
  };
}

function moneyOf({ currency }: CostReport, amount: number | undefined): string {
  return amount === undefined ? "–" : `${threeDigits(amount)} ${currency ?? ""}`.trim();
}
