import { choiceRow, defineFormat, textThat } from "./format.ts";

/** Yes or no about a passage (Clark et al. 2019), prompted as lm-eval's `boolq`, with "Passage: " before the passage. */
export default defineFormat({
  name: "boolq",
  row: choiceRow(textThat(/^Passage: .*\nQuestion: .*\S$/s, 'begins with "Passage: " and has a line "Question: "')),
  read: ({ query, choices, gold }) => ({
    question: { kind: "choice", context: `${query}\nAnswer:`, delimiter: " ", choices, gold },
    sharedText: query.slice(0, query.lastIndexOf("\nQuestion: ")),
  }),
});
