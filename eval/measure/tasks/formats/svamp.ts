import { z } from "../../../../pipeline/stage.ts";
import { defineFormat, text } from "./format.ts";

/** Word problems with short answers (Patel et al. 2021). lm-eval has no such task: prompted as `gsm8k`, the number is scored. */
export default defineFormat({
  name: "svamp",
  row: z.object({ context: text, chain_of_thought: text, answer: text }),
  read: ({ context, answer }) => ({
    question: { kind: "continuation", context: `Question: ${context}\nAnswer:`, delimiter: " ", answer },
  }),
});
