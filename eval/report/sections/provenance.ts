import { number, paragraph, type Section, text, wide } from "../blocks.ts";
import { shortDigest } from "../numbers.ts";
import { COMPARISON_JSON, type ReportData } from "../report-data.ts";

/** For every number, the run and the command that made it. */
export function provenance(data: ReportData): Section {
  const whole = { code: data.command };
  return {
    id: "provenance",
    title: "Provenance",
    blocks: [
      paragraph(
        "Every number here follows from the models below, from what they were measured on, and from the runs that made their data. Digests are cut to twelve digits; ",
        { code: COMPARISON_JSON },
        " beside this file has them in full, and all numbers with all digits.",
      ),
      {
        kind: "table",
        table: {
          caption: "What made which number",
          columns: [text("Numbers"), text("Come from"), text("Command")],
          rows: [
            ["Verdicts, differences, intervals, attribution", "scores of all models, item by item", whole],
            [
              "Bits per byte, tasks, overlap",
              "each model’s checkpoint, on the sets under “What was measured on”",
              whole,
            ],
            ["Training losses, FLOPs, epochs", "the log in each model’s folder", "the model’s, below"],
            [
              "Funnel, scores, sample pages, costs by source, coverage",
              "the ledger of each arm’s run, by its id below",
              whole,
            ],
          ],
        },
      },
      {
        kind: "table",
        table: {
          caption: "Models",
          columns: [text("Arm"), number("Seed"), text("Run"), text("Rows"), text("Checkpoint"), wide("Command")],
          anchor: (row) => `model-${row + 1}`,
          rows: data.provenance.map((model) => [
            model.arm,
            String(model.seed),
            { code: shortDigest(model.run) },
            { code: shortDigest(model.rows) },
            { code: shortDigest(model.checkpoint) },
            { code: model.command },
          ]),
        },
      },
    ],
  };
}
