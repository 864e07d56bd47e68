import type { ReportData } from "./report-data.ts";

/** The report's text and tables, as GitHub flavoured Markdown. */
export function reportMarkdown(data: ReportData): string {
  return `# ${data.id}\n`;
}
