import { z } from "../../../../pipeline/stage.ts";
import { defineFormat, text } from "./format.ts";

/** Clues and what they mean, from MosaicML's Eval Gauntlet, whose delimiter is "\nAnswer: ". */
export default defineFormat({
  name: "jeopardy",
  row: z.object({ context: text, continuation: text, category: text }),
  read: ({ context, continuation, category }) => ({
    question: { kind: "continuation", context: `${context}\nAnswer:`, delimiter: " ", answer: continuation },
    group: category,
  }),
});
