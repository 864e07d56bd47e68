import type { Asked } from "./verifier.ts";

/** The right answers of a row: a text or a number, or a list of such, of which each will do. Throws where there is none. */
export function answersOf({ fields }: Asked, field: string): readonly string[] {
  const value = fieldOf(fields, field);
  const answers = Array.isArray(value) ? value : [value];
  if (answers.length === 0) throw new Error(`the field "${field}" is an empty list; expected an answer`);
  return answers.map((answer: unknown) => {
    if (typeof answer === "string" || typeof answer === "number" || typeof answer === "boolean") return String(answer);
    throw new Error(`the field "${field}" holds ${typeNameOf(answer)}; expected a text, a number or a list of such`);
  });
}

/** A field of a row. Throws where the row has none of that name. */
export function fieldOf(fields: Asked["fields"], field: string): unknown {
  if (Object.hasOwn(fields, field) && fields[field] !== undefined && fields[field] !== null) return fields[field];
  const there = Object.keys(fields).slice(0, 10).join(", ");
  throw new Error(`no field "${field}" (the row has: ${there === "" ? "none" : there})`);
}

function typeNameOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "a list in a list" : typeof value;
}
