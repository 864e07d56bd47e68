/**
 * The recipe reference: what recipes may hold, as Markdown, made from the schemas that check them. What a schema cannot
 * say (a stage's purpose) is given with it.
 */
import { z } from "zod";

export interface ReferenceEntry {
  /** What recipes call it. */
  readonly use: string;
  readonly kind: string;
  readonly params: z.ZodType;
  /** One sentence: what it is for. */
  readonly summary: string;
  /** Markdown: everything else worth knowing. */
  readonly notes: string;
  /** The call that makes its spec in code. */
  readonly call: string;
  /** Its reasons, and what the implementation that it reproduces calls them. */
  readonly referenceReasons?: Readonly<Record<string, string>> | undefined;
}

export interface ReferenceGroup {
  /** One member of it, capitalized: "Source". */
  readonly title: string;
  readonly entries: readonly ReferenceEntry[];
}

/** The whole reference: fields of a recipe, then each group's overview and entries. */
export function recipeReference(recipe: z.ZodType, groups: readonly ReferenceGroup[]): string {
  const parts = ["## Fields", parameterTable(recipe)];
  for (const { title, entries } of groups) {
    parts.push(`## ${title}s`, overview(title, entries));
    for (const entry of entries) {
      parts.push(`### ${title} \`${entry.use}\``);
      if (!oneLine(entry.notes).startsWith(entry.summary)) parts.push(entry.summary);
      if (entry.notes !== "") parts.push(entry.notes);
      if (entry.referenceReasons !== undefined) parts.push(reasonTable(entry.referenceReasons));
      parts.push(`In code: \`${entry.call}\`.`, parameterTable(entry.params));
    }
  }
  return parts.join("\n\n");
}

function reasonTable(reasons: Readonly<Record<string, string>>): string {
  return markdownTable(
    ["reason", "in the original"],
    Object.entries(reasons).map((pair) => pair.map((name) => `\`${name}\``)),
  );
}

const BEGIN = "<!-- reference: made by `npm run docs`, do not edit by hand -->";
const END = "<!-- end of reference -->";

/** Puts the reference between its two markers in a document, in place of what was there. */
export function replaceReference(document: string, reference: string): string {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`found no place for the reference: expected "${BEGIN}" … "${END}"`);
  return `${document.slice(0, begin)}${BEGIN}\n\n${reference}\n\n${document.slice(end)}`;
}

function overview(title: string, entries: readonly ReferenceEntry[]): string {
  const word = title.toLowerCase();
  const link = (use: string) => `[\`${use}\`](#${word}-${use})`;
  // Sources are all of one kind, stages are not.
  if (entries.every(({ kind }) => kind === word)) {
    return markdownTable(
      [word, "purpose"],
      entries.map(({ use, summary }) => [link(use), summary]),
    );
  }
  return markdownTable(
    [word, "kind", "purpose"],
    entries.map(({ use, kind, summary }) => [link(use), kind, summary]),
  );
}

/** A row for each parameter; those of a group of parameters follow it as `group.parameter`. */
export function parameterTable(schema: z.ZodType): string {
  const rows = parameterRows(z.toJSONSchema(schema, { io: "input" }) as JsonSchema, "");
  return rows.length === 0 ? "No parameters." : markdownTable(["parameter", "type", "default", "meaning"], rows);
}

/** The part of JSON Schema that parameters come to. */
interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

function parameterRows({ properties = {}, required = [] }: JsonSchema, prefix: string): string[][] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const isGroup = schema.properties !== undefined;
    const fallback = isGroup ? "" : required.includes(name) ? "required" : defaultOf(name, schema);
    const row = [`\`${prefix}${name}\``, isGroup ? "group" : typeOf(schema), fallback, sentence(schema.description)];
    return isGroup ? [row, ...parameterRows(schema, `${prefix}${name}.`)] : [row];
  });
}

const MIB = 1 << 20;

function defaultOf(name: string, schema: JsonSchema): string {
  if (!("default" in schema)) return "–";
  const value = schema.default;
  const inMib = name.endsWith("Bytes") && typeof value === "number" && value >= MIB && value % MIB === 0;
  return `\`${JSON.stringify(value)}\`${inMib ? ` (${value / MIB} MiB)` : ""}`;
}

/** A schema's type in words. */
function typeOf(schema: JsonSchema): string {
  const { type, items, properties, required = [] } = schema;
  if ("const" in schema) return code(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(code).join(" or ");
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(" or ");
  if (type === "array") return items?.type === "string" ? "list of strings" : `list of ${typeOf(items ?? {})}`;
  if (type === "integer") return `whole number${range(schema)}`;
  if (type === "number") return `number${range(schema)}`;
  if (type === "boolean") return "`true` or `false`";
  if (properties !== undefined) {
    return `\`{ ${Object.keys(properties)
      .map((name) => (required.includes(name) ? name : `${name}?`))
      .join(", ")} }\``;
  }
  return type === "object" ? "mapping" : (type ?? "anything");
}

/** Bounds that the schema's author set: those of safe integers go without saying. */
function range({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): string {
  const low = minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum;
  const high = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (low !== undefined && high !== undefined) return `, ${low} to ${high}`;
  const bounds = [
    low === undefined ? "" : `from ${low}`,
    exclusiveMinimum === undefined ? "" : `above ${exclusiveMinimum}`,
    high === undefined ? "" : `up to ${high}`,
    exclusiveMaximum === undefined ? "" : `below ${exclusiveMaximum}`,
  ].filter((bound) => bound !== "");
  return bounds.map((bound) => `, ${bound}`).join("");
}

function code(value: unknown): string {
  return `\`${JSON.stringify(value)}\``;
}

function sentence(text = ""): string {
  const capitalized = text.charAt(0).toUpperCase() + text.slice(1);
  return capitalized === "" || /[.!?]$/.test(capitalized) ? capitalized : `${capitalized}.`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => oneLine(cell).replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}
