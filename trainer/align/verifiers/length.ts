import { z } from "zod";
import { Bounds, isWithin, needsBound } from "./constraints/bounds.ts";
import { countWords } from "./constraints/text-units.ts";
import { defineVerifier } from "./verifier.ts";

/** Whether a response is as long as it should be, in tokens or words. */
export default defineVerifier({
  name: "length",
  module: import.meta.url,
  version: 1,
  params: needsBound(
    z.strictObject({ ...Bounds, unit: z.enum(["tokens", "words"]).default("tokens").describe("what is counted") }),
  ),
  verify: (response, { tokens }, { unit, ...bounds }) =>
    isWithin(unit === "tokens" ? tokens : countWords(response), bounds) ? 1 : 0,
});
