/**
 * From files to prompts, examples and pairs:
 *
 *     files ─▶ rows ─▶ format (told by each file's first row, or named) ─▶ values ─▶ to train on | held out
 *
 * What is held out follows from the seed and from what is asked, not from where a row stands: rows that are added or moved
 * change nothing for the others.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { FormatError, RecipeError } from "../../../pipeline/errors.ts";
import { drawUniform } from "../../../pipeline/random.ts";
import { describeIssue } from "../../../pipeline/schema-error.ts";
import { shown } from "./dialogue.ts";
import type { Example, Message, Preference, Prompt } from "./example.ts";
import { FaultCounter, type FaultReport, ON_FAULT, RowFault } from "./faults.ts";
import { type Fields, FORMATS, formatOfFields, type Gives, type Reading, type RowFormat } from "./formats.ts";
import { normalised } from "./normalised.ts";
import { type RawFile, type RawRow, readRawFiles } from "./raw-rows.ts";

const NAMES = FORMATS.map(({ name }) => name);

/** How files are read. Part of configs. */
export const ReadOptions = z.strictObject({
  format: z
    .enum(NAMES as [string, ...string[]])
    .optional()
    .describe("what rows mean; by default told by the fields of each file's first row"),
  fields: z
    .strictObject({
      prompt: z.string().describe("the field that holds what is asked: a text, or a list of messages"),
      response: z.string().optional().describe("the field that holds the answer"),
      chosen: z.string().optional().describe("the field that holds the better answer"),
      rejected: z.string().optional().describe("the field that holds the worse answer"),
    })
    .optional()
    .describe("which fields hold what, where rows are of no known format"),
  inputJoin: z.string().default("\n\n").describe("what stands between an instruction and its input"),
  limit: z.int().min(1).optional().describe("rows to train on at most, the first"),
  validation: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe("share of prompts held out, drawn by the seed; rows of one prompt stay together"),
  seed: z.int().min(0).default(1).describe("decides what is held out"),
  onFault: z.enum(ON_FAULT).default("skip").describe("leave faulty rows out and count them, or end at the first one"),
});
export type ReadOptions = z.input<typeof ReadOptions>;
type Options = z.output<typeof ReadOptions>;

export interface ReadSet<T> {
  /** To train on, in the order of the files. */
  readonly rows: readonly T[];
  /** Held out. */
  readonly validation: readonly T[];
  /** Each file's format. */
  readonly formats: Readonly<Record<string, string>>;
  readonly faults: FaultReport;
  /** SHA-256 (hex) of all that was read: rows and validation. */
  readonly digest: string;
}

/**
 * Reads prompts and answers to them; of pairs, the chosen answer. `files` are paths, globs and URLs: JSON Lines, a JSON
 * array or CSV with a header, as such, .gz or .zst; `place` is what messages call the list of them. Raises RecipeError for
 * what cannot be asked, FormatError for files that are not what they are taken for.
 * @example
 * const { rows, faults } = await readExamples("alpaca.json.gz", { validation: 0.1 });
 */
export function readExamples(
  files: string | readonly string[],
  options: ReadOptions = {},
  place = "examples",
): Promise<ReadSet<Example>> {
  return readSet(files, options, { kind: "examples", place }, ({ response }, prompt) => {
    const said = response!();
    if (said.trim() === "") throw new RowFault("empty-response", "found no text in the response");
    return { ...prompt, response: said };
  });
}

/** Reads pairs of answers; the rest as for `readExamples`. */
export function readPreferences(
  files: string | readonly string[],
  options: ReadOptions = {},
  place = "preferences",
): Promise<ReadSet<Preference>> {
  return readSet(files, options, { kind: "preferences", place }, ({ pair }, prompt) => {
    const { chosen, rejected } = pair!();
    if (chosen.trim() === "") throw new RowFault("empty-response", "found no text in the chosen answer");
    if (rejected.trim() === "") throw new RowFault("empty-response", "found no text in the rejected answer");
    if (chosen.trim() === rejected.trim()) {
      throw new RowFault("equal-answers", `found ${shown(chosen)} twice, expected two different answers`);
    }
    return { ...prompt, chosen, rejected };
  });
}

/** Reads prompts, of rows with or without answers; the rest as for `readExamples`. */
export function readPrompts(
  files: string | readonly string[],
  options: ReadOptions = {},
  place = "prompts",
): Promise<ReadSet<Prompt>> {
  return readSet(files, options, { kind: "prompts", place }, (_, prompt) => prompt);
}

/** Which formats have what is read. */
const ENOUGH = {
  prompts: ["prompt", "example", "preference"],
  examples: ["example", "preference"],
  preferences: ["preference"],
} as const satisfies Record<string, readonly Gives[]>;
type Kind = keyof typeof ENOUGH;

