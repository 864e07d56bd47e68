import type { ReportData } from "./report-data.ts";

/** The report as one HTML file: no script, nothing that is loaded. */
export async function reportHtml(data: ReportData): Promise<string> {
  return `<!doctype html><title>${data.id}</title>`;
}
