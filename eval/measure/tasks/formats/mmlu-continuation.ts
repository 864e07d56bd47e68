import { strip } from "../../../../pipeline/text/python-text.ts";
import { defineFormat } from "./format.ts";
import { mmluRow, spaced } from "./mmlu.ts";

/**
 * MMLU by the choices' text and not by letter, with lm-eval's prompt `mmlu_continuation`: what the answer's bits per byte
 * say something about in models that are too small to answer by letter.
 */
export default defineFormat({
  name: "mmlu-continuation",
  row: mmluRow,
  read: ({ subject, question, choices, answer }) => ({
    question: {
      kind: "choice",
      context: `Question: ${strip(question)}\nAnswer:`,
      delimiter: " ",
      choices,
      gold: answer,
    },
    group: subject,
    description: `The following are questions (with answers) about ${spaced(subject)}.\n\n`,
  }),
});
