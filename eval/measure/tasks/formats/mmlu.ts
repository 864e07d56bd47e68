import { z } from "../../../../pipeline/stage.ts";
import { strip } from "../../../../pipeline/text/python-text.ts";
import { defineFormat, text } from "./format.ts";

const LETTERS = ["A", "B", "C", "D"] as const;

/** A question of one of 57 subjects; the answer is a letter, or the choice's index as the data set's hub has it. */
export const mmluRow = z.object({
  subject: text,
  question: text,
  choices: z.array(text).refine((choices) => choices.length === LETTERS.length, "four choices"),
  answer: z.union([z.enum(LETTERS).transform((letter) => LETTERS.indexOf(letter)), z.literal([0, 1, 2, 3])], {
    error: "A, B, C or D, or an index from 0 to 3",
  }),
});

/** Knowledge by letter (Hendrycks et al. 2021), with lm-eval's prompt `mmlu`. */
export default defineFormat({
  name: "mmlu",
  row: mmluRow,
  read: ({ subject, question, choices, answer }) => ({
    question: {
      kind: "choice",
      context: `${strip(question)}\n${choices.map((choice, i) => `${LETTERS[i]}. ${choice}\n`).join("")}Answer:`,
      delimiter: " ",
      choices: LETTERS,
      gold: answer,
    },
    group: subject,
    description: `The following are multiple choice questions (with answers) about ${spaced(subject)}.\n\n`,
  }),
});

/** "abstract_algebra" → "abstract algebra" */
export function spaced(subject: string): string {
  return subject.replaceAll("_", " ");
}