async function readSet<T extends Prompt>(
  files: string | readonly string[],
  given: ReadOptions,
  { kind, place }: { readonly kind: Kind; readonly place: string },
  make: (reading: Reading, prompt: Prompt) => T,
): Promise<ReadSet<T>> {
  const options = parsed(given, kind);
  const faults = new FaultCounter(options.onFault);
  const values: T[] = [];
  const formats: Record<string, string> = {};
  const named = formatNamed(options);
  const read = await readRawFiles([files].flat(), { kind, place });
  for (const raw of read) {
    const format = named ?? formatOf(raw);
    expectGives(format, kind, raw.location);
    formats[raw.file] = format.name;
    for (const row of raw.rows) {
      const found = faults.attempt(row.place, () => readRow(row, format, options, make));
      if (found !== undefined) values.push(...found);
    }
  }
  const report = faults.finish(read.map(({ location }) => location).join(", "));
  return { ...divide(values, options), formats, faults: report, digest: digestOfRows(values) };
}

/** All or none of what a row holds: a row is faulty as a whole. */
function readRow<T>(
  row: RawRow,
  format: RowFormat,
  options: Options,
  make: (reading: Reading, prompt: Prompt) => T,
): T[] {
  const fields = objectOf(row.value());
  const readings = format.read(fields, options);
  if (readings.length === 0)
    throw new RowFault("missing-field", "found nothing in the row, expected one instance at least");
  return readings.map((reading, i) => {
    const { messages } = reading;
    if (messages.every(({ content }) => content.trim() === "")) {
      throw new RowFault("empty-prompt", "found no text in the prompt");
    }
    const place = readings.length === 1 ? row.place : `${row.place}#${i + 1}`;
    return make(reading, { place, messages, fields: reading.fields ?? fields });
  });
}

function objectOf(value: unknown): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw new RowFault("no-object", `found ${shown(value)}, expected an object`);
}

function parsed(options: ReadOptions, kind: Kind): Options {
  const { success, data, error } = ReadOptions.safeParse(options, { reportInput: true });
  if (!success) throw new RecipeError(describeIssue(error.issues[0]!, kind));
  if (data.format === undefined || data.fields === undefined) return data;
  throw new RecipeError(`${kind}: found both format and fields, expected one of them`);
}

function formatNamed({ format, fields }: Options): RowFormat | undefined {
  if (fields !== undefined) return formatOfFields(fields);
  return FORMATS.find(({ name }) => name === format);
}

/** Told by the first row that is an object. */
function formatOf({ rows, location }: RawFile): RowFormat {
  const first = rows.map(objectIn).find((row) => row !== undefined);
  if (first === undefined) throw new FormatError(`${location}: found no JSON object in any row, expected one in each`);
  const format = FORMATS.find(({ fits }) => fits(first));
  if (format !== undefined) return format;
  throw new FormatError(
    `${location}: found the fields ${Object.keys(first).join(", ")}, expected a row of one of ${NAMES.join(", ")}; ` +
      "say which fields hold what with `fields`",
  );
}

function objectIn({ value }: RawRow): Fields | undefined {
  try {
    return objectOf(value());
  } catch (error) {
    if (error instanceof RowFault) return undefined;
    throw error;
  }
}

function expectGives({ name, gives }: RowFormat, kind: Kind, location: string): void {
  if ((ENOUGH[kind] as readonly Gives[]).includes(gives)) return;
  const expected = kind === "preferences" ? "a chosen and a rejected answer" : "an answer";
  const fitting = FORMATS.filter((format) => (ENOUGH[kind] as readonly Gives[]).includes(format.gives));
  throw new FormatError(
    `${location}: found rows of the format ${name}, expected ${expected} in each ` +
      `(formats ${fitting.map((format) => format.name).join(", ")}; or say which fields hold what with \`fields\`)`,
  );
}

function divide<T extends Prompt>(
  values: readonly T[],
  { validation, limit, seed }: Options,
): Pick<ReadSet<T>, "rows" | "validation"> {
  const left: T[] = [];
  const heldOut: T[] = [];
  for (const value of values) {
    const isHeldOut = validation > 0 && drawUniform(seed, "validation", promptKey(value.messages)) < validation;
    (isHeldOut ? heldOut : left).push(value);
  }
  return { rows: left.slice(0, limit), validation: heldOut };
}

/** What two prompts share that ask the same, but for case and white space. */
export function promptKey(messages: readonly Message[]): string {
  return JSON.stringify(messages.map(({ role, content }) => [role, normalised(content)]));
}

/** Of what rows say, without their places. */
function digestOfRows(rows: readonly unknown[]): string {
  const hash = createHash("sha256");
  for (const row of rows) hash.update(`${JSON.stringify({ ...(row as object), place: undefined })}\n`);
  return hash.digest("hex");
}
