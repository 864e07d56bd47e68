/**
 * A template says how messages become one text: what stands before and after the turns of each role. It is plain data, in a
 * config or a file of its own.
 *
 *     beginning  user.before question user.after  assistant.before answer assistant.after
 *     └──────────────────────── prompt ─────────────────────────┘ └────── response ─────┘
 */
import { readFileSync, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { z } from "zod";
import { RecipeError } from "../../../pipeline/errors.ts";
import { readMappingFile } from "../../../pipeline/mapping-file.ts";
import { describeIssue } from "../../../pipeline/schema-error.ts";
import { TEMPLATES } from "./built-ins.ts";

const Marks = z.strictObject({
  before: z.string().default("").describe("text before a turn"),
  after: z.string().default("").describe("text after a turn"),
});

/** A template in parts. */
export const Template = z.strictObject({
  name: z.string().default("own").describe("a name for people"),
  beginning: z.string().default("").describe("text that every prompt begins with"),
  system: Marks.optional().describe("around a system message; without it, rows that have one are faulty"),
  user: Marks.prefault({}).describe("around what is asked"),
  assistant: Marks.prefault({}).describe("around what is answered; what stands after it belongs to the response"),
  turns: z
    .enum(["many", "one"])
    .default("many")
    .describe("`one` where only a single question and answer make sense; rows of more are faulty"),
});
export type Template = z.output<typeof Template>;

const TextTemplate = z.strictObject({
  name: z.string().default("own").describe("a name for people"),
  text: z.string().describe("one question and answer, with {prompt} and {response} where they go"),
});

/** A template as a config says it: the name of a built-in one, a path, the parts, or a text. */
export const TemplateChoice = z
  .union([z.string(), z.record(z.string(), z.unknown())])
  .describe(
    `a template's name (${Object.keys(TEMPLATES).join(", ")}), a path of a YAML file with one or of a text with ` +
      "{prompt} and {response}, or the template itself",
  );
export type TemplateChoice = z.output<typeof TemplateChoice>;

/**
 * The template that a config names. Paths are relative to `folder`; `where` begins messages. Raises RecipeError for one that
 * is not there, is none, or drops what is asked or answered. (Only a text can: parts stand around both, whatever they are.)
 * @example resolveTemplate({ user: { before: "Q: ", after: "\n" }, assistant: { before: "A: " } });
 */
export function resolveTemplate(choice: TemplateChoice, folder = process.cwd(), where = "template"): Template {
  return typeof choice === "string" ? named(choice, where, folder) : fromParts(choice, where);
}

function named(name: string, where: string, folder: string): Template {
  if (Object.hasOwn(TEMPLATES, name)) return TEMPLATES[name]!;
  const path = resolve(folder, name);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) {
    const known = Object.keys(TEMPLATES).join(", ");
    throw new RecipeError(`${where}: no template "${name}" (built in: ${known}), and no file ${path}`);
  }
  if (!/\.(?:ya?ml|json)$/i.test(path)) return templateOfText(readFileSync(path, "utf8"), path, basename(path));
  const file = { missing: "no such template", what: "a template", fields: "user and assistant, or text" };
  return fromParts(readMappingFile(path, file).value, path);
}

function fromParts(value: Readonly<Record<string, unknown>>, where: string): Template {
  if (!("text" in value)) return parsed(Template, value, where);
  const { text, name } = parsed(TextTemplate, value, where);
  return templateOfText(text, where, name);
}

function parsed<T extends z.ZodType>(schema: T, value: unknown, where: string): z.output<T> {
  const { success, data, error } = schema.safeParse(value, { reportInput: true });
  if (!success) throw new RecipeError(describeIssue(error.issues[0]!, where));
  return data;
}

/** Where a template's text holds what is asked, by the names that this goes by, and what is answered. */
const ASKED = /\{(?:prompt|question|instruction)\}/g;
const ANSWERED = /\{response\}/g;

/**
 * A template written as one text with `{prompt}` (or `{question}`, `{instruction}`) and `{response}`, each once. Raises
 * RecipeError otherwise, `where` first: without them, what is asked or answered would be dropped. A line end at the end of the
 * text is the file's.
 */
export function templateOfText(textOfFile: string, where: string, name = "own"): Template {
  const text = textOfFile.replace(/\r?\n$/, "");
  const asked = onlyPlace(text, ASKED, { what: "{prompt}", holds: "what is asked", where });
  const answered = onlyPlace(text, ANSWERED, { what: "{response}", holds: "what is answered", where });
  if (answered.from < asked.to) throw new RecipeError(`${where}: found {response} before {prompt}, expected it behind`);
  return {
    name,
    beginning: text.slice(0, asked.from),
    user: { before: "", after: "" },
    assistant: { before: text.slice(asked.to, answered.from), after: text.slice(answered.to) },
    turns: "one",
  };
}

function onlyPlace(
  text: string,
  pattern: RegExp,
  { what, holds, where }: { readonly what: string; readonly holds: string; readonly where: string },
): { from: number; to: number } {
  const found = [...text.matchAll(pattern)];
  const [only] = found;
  if (only === undefined || found.length > 1) {
    const times = found.length === 0 ? "no" : `${found.length} times`;
    throw new RecipeError(
      `${where}: the template has ${times} ${what}, expected it once: it stands where ${holds} goes`,
    );
  }
  return { from: only.index, to: only.index + only[0].length };
}
