import { number, paragraph, type Section, text } from "../blocks.ts";
import { count, percent } from "../numbers.ts";
import type { ReportData } from "../report-data.ts";
import { armNames } from "./words.ts";

/** How much of what was measured on stood in the training text already. */
export function overlap(data: ReportData): Section | undefined {
  if (data.overlaps.length === 0) return undefined;
  const arms = armNames(data);
  const domains = [...new Set(data.overlaps.map(({ domain }) => domain))];
  const of = (arm: string, domain: string) => data.overlaps.find((one) => one.arm === arm && one.domain === domain);
  return {
    id: "overlap",
    title: "Overlap of training text and evaluation",
    blocks: [
      paragraph(
        "Share of an evaluation set’s n-grams that an arm’s training text has too, and items that count as contaminated. An arm with more overlap than the others in a domain has an advantage there that is not curation.",
      ),
      {
        kind: "table",
        table: {
          caption: "n-gram overlap by domain and arm (contaminated items)",
          columns: [text("Domain"), number("Items"), ...arms.map(number)],
          rows: domains.map((domain) => [
            domain,
            count(Math.max(...arms.map((arm) => of(arm, domain)?.items ?? 0))),
            ...arms.map((arm) => {
              const found = of(arm, domain);
              return found === undefined ? "–" : `${percent(found.share, 2)} (${count(found.contaminatedItems)})`;
            }),
          ]),
        },
      },
    ],
  };
}
