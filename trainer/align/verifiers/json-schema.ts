import { z } from "zod";
import { parseJson, unfenced } from "./constraints/json.ts";
import { matchesSchema, type Schema, schemaProblem } from "./schema.ts";
import { defineVerifier } from "./verifier.ts";

/** Whether the response is JSON, and as a schema describes it. Parts: `json` (1 where it can be read) and `schema`. */
export default defineVerifier({
  name: "json-schema",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({
    schema: z
      .record(z.string(), z.unknown())
      .default({})
      .superRefine((schema, context) => {
        const problem = schemaProblem(schema);
        if (problem !== undefined) context.addIssue({ code: "custom", message: problem, input: schema });
      })
      .describe("a JSON Schema, of the keywords type, enum, const, properties, required, items and the bounds"),
    fenced: z.boolean().default(false).describe("whether the JSON may stand in a Markdown fence"),
  }),
  verify(response, _, { schema, fenced }) {
    const found = parseJson(fenced ? unfenced(response) : response);
    const matches = found !== undefined && matchesSchema(found.value, schema as Schema) ? 1 : 0;
    return { score: matches, parts: { json: found === undefined ? 0 : 1, schema: matches } };
  },
});
