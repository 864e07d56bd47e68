import { z } from "../../../../pipeline/stage.ts";
import { defineFormat, text } from "./format.ts";

/** Any text, a row each, scored from its beginning to its end. */
export default defineFormat({
  name: "text",
  row: z.object({ text }),
  read: ({ text }) => ({ question: { kind: "rolling", text, original: text } }),
});
