import { type Block, number, type Section, text } from "../blocks.ts";
import { dots } from "../charts/dots.ts";
import { percent } from "../numbers.ts";
import type { ArmReport, ReportData } from "../report-data.ts";
import { armNames } from "./words.ts";

/** Rows that are drawn; the table has all. */
const DRAWN = 10;

/** Where the kept text comes from. */
export function coverage(data: ReportData): Section | undefined {
  const blocks = [
    ...figureOf(data, ({ languages }) => languages, {
      id: "languages",
      title: "Kept text by language",
      caption: `Shares of text bytes. Only the ${DRAWN} largest are drawn.`,
      head: "Language",
    }),
    ...figureOf(data, ({ hosts }) => hosts, {
      id: "hosts",
      title: "Kept text by host",
      caption: `Shares of text bytes of each arm’s largest hosts; only the ${DRAWN} largest are drawn. One host with a large share is what the model learned to sound like.`,
      head: "Host",
    }),
  ];
  return blocks.length === 0 ? undefined : { id: "coverage", title: "Coverage", blocks };
}

function figureOf(
  data: ReportData,
  sharesOf: (arm: ArmReport) => ArmReport["languages"],
  texts: { readonly id: string; readonly title: string; readonly caption: string; readonly head: string },
): Block[] {
  const arms = armNames(data);
  const largest = new Map<string, number>();
  const byArm = data.arms.map((arm) => new Map(sharesOf(arm).map(({ name, share }) => [name, share])));
  for (const shares of byArm)
    for (const [name, share] of shares) largest.set(name, Math.max(share, largest.get(name) ?? 0));
  // Ties go to the lower name: otherwise the order would be that of the arms.
  const names = [...largest.keys()].sort((a, b) => largest.get(b)! - largest.get(a)! || (a < b ? -1 : 1));
  if (names.length === 0) return [];
  const { head, ...own } = texts;
  return [
    {
      kind: "figure",
      figure: {
        ...own,
        arms,
        panels: [
          {
            title: texts.title,
            chart: dots(
              names.slice(0, DRAWN).map((name) => ({
                label: name,
                dots: byArm.flatMap((shares, arm) => {
                  const value = shares.get(name);
                  return value === undefined ? [] : [{ arm, value }];
                }),
              })),
              arms.length,
              { unit: "share of kept text bytes", fromZero: true, format: (value) => percent(value, 0) },
            ),
          },
        ],
        table: {
          caption: `${texts.title}, share of bytes`,
          columns: [text(head), ...arms.map(number)],
          rows: names.map((name) => [
            name,
            ...byArm.map((shares) => (shares.has(name) ? percent(shares.get(name)!, 2) : "–")),
          ]),
        },
      },
    },
  ];
}
