/** What a task format is: how the rows of a benchmark's files become questions. */
import { FormatError } from "../../../../pipeline/errors.ts";
import { describeIssue } from "../../../../pipeline/schema-error.ts";
import { z } from "../../../../pipeline/stage.ts";
import type { Question } from "../task.ts";

export interface Example {
  readonly question: Question;
  readonly group?: string;
  /** Stands once before all shots and the question. */
  readonly description?: string;
  /** What makes items dependent, where it is more than the same context: BoolQ's passage. */
  readonly sharedText?: string;
}

export interface TaskFormat {
  readonly name: string;
  /** Whether a row has this format's fields, and its wording where formats share fields. */
  fits(row: unknown): boolean;
  /** Raises FormatError, `where` (file:line) first. */
  read(row: unknown, where: string): Example;
}

export function defineFormat<Row extends z.ZodType>(definition: {
  readonly name: string;
  readonly row: Row;
  readonly read: (row: z.output<Row>) => Example;
}): TaskFormat {
  const { name, row: schema, read } = definition;
  return {
    name,
    fits: (row) => schema.safeParse(row).success,
    read(row, where) {
      const parsed = schema.safeParse(row, { reportInput: true });
      if (parsed.success) return read(parsed.data);
      // An issue with the row as a whole has no path to begin with.
      const issue = describeIssue(parsed.error.issues[0]!, "").replace(/^: /, "");
      throw new FormatError(`${where}: ${issue}, as ${name} has it`);
    },
  };
}

/** Half of a surrogate pair cannot be written as UTF-8: replaced here, text and bytes stay the same all the way. */
export const text = z
  .string()
  .refine((value) => value !== "", "text")
  .transform((value) => value.toWellFormed());

/** Text of a certain wording, which is told in errors. */
export function textThat(wording: RegExp, told: string) {
  return text.refine((value) => wording.test(value), `text that ${told}`);
}

/** Eval Gauntlet's multiple choice: `query`, `choices`, `gold`. */
export function choiceRow(query: z.ZodType<string> = text) {
  return z.object({ query, choices: z.array(text), gold: z.int() }).check(goldIsOneOf((row) => row.choices, "gold"));
}

/** The index that a row has in `field` must be one of its two or more options. */
export function goldIsOneOf<Row extends object>(
  optionsOf: (row: Row) => readonly unknown[],
  field: keyof Row & string,
) {
  return z.superRefine<Row>((row, context) => {
    const gold = row[field] as number;
    const options = optionsOf(row).length;
    if (options >= 2 && gold >= 0 && gold < options) return;
    const message = options < 2 ? "the index of one of several options" : `an index from 0 to ${options - 1}`;
    context.addIssue({ code: "custom", path: [field], input: gold, message });
  });
}
