import { choiceRow, defineFormat, textThat } from "./format.ts";

/** Common sense by letter (Talmor et al. 2019): the query lists the choices and ends with "Answer:". */
export default defineFormat({
  name: "commonsense-qa",
  row: choiceRow(textThat(/Answer:$/, 'ends with "Answer:"')),
  read: ({ query, choices, gold }) => ({
    question: { kind: "choice", context: query, delimiter: " ", choices, gold },
  }),
});
