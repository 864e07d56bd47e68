import type { Section } from "../blocks.ts";
import type { ReportData } from "../report-data.ts";
import { alignment } from "./alignment.ts";
import { attribution } from "./attribution.ts";
import { costs } from "./costs.ts";
import { coverage } from "./coverage.ts";
import { differences } from "./differences.ts";
import { domains } from "./domains.ts";
import { funnels } from "./funnels.ts";
import { limits } from "./limits.ts";
import { losses } from "./losses.ts";
import { overlap } from "./overlap.ts";
import { provenance } from "./provenance.ts";
import { samples } from "./samples.ts";
import { scores } from "./scores.ts";
import { settings } from "./settings.ts";
import { tasks } from "./tasks.ts";
import { verdicts } from "./verdicts.ts";
import { warnings } from "./warnings.ts";

/** In the order in which they are read. A section that has nothing to say is undefined. */
export const SECTIONS: readonly ((data: ReportData) => Section | undefined)[] = [
  verdicts,
  differences,
  domains,
  alignment,
  losses,
  tasks,
  funnels,
  scores,
  samples,
  warnings,
  overlap,
  attribution,
  costs,
  coverage,
  limits,
  settings,
  provenance,
];
