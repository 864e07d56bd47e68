import type { Manifest } from "../../pipeline/manifest.ts";
import type { ArmReport } from "../report/report-data.ts";

/** All pages that entered, then those that passed each step of the recipe. */
export function funnelOf({ counts }: Manifest): ArmReport["funnel"] {
  const steps = counts.funnel.map(([step, pages]) => ({ step, pages }));
  return [{ step: "entered", pages: counts.pages }, ...steps];
}
