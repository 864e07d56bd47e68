import { z } from "../../../../pipeline/stage.ts";
import { defineFormat, text } from "./format.ts";

/** The last word of a passage (Paperno et al. 2016), as lm-eval's `lambada_openai`, whose `acc` is `exact_match` here. */
export default defineFormat({
  name: "lambada",
  row: z.object({ context: text, continuation: text }),
  read: ({ context, continuation }) => ({
    question: { kind: "continuation", context, delimiter: " ", answer: continuation },
  }),
});
