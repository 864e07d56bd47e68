import type { Section } from "../blocks.ts";
import type { ReportData } from "../report-data.ts";

/** What nobody should conclude from this. */
export function limits({ limits }: ReportData): Section | undefined {
  if (limits.length === 0) return undefined;
  return { id: "limits", title: "What this scale cannot tell", blocks: [{ kind: "list", lines: limits }] };
}
