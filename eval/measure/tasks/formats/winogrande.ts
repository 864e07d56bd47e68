import { z } from "../../../../pipeline/stage.ts";
import { defineFormat, goldIsOneOf, text } from "./format.ts";

/**
 * Whom a pronoun means: WinoGrande (Sakaguchi et al. 2019) and the Winograd Schema Challenge (Levesque et al. 2012). Scored
 * partially, as lm-eval's `winogrande` does: each name is put in the pronoun's place, and what follows is scored.
 */
export default defineFormat({
  name: "winogrande",
  row: z
    .object({ context_options: z.array(text), continuation: text, gold: z.int() })
    .check(goldIsOneOf((row) => row.context_options, "gold")),
  read: ({ context_options, continuation, gold }) => ({
    question: { kind: "partial-context", contexts: context_options, delimiter: " ", continuation, gold },
  }),
});
