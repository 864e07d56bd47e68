import { z } from "../../../../pipeline/stage.ts";
import { strip } from "../../../../pipeline/text/python-text.ts";
import { defineFormat, goldIsOneOf, text } from "./format.ts";

/**
 * Endings of everyday scenes (Zellers et al. 2019), cleaned as lm-eval's `hellaswag` does. The original's rows have the
 * context in two parts, the second of which lm-eval capitalizes; rows with `ctx` alone are taken as they are.
 */
export default defineFormat({
  name: "hellaswag",
  row: z
    .object({
      ctx: text,
      endings: z.array(text),
      // A number, or its digits: the data set's hub and its repository differ.
      label: z.union([z.int(), z.string().regex(/^\d+$/).transform(Number)], { error: "a number" }),
      activity_label: z.string().optional(),
      ctx_a: z.string().optional(),
      ctx_b: z.string().optional(),
    })
    .check(goldIsOneOf((row) => row.endings, "label")),
  read: ({ ctx, endings, label, activity_label, ctx_a, ctx_b }) => {
    const inParts = activity_label !== undefined && ctx_a !== undefined && ctx_b !== undefined;
    const context = inParts ? `${activity_label}: ${ctx_a} ${capitalize(ctx_b)}` : ctx;
    return {
      question: {
        kind: "choice",
        context: cleaned(context),
        delimiter: " ",
        choices: endings.map(cleaned),
        gold: label,
      },
    };
  },
});

/** Headings in brackets come from WikiHow. */
function cleaned(text: string): string {
  return strip(text)
    .replaceAll(" [title]", ". ")
    .replaceAll(/\[[^\n]*?\]/g, "")
    .replaceAll("  ", " ");
}

/** Python's `str.capitalize`: what is behind the first character becomes small. */
function capitalize(text: string): string {
  const [first = ""] = text;
  return first.toUpperCase() + text.slice(first.length).toLowerCase();
}
