/** The items of evaluation sets, from the files that a recipe names. */
import { globSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { FormatError, oneLine, RecipeError } from "../../pipeline/errors.ts";
import { findFiles, readWholeText } from "../../pipeline/io/whole-files.ts";
import { isHeader, textsOf } from "./row-fields.ts";

export interface EvalFile {
  readonly path: string;
  /** The file's name without its endings; with as many folders before it as files of one name need. */
  readonly suite: string;
}

export interface EvalItem {
  /** SUITE#N, where N is the line on which it begins, or its place in a list, from 1. */
  readonly id: string;
  readonly suite: string;
  /** By field: one that is a list of choices has several. */
  readonly fields: readonly (readonly string[])[];
}

const COMPRESSIONS = /\.(gz|gzip|bgz|zst|zstd)$/i;
const KINDS = /\.(jsonl|ndjson|json|csv|txt|md)$/i;

/** The paths that `evals` (paths and globs) name, each once, in order. What is no glob need not be there. */
export function evalPaths(evals: readonly string[], resolvePath: (path: string) => string, place: string): string[] {
  return [...new Set(evals.flatMap((pattern, n) => expand(pattern, resolvePath, `${place}[${n}]`)))];
}

/** The files that `evals` name. Raises RecipeError, `place` first, for what is not there. */
export function findEvalFiles(
  evals: readonly string[],
  resolvePath: (path: string) => string,
  place: string,
): EvalFile[] {
  const paths = evalPaths(evals, resolvePath, place);
  const missing = paths.find((path) => !isFile(path));
  if (missing !== undefined) throw new RecipeError(`${place}: found no file ${missing}`);
  return paths.map((path) => ({ path, suite: suiteOf(path, paths) }));
}

function expand(pattern: string, resolvePath: (path: string) => string, place: string): string[] {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(pattern)) {
    throw new RecipeError(
      `${place}: found the address ${pattern}; expected a file here: download it, so that it stays`,
    );
  }
  const path = resolvePath(pattern);
  const isGlob = /[*?[\]{}()!]/.test(pattern) && !isFile(path);
  const files = isGlob ? globSync(path).filter(isFile).sort() : [path];
  if (files.length === 0) throw new RecipeError(`${place}: no file matches ${JSON.stringify(pattern)} (${path})`);
  const other = files.find((file) => !KINDS.test(plainName(file)));
  if (other === undefined) return files;
  throw new RecipeError(`${other}: unknown kind of file; expected .jsonl, .json, .csv, .txt or .md (also .gz or .zst)`);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function plainName(path: string): string {
  return basename(path).replace(COMPRESSIONS, "");
}

function suiteOf(path: string, all: readonly string[]): string {
  const named = (one: string): string => join(dirname(one), plainName(one).replace(KINDS, "")).replaceAll("\\", "/");
  const parts = named(path).split("/");
  for (let n = 1; n < parts.length; n++) {
    const suite = parts.slice(-n).join("/");
    if (all.every((one) => one === path || !`/${named(one)}`.endsWith(`/${suite}`))) return suite;
  }
  return parts.join("/");
}

/**
 * The items of a file: rows of JSON Lines, elements of a JSON list, records of CSV, paragraphs of text. Raises FormatError,
 * with the line, for what cannot be read.
 */
export async function readItems({ path, suite }: EvalFile, fields: readonly string[] | undefined): Promise<EvalItem[]> {
  const [input] = await findFiles([path], suite);
  const text = await readWholeText(input!);
  const name = plainName(path);
  const rows = /\.(txt|md)$/i.test(name)
    ? paragraphs(text)
    : /\.csv$/i.test(name)
      ? await records(text, path, fields)
      : jsonRows(text, path, name);
  if (rows.length === 0) throw new FormatError(`${path}: found no rows, expected those of an evaluation set`);
  const items = rows.map(({ value, line }) => {
    return { id: `${suite}#${line}`, suite, fields: textsOf(value, fields, `${path}:${line}`) };
  });
  if (items.every((item) => item.fields.length === 0)) {
    throw new FormatError(
      `${path}:${rows[0]!.line}: found no text in ${rows.length} rows; name the fields that hold it`,
    );
  }
  return items;
}

interface Row {
  readonly value: unknown;
  readonly line: number;
}

/** Of lines that hold more than white space. */
function paragraphs(text: string): Row[] {
  const rows: Row[] = [];
  let open: string[] = [];
  const end = (line: number): void => {
    if (open.length > 0) rows.push({ value: open.join("\n"), line: line - open.length });
    open = [];
  };
  const lines = text.split("\n");
  for (const [i, line] of lines.entries()) {
    if (line.trim() === "") end(i + 1);
    else open.push(line);
  }
  end(lines.length + 1);
  return rows;
}

/** With a line of names, rows by these; without, MMLU's six columns (question, four choices, answer), or else lists of cells. */
async function records(text: string, path: string, fields: readonly string[] | undefined): Promise<Row[]> {
  const { parseCsv } = await import("../../pipeline/io/csv.ts");
  const all = parseCsv(text, path);
  const names = all[0]?.fields ?? [];
  if (isHeader(names, fields)) {
    return all.slice(1).map(({ fields: cells, line }) => {
      return { value: Object.fromEntries(names.map((name, i) => [name, cells[i] ?? ""])), line };
    });
  }
  if (fields !== undefined) {
    throw new FormatError(`${path}:1: found the columns ${names.join(", ")}, expected one of ${fields.join(", ")}`);
  }
  return all.map(({ fields: cells, line }) => {
    return { value: cells.length === 6 ? { question: cells[0], choices: cells.slice(1, 5) } : cells, line };
  });
}

/** A file that ends in .json holds one list, one object whose only list it is, or lines as in .jsonl. */
function jsonRows(text: string, path: string, name: string): Row[] {
  if (/\.json$/i.test(name)) {
    const list = listIn(text);
    if (list !== undefined) return list.map((value, i) => ({ value, line: i + 1 }));
  }
  const rows: Row[] = [];
  for (const [i, json] of text.split("\n").entries()) {
    if (json.trim() === "") continue;
    let value: unknown;
    try {
      value = JSON.parse(json);
    } catch (cause) {
      const found = JSON.stringify(json.slice(0, 60));
      throw new FormatError(`${path}:${i + 1}: found ${found}, expected JSON (${oneLine(cause)})`, { cause });
    }
    rows.push({ value, line: i + 1 });
  }
  return rows;
}

function listIn(text: string): readonly unknown[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (Array.isArray(value)) return value;
  if (typeof value !== "object" || value === null) return [value];
  const lists = Object.values(value).filter((one) => Array.isArray(one));
  return lists.length === 1 ? lists[0]! : [value];
}
