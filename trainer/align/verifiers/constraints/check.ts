import { type Constraint, holds } from "./kinds.ts";

/** Of each constraint whether a response keeps to it. */
export interface Kept {
  readonly strict: readonly boolean[];
  readonly loose: readonly boolean[];
}

/**
 * Strictly, and loosely as IFEval defines it (Zhou et al. 2023, section 3): also where the first line, the last line or
 * both are taken off, as models like to introduce what they say, and where asterisks are, which set words in bold; each
 * constraint may hold in another of these eight texts. An empty text keeps to nothing.
 */
export function checkConstraints(response: string, constraints: readonly Constraint[]): Kept {
  const texts = variantsOf(response).filter((text) => text.trim() !== "");
  const strict = constraints.map((constraint) => response.trim() !== "" && holds(response, constraint));
  const loose = constraints.map((constraint, i) => strict[i]! || texts.some((text) => holds(text, constraint)));
  return { strict, loose };
}

function variantsOf(response: string): string[] {
  const lines = response.split("\n");
  const cut = [
    response,
    lines.slice(1).join("\n").trim(),
    lines.slice(0, -1).join("\n").trim(),
    lines.slice(1, -1).join("\n").trim(),
  ];
  return [...new Set([...cut, ...cut.map((text) => text.replaceAll("*", ""))])];
}
