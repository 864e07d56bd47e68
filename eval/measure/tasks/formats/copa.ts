import { choiceRow, defineFormat, textThat } from "./format.ts";

/** Causes and effects (Gordon et al. 2012), prompted as lm-eval's `copa`: the choice goes on behind a connective. */
export default defineFormat({
  name: "copa",
  row: choiceRow(textThat(/\b(because|so|therefore)$/, 'ends with "because", "so" or "therefore"')),
  read: ({ query, choices, gold }) => ({
    question: { kind: "choice", context: query, delimiter: " ", choices, gold },
  }),
});
