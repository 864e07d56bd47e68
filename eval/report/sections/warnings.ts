import { paragraph, type Section } from "../blocks.ts";
import type { ReportData } from "../report-data.ts";

/** What stands against believing the verdicts, in full. */
export function warnings(data: ReportData): Section {
  return {
    id: "warnings",
    title: "Warnings",
    blocks: [
      data.warnings.length === 0
        ? paragraph("No guard had anything to say.")
        : {
            kind: "list",
            lines: data.warnings.map(({ kind, message }) => [{ strong: kind }, ` — ${message}`]),
          },
    ],
  };
}
