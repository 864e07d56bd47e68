/** Verifiers by the name that configs use: one line each. */
import choice from "./choice.ts";
import constraints from "./constraints.ts";
import contains from "./contains.ts";
import exact from "./exact.ts";
import f1 from "./f1.ts";
import format from "./format.ts";
import jsonSchema from "./json-schema.ts";
import length from "./length.ts";
import numeric from "./numeric.ts";
import refusalPhrases from "./refusal-phrases.ts";
import regex from "./regex.ts";
import sorted from "./sorted.ts";
import type { VerifierDefinition } from "./verifier.ts";

export const verifiers: Readonly<Record<string, VerifierDefinition>> = {
  exact,
  f1,
  numeric,
  choice,
  regex,
  "json-schema": jsonSchema,
  format,
  constraints,
  length,
  contains,
  sorted,
  "refusal-phrases": refusalPhrases,
};
