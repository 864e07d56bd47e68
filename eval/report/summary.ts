import type { ReportData } from "./report-data.ts";

/** What a comparison came to, in a few lines for the terminal. */
export function reportSummary(data: ReportData): string {
  return data.conclusion.sentence;
}
