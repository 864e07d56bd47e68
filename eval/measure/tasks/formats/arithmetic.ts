import { z } from "../../../../pipeline/stage.ts";
import { defineFormat, text, textThat } from "./format.ts";

/** Sums to be continued, from MosaicML's Eval Gauntlet, whose default delimiter is a space. */
export default defineFormat({
  name: "arithmetic",
  row: z.object({ context: textThat(/^[\d\s()+*/-]+=$/, "is a sum up to its ="), continuation: text }),
  read: ({ context, continuation }) => ({
    question: { kind: "continuation", context, delimiter: " ", answer: continuation },
  }),
});
