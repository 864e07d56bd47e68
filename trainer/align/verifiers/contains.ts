import { z } from "zod";
import { answersOf } from "./answers.ts";
import { defineVerifier } from "./verifier.ts";

/** Whether the response contains certain texts: `texts`, or those of the row's `field`. */
export default defineVerifier({
  name: "contains",
  module: import.meta.url,
  version: 1,
  params: z
    .strictObject({
      texts: z.array(z.string().min(1)).min(1).optional().describe("what to look for"),
      field: z.string().optional().describe("the row's field that holds what to look for, a text or several"),
      need: z.enum(["all", "any"]).default("all").describe("whether all must be there, or one will do"),
      ignoreCase: z.boolean().default(false).describe("whether upper and lower case are the same"),
    })
    .refine(({ texts, field }) => (texts === undefined) !== (field === undefined), "either texts or field"),
  verify(response, asked, { texts, field, need, ignoreCase }) {
    const plain = (text: string) => (ignoreCase ? text.toLowerCase() : text);
    const found = plain(response);
    const isThere = (text: string) => found.includes(plain(text));
    const wanted = texts ?? answersOf(asked, field!);
    return (need === "all" ? wanted.every(isThere) : wanted.some(isThere)) ? 1 : 0;
  },
});
