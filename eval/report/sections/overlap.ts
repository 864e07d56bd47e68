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
        "Items of which a run of 13 words stood in training text count as contaminated, and are left out for all arms. Shares of runs of 5 words tell how much a domain resembles an arm: an arm that resembles a domain more than the others do has an advantage there that is not curation.",
      ),
      {
        kind: "table",
        table: {
          caption:
            "Runs of words of each domain that an arm’s training text has: of 5 words, of 13, and contaminated items",
          columns: [text("Domain"), number("Items"), ...arms.map(number)],
          rows: domains.map((domain) => [
            domain,
            count(Math.max(...arms.map((arm) => of(arm, domain)?.items ?? 0))),
            ...arms.map((arm) => {
              const found = of(arm, domain);
              if (found === undefined) return "–";
              return `${percent(found.resemblance, 2)}, ${percent(found.share, 2)}, ${count(found.contaminatedItems)}`;
            }),
          ]),
        },
      },
    ],
  };
}
