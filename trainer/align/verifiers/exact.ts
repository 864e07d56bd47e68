import { z } from "zod";
import { answersOf } from "./answers.ts";
import { defineVerifier } from "./verifier.ts";

/** Whether the response is the answer, character by character. */
export default defineVerifier({
  name: "exact",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({
    field: z.string().default("answer").describe("the row's field that holds the answer, or a list of right ones"),
    trim: z.boolean().default(true).describe("whether white space around both is left aside"),
    ignoreCase: z.boolean().default(false).describe("whether upper and lower case are the same"),
  }),
  verify(response, asked, { field, trim, ignoreCase }) {
    const plain = (text: string) => {
      const trimmed = trim ? text.trim() : text;
      return ignoreCase ? trimmed.toLowerCase() : trimmed;
    };
    const found = plain(response);
    return answersOf(asked, field).some((answer) => plain(answer) === found) ? 1 : 0;
  },
});
