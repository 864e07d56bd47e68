import { z } from "zod";
import { defineVerifier } from "./verifier.ts";

/**
 * Whether the response matches a pattern of JavaScript. Patterns can take for ever on some texts, so this runs in a thread
 * that is ended when it is late.
 */
export default defineVerifier({
  name: "regex",
  module: import.meta.url,
  version: 1,
  mayHang: true,
  params: z
    .strictObject({
      pattern: z.string().min(1).describe("what to look for"),
      flags: z.string().default("u").describe("as behind a pattern in JavaScript"),
      whole: z.boolean().default(false).describe("whether the whole response must match, not a part of it"),
    })
    .superRefine(({ pattern, flags }, context) => {
      try {
        new RegExp(pattern, flags);
      } catch (error) {
        context.addIssue({
          code: "custom",
          message: `a pattern of JavaScript: ${(error as Error).message}`,
          input: pattern,
        });
      }
    }),
  verify: (response, _, { pattern, flags, whole }) =>
    new RegExp(whole ? `^(?:${pattern})$` : pattern, flags).test(response) ? 1 : 0,
});
