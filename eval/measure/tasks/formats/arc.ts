import { choiceRow, defineFormat, textThat } from "./format.ts";

/** AI2's science questions, easy and challenge (Clark et al. 2018). The prompt is that of lm-eval's `arc_easy`. */
export default defineFormat({
  name: "arc",
  row: choiceRow(textThat(/^Question: (?!.*Answer:$).*\S$/s, 'begins with "Question: " and ends without "Answer:"')),
  read: ({ query, choices, gold }) => ({
    question: { kind: "choice", context: `${query}\nAnswer:`, delimiter: " ", choices, gold },
  }),
});
