import { z } from "../../../../pipeline/stage.ts";
import { defineFormat, text } from "./format.ts";

/**
 * Grade-school word problems with worked answers (Cobbe et al. 2021), prompted as lm-eval's `gsm8k`. It generates an answer;
 * here the worked answer is scored as it stands. In the published model solutions it is called `ground_truth`.
 */
export default defineFormat({
  name: "gsm8k",
  row: z.union(
    [
      z.object({ question: text, answer: text }),
      z.object({ question: text, ground_truth: text }).transform((row) => ({ ...row, answer: row.ground_truth })),
    ],
    { error: "the texts question and answer (or ground_truth)" },
  ),
  read: ({ question, answer }) => ({
    question: { kind: "continuation", context: `Question: ${question}\nAnswer:`, delimiter: " ", answer },
  }),
});
