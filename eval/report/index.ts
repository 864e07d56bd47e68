export { reportHtml } from "./html.ts";
export { reportMarkdown } from "./markdown.ts";
export type { ReportData } from "./report-data.ts";
export { reportSummary } from "./summary.ts";
