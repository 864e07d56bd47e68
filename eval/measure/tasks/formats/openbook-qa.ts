import { choiceRow, defineFormat } from "./format.ts";

/** Elementary science (Mihaylov et al. 2018), prompted as lm-eval's `openbookqa`: the choice goes on behind the question. */
export default defineFormat({
  name: "openbook-qa",
  row: choiceRow(),
  read: ({ query, choices, gold }) => ({
    question: { kind: "choice", context: query, delimiter: " ", choices, gold },
  }),
});
