import { type Block, number, paragraph, type Section, text } from "../blocks.ts";
import { bytes, count, fixed, percent, scientific } from "../numbers.ts";
import type { ReportData } from "../report-data.ts";

/** What each arm took in, gave and computed. Seconds and money are the machine's, and stand with it. */
export function costs(data: ReportData): Section {
  const sources: Block[] = data.arms.some((arm) => arm.costs.bySource.length > 0) ? [sourceTable(data)] : [];
  return {
    id: "costs",
    title: "Costs",
    blocks: [
      {
        kind: "table",
        table: {
          caption: "Training by arm",
          columns: [
            text("Arm"),
            number("Tokens trained on"),
            number("Text trained on"),
            number("Training FLOPs"),
            number("Epochs"),
          ],
          rows: data.arms.map(({ name, costs, epochs }) => [
            name,
            count(costs.tokensTrained),
            bytes(costs.textBytesTrained),
            scientific(costs.trainingFlops),
            fixed(epochs, 2),
          ]),
        },
      },
      ...sources,
      paragraph(
        "Equal tokens are not equal bytes and not equal effort: an arm with a low yield needs more crawl for the same budget. Seconds and money depend on the machine and stand ",
        { link: "at the end", to: "measured" },
        ".",
      ),
    ],
  };
}

function sourceTable(data: ReportData): Block {
  return {
    kind: "table",
    table: {
      caption: "Curation by arm and source",
      columns: [
        text("Arm"),
        text("Source"),
        number("Pages in"),
        number("Pages kept"),
        number("Yield"),
        number("Bytes in"),
        number("Text kept"),
        number("Tokens"),
      ],
      rows: data.arms.flatMap(({ name, costs }) =>
        costs.bySource.map((source) => [
          name,
          source.source,
          count(source.pagesIn),
          count(source.pagesKept),
          percent(source.pagesKept / source.pagesIn),
          bytes(source.bytesIn),
          bytes(source.textBytes),
          count(source.tokens),
        ]),
      ),
    },
  };
}
