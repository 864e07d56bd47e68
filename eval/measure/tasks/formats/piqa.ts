import { choiceRow, defineFormat, textThat } from "./format.ts";

/** Physical interaction (Bisk et al. 2020). The prompt is that of lm-eval's `piqa`; the query ends with its line end. */
export default defineFormat({
  name: "piqa",
  row: choiceRow(textThat(/^Question: .*\n$/s, 'begins with "Question: " and ends with a line end')),
  read: ({ query, choices, gold }) => ({
    question: { kind: "choice", context: `${query}Answer:`, delimiter: " ", choices, gold },
  }),
});
