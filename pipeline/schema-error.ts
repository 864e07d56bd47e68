/** What a zod schema refuses, as one sentence: where it stands, what was found, and what was expected. */
import { z } from "zod";

/**
 * The first mistake, a misspelt field before others: what is missing may follow from it. `placeOf` says where a field stands,
 * by its path; of a misspelt one, the fields that are known there are told.
 */
export function firstMistake(
  error: z.ZodError,
  schema: z.ZodType,
  placeOf: (path: readonly PropertyKey[]) => string,
): string {
  const issue = error.issues.find(({ code }) => code === "unrecognized_keys") ?? error.issues[0]!;
  const path = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0]!] : issue.path;
  return describeIssue(issue, placeOf(path), fieldsAt(schema, issue.path));
}

/** The fields of the object at a path; undefined where that hangs on the value, or is no object. */
function fieldsAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly string[] | undefined {
  const [key, ...rest] = path;
  if (schema instanceof z.ZodObject) {
    if (key === undefined) return Object.keys(schema.shape);
    const field: z.core.$ZodType | undefined = schema.shape[String(key)];
    return field && fieldsAt(field, rest);
  }
  if (schema instanceof z.ZodArray && key !== undefined) return fieldsAt(schema.element, rest);
  if (schema instanceof z.ZodPipe) return fieldsAt(schema.def.out, path); // behind a `preprocess`
  const isWrapper =
    schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  return isWrapper ? fieldsAt(schema.def.innerType, path) : undefined;
}

/** A zod issue as "place.path: expected …, found …"; `known`: the parameters that there are. */
export function describeIssue(issue: z.core.$ZodIssue, place: string, known?: readonly string[]): string {
  const path = issue.path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
  const where = place === "" ? path.replace(/^\./, "") : `${place}${path}`;
  if (issue.code === "unrecognized_keys") {
    const has = known === undefined ? "" : ` (it has${known.length === 0 ? " none" : `: ${known.join(", ")}`})`;
    return `${where}: unknown parameter ${issue.keys.map((key) => JSON.stringify(key)).join(", ")}${has}`;
  }
  const found = issue.input === undefined ? "nothing" : `${typeName(issue.input)} (${shorten(shown(issue.input))})`;
  // zod's own messages say "Invalid input: expected …, received …" or "Too big: expected number to be <=1".
  const expected = issue.message.replace(/^(Invalid|Too) \w+: expected /, "").replace(/, received .*$/, "");
  return `${where}: expected ${expected.replace(/^(Too|Invalid)/, (word) => word.toLowerCase())}, found ${found}`;
}

/** JSON would have infinity, and what is no number, as null. */
function shown(value: unknown): string | undefined {
  return typeof value === "number" ? String(value) : JSON.stringify(value);
}

function typeName(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}

function shorten(text: string | undefined): string {
  if (text === undefined) return "?";
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
