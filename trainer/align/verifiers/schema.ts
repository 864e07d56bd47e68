/**
 * A part of JSON Schema (draft 2020-12, Validation): `type`, `enum` and `const` of scalars, `properties`, `required`,
 * `additionalProperties`, `items`, and the bounds of numbers, strings and lists. Any other keyword is refused, not passed
 * over; so is none of these a pattern, and a value is looked at once for each part of the schema.
 */

export type Schema = Readonly<Record<string, unknown>>;

const TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"];
const BOUNDS = ["minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"];
/** They describe and decide nothing. */
const ANNOTATIONS = ["$schema", "$id", "$comment", "title", "description", "default", "examples"];

type Check = (value: unknown, argument: never, schema: Schema) => boolean;

/** Whether a value passes each keyword. A keyword is silent about values of types that it is not about. */
const CHECKS: Readonly<Record<string, Check>> = {
  type: (value, types: string | readonly string[]) => [types].flat().some((type) => isOfType(value, type)),
  enum: (value, values: readonly unknown[]) => values.includes(value),
  const: (value, one: unknown) => value === one,
  minimum: (value, least: number) => typeof value !== "number" || value >= least,
  maximum: (value, most: number) => typeof value !== "number" || value <= most,
  minLength: (value, least: number) => typeof value !== "string" || characters(value) >= least,
  maxLength: (value, most: number) => typeof value !== "string" || characters(value) <= most,
  minItems: (value, least: number) => !Array.isArray(value) || value.length >= least,
  maxItems: (value, most: number) => !Array.isArray(value) || value.length <= most,
  items: (value, schema: Schema) => !Array.isArray(value) || value.every((item) => matchesSchema(item, schema)),
  required: (value, names: readonly string[]) => !isObject(value) || names.every((name) => Object.hasOwn(value, name)),
  properties: (value, schemas: Readonly<Record<string, Schema>>) =>
    !isObject(value) ||
    Object.entries(schemas).every(([name, own]) => !Object.hasOwn(value, name) || matchesSchema(value[name], own)),
  additionalProperties: (value, others: boolean | Schema, { properties = {} }) =>
    !isObject(value) ||
    others === true ||
    Object.keys(value).every(
      (name) =>
        Object.hasOwn(properties as object, name) || (others !== false && matchesSchema(value[name], others as Schema)),
    ),
};

export function matchesSchema(value: unknown, schema: Schema): boolean {
  return Object.entries(schema).every(
    ([keyword, argument]) => CHECKS[keyword]?.(value, argument as never, schema) ?? true,
  );
}

/** What of a schema is no schema, or is beyond what is known here; nothing where all is well. */
export function schemaProblem(schema: unknown, at = "schema"): string | undefined {
  if (!isObject(schema)) return `an object as ${at}`;
  for (const [keyword, argument] of Object.entries(schema)) {
    if (ANNOTATIONS.includes(keyword)) continue;
    if (!Object.hasOwn(CHECKS, keyword)) return `${at} with no other keywords than ${Object.keys(CHECKS).join(", ")}`;
    const problem = argumentProblem(keyword, argument, `${at}.${keyword}`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function argumentProblem(keyword: string, argument: unknown, at: string): string | undefined {
  if (keyword === "type") {
    const types = [argument].flat();
    return types.length > 0 && types.every((type) => TYPES.includes(type as string))
      ? undefined
      : `one of ${TYPES.join(", ")} as ${at}`;
  }
  if (keyword === "enum" || keyword === "const") {
    if (keyword === "enum" && !Array.isArray(argument)) return `a list as ${at}`;
    return [argument].flat().every((one) => one === null || typeof one !== "object") ? undefined : `scalars in ${at}`;
  }
  if (BOUNDS.includes(keyword)) return typeof argument === "number" ? undefined : `a number as ${at}`;
  if (keyword === "required") {
    const isNames = Array.isArray(argument) && argument.every((name) => typeof name === "string");
    return isNames ? undefined : `a list of names as ${at}`;
  }
  if (keyword === "properties") {
    if (!isObject(argument)) return `an object as ${at}`;
    for (const [name, own] of Object.entries(argument)) {
      const problem = schemaProblem(own, `${at}.${name}`);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
  return keyword === "additionalProperties" && typeof argument === "boolean" ? undefined : schemaProblem(argument, at);
}

function isOfType(value: unknown, type: string): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isObject(value);
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Code points, as JSON Schema counts. */
function characters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
