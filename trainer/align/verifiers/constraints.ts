import { z } from "zod";
import { fieldOf } from "./answers.ts";
import { checkConstraints } from "./constraints/check.ts";
import { Constraint } from "./constraints/kinds.ts";
import { defineVerifier } from "./verifier.ts";

const List = z.array(Constraint).min(1);

/**
 * Whether the response keeps to instructions that a program can check: so many words, certain keywords, no commas, JSON
 * … (IFEval, Zhou et al. 2023). They are the same for all rows, or the row's own. Parts: `strict` and `loose`, 1 where all
 * are kept, and the share of those that are.
 */
export default defineVerifier({
  name: "constraints",
  module: import.meta.url,
  version: 1,
  params: z
    .strictObject({
      all: List.optional().describe("constraints, each { kind: …, … }"),
      field: z.string().optional().describe("the row's field that holds its list of constraints"),
      mode: z
        .enum(["strict", "loose"])
        .default("strict")
        .describe("loose: first and last line, and asterisks, are overlooked where that helps"),
      score: z
        .enum(["all", "share"])
        .default("all")
        .describe("1 where all constraints are kept, or the share of those that are"),
    })
    .refine(({ all, field }) => (all === undefined) !== (field === undefined), "either all or field"),
  verify(response, { fields }, { all, field, mode, score }) {
    const kept = checkConstraints(response, all ?? constraintsOf(fieldOf(fields, field!), field!));
    const parts: Record<string, number> = {};
    for (const name of ["strict", "loose"] as const) {
      const count = kept[name].filter(Boolean).length;
      parts[name] = count === kept[name].length ? 1 : 0;
      parts[`${name}-share`] = count / kept[name].length;
    }
    return { score: parts[score === "all" ? mode : `${mode}-share`]!, parts };
  },
});

function constraintsOf(value: unknown, field: string): readonly Constraint[] {
  const parsed = List.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw new Error(`the field "${field}"${path.map((key) => `[${String(key)}]`).join("")}: expected ${message}`);
}
