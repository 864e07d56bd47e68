import { type Block, number, paragraph, type Section, text, wide } from "../blocks.ts";
import { count, shortDigest, threeDigits } from "../numbers.ts";
import type { PageSample, ReportData } from "../report-data.ts";
import { plural } from "./words.ts";

/** Pages about which arms disagree. Addresses are no links: nobody should get into a crawl's pages by a slip. */
export function samples(data: ReportData): Section | undefined {
  if (data.samples.length === 0) return undefined;
  const hasText = data.samples.some((sample) => sample.text !== undefined);
  return {
    id: "samples",
    title: "Pages that arms disagree about",
    blocks: [
      paragraph(
        `Read these before believing a filter. Each page was kept by one arm and dropped by the other, at the stage and for the reason told.${hasText ? "" : " Texts are left out of this report; pages are told by address and hash."}`,
      ),
      {
        kind: "table",
        table: {
          caption: `${plural(data.samples.length, "page")} kept by one arm and dropped by the other`,
          columns: [
            wide("Page"),
            text("SHA-256"),
            text("Kept by"),
            text("Dropped by"),
            text("Stage: reason"),
            number("Value"),
          ],
          rows: data.samples.map((sample) => [
            { code: sample.url },
            { code: shortDigest(sample.sha256) },
            sample.keptBy,
            sample.droppedBy,
            `${sample.stage}: ${sample.reason}`,
            sample.value === undefined ? "–" : measureOf(sample.value),
          ]),
        },
      },
      ...data.samples.flatMap(quoteOf),
    ],
  };
}

function measureOf(value: number): string {
  return Number.isInteger(value) ? count(value) : threeDigits(value);
}

function quoteOf(sample: PageSample): Block[] {
  if (sample.text === undefined) return [];
  return [
    {
      kind: "quote",
      label: ["Text of ", { code: sample.url }],
      text: sample.text,
    },
  ];
}
