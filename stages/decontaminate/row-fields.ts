/** Which fields of a row of an evaluation set are its text. */
import { FormatError } from "../../pipeline/errors.ts";

/**
 * Fields of the published sets, as paths into a row; the first line of which a row has all fields is its kind. Beside text
 * rows have what no page is known by: ids, subjects, the number of the right choice.
 */
const KINDS: readonly (readonly string[])[] = [
  ["question.stem", "question.choices.text"], // ARC as its authors publish it
  ["question", "choices.text"], // ARC as the hub has it
  ["question", "choices"], // MMLU
  ["question", "ground_truth"], // GSM8K, published solutions of models
  ["passage", "question"], // BoolQ
  ["question", "answer"], // GSM8K
  ["query", "choices"], // the Eval Gauntlet's multiple choice
  ["context_options", "continuation"], // its schemas (Winograd)
  ["context", "continuation"], // its language modelling (LAMBADA)
  ["context", "answer"], // its generation (SVAMP)
  ["ctx", "endings"], // HellaSwag
  ["goal", "sol1", "sol2"], // PIQA
  ["sentence", "option1", "option2"], // WinoGrande
  ["premise", "choice1", "choice2"], // COPA
  ["problem", "solution"], // MATH
  ["prompt", "canonical_solution"], // HumanEval
  ["text", "code"], // MBPP
  ["text"],
];

/**
 * The texts of a row by its fields, in order: a field that is a list has several. `fields` are paths ("question.stem",
 * "choices.text"; lists are gone through). Without them they are those of the row's kind; of a row of no known kind all
 * strings are text. `place` begins the error about a row that has none of `fields`.
 */
export function textsOf(row: unknown, fields: readonly string[] | undefined, place: string): string[][] {
  if (fields !== undefined) {
    const texts = fields.map((field) => stringsAt(row, field)).filter(({ length }) => length > 0);
    if (texts.length > 0) return texts;
    throw new FormatError(`${place}: found ${shown(row)}, expected text in one of the fields ${fields.join(", ")}`);
  }
  for (const kind of KINDS) {
    const texts = kind.map((field) => stringsAt(row, field));
    if (texts.every(({ length }) => length > 0)) return texts;
  }
  return allStrings(row).map((text) => [text]);
}

/** Whether a table's first line names columns that the lines below it can be read by. */
export function isHeader(cells: readonly string[], fields: readonly string[] | undefined): boolean {
  const columns = new Set(cells);
  return fields !== undefined
    ? fields.some((field) => columns.has(field))
    : KINDS.some((kind) => kind.every((field) => columns.has(field)));
}

function stringsAt(value: unknown, path: string): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => stringsAt(one, path));
  if (path === "") return typeof value === "string" && value !== "" ? [value] : [];
  if (typeof value !== "object" || value === null) return [];
  // A name may have a dot in it.
  for (let end = path.length; end > 0; end = path.lastIndexOf(".", end - 1)) {
    const name = path.slice(0, end);
    if (Object.hasOwn(value, name)) return stringsAt((value as Record<string, unknown>)[name], path.slice(end + 1));
  }
  return [];
}

function allStrings(value: unknown): string[] {
  if (typeof value === "string") return value === "" ? [] : [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(allStrings) : [];
}

function shown(row: unknown): string {
  const isRow = typeof row === "object" && row !== null && !Array.isArray(row);
  return isRow ? `the fields ${Object.keys(row).join(", ") || "(none)"}` : JSON.stringify(row).slice(0, 60);
}
