import { FormatError, RecipeError } from "../../../pipeline/errors.ts";
import type { Example, TaskFormat } from "./formats/format.ts";
import { formats } from "./formats/index.ts";
import { type Row, readRows } from "./read-rows.ts";
import { shotTexts } from "./shots.ts";
import type { Question, Task, TaskItem } from "./task.ts";

export interface ReadTaskOptions {
  /** Name of a format. Without it, the first that the first row fits. */
  readonly format?: string;
  /** Solved examples before each question: the first of `files`, of the question's own group where there are groups. */
  readonly shots?: { readonly files: string | readonly string[]; readonly count: number };
  /** Items at most, the first; of each group where there are groups, as each of MMLU's subjects is a task in lm-eval. */
  readonly limit?: number;
  /** For `acc_mutual_info`. */
  readonly mutualInfo?: boolean;
}

/**
 * Reads a task from its files (paths, globs and URLs: see `readRows`). Raises FormatError for rows that are not the
 * format's, RecipeError for what was asked for and is not there.
 * @example
 * const task = await readTask("mmlu", "mmlu/val.jsonl.gz", { shots: { files: "mmlu/dev.jsonl.gz", count: 5 } });
 */
export async function readTask(
  name: string,
  files: string | readonly string[],
  { format: formatName, shots, limit = Number.POSITIVE_INFINITY, mutualInfo = false }: ReadTaskOptions = {},
): Promise<Task> {
  const place = `task ${name}`;
  if (!(limit >= 1)) throw new RecipeError(`${place}: found the limit ${limit}, expected 1 item at least`);
  const rows = await readRows([files].flat(), place);
  const format = formatName === undefined ? formatOf(rows[0]!) : formatNamed(formatName, place);
  const examples = rows.map((row) => exampleOf(row, format));
  const textOfShots = await readShots(shots, {
    format,
    rows,
    groups: new Set(examples.map(({ group }) => group)),
    place,
  });
  const countByGroup = new Map<string | undefined, number>();
  const clusters = new Map<string, string>();
  const items: TaskItem[] = [];
  for (const { group, question, description = "", sharedText = contextOf(question) } of examples) {
    const n = countByGroup.get(group) ?? 0;
    if (n >= limit) continue;
    countByGroup.set(group, n + 1);
    const id = group === undefined ? String(n) : `${group}/${n}`;
    const cluster = clusters.get(sharedText) ?? id;
    clusters.set(sharedText, cluster);
    const before = description + (textOfShots.get(group) ?? "");
    items.push({ ...preceded(question, before), id, cluster, ...(group !== undefined && { group }) });
  }
  return { name, format: format.name, shots: shots?.count ?? 0, mutualInfo, items };
}

function formatNamed(name: string, place: string): TaskFormat {
  const found = formats.find((format) => format.name === name);
  if (found !== undefined) return found;
  throw new RecipeError(
    `${place}: unknown format "${name}" (known: ${formats.map((format) => format.name).join(", ")})`,
  );
}

function formatOf({ value, location, line }: Row): TaskFormat {
  const found = formats.find((format) => format.fits(value));
  if (found !== undefined) return found;
  const isRow = typeof value === "object" && value !== null && !Array.isArray(value);
  const shown = isRow ? `the fields ${Object.keys(value).join(", ")}` : JSON.stringify(value);
  const known = formats.map(({ name }) => name).join(", ");
  throw new FormatError(
    `${location}:${line}: found ${shown}, expected a row of one of ${known}; name the format to see what it lacks`,
  );
}

function exampleOf({ value, location, line }: Row, format: TaskFormat): Example {
  return format.read(value, `${location}:${line}`);
}

/** By group, the text of the shots before its questions. */
async function readShots(
  shots: ReadTaskOptions["shots"],
  scored: {
    readonly format: TaskFormat;
    readonly rows: readonly Row[];
    readonly groups: ReadonlySet<string | undefined>;
    readonly place: string;
  },
): Promise<Map<string | undefined, string>> {
  if (shots === undefined || shots.count === 0) return new Map();
  const { format, groups, place } = scored;
  const rows = await readRows([shots.files].flat(), `${place}: shots`);
  const locations = new Set(scored.rows.map(({ location }) => location));
  const leak = rows.find(({ location }) => locations.has(location));
  if (leak !== undefined) {
    throw new RecipeError(`${place}: shots: found ${leak.location}, which is scored; name another file of examples`);
  }
  try {
    const examples = rows.map((row) => exampleOf(row, format));
    return shotTexts(examples, shots.count, groups);
  } catch (error) {
    if (!(error instanceof RecipeError)) throw error;
    const files = [shots.files].flat().join(", ");
    throw new RecipeError(`${place}: shots of ${files}: ${error.message}`, { cause: error });
  }
}

function preceded(question: Question, before: string): Question {
  switch (question.kind) {
    case "choice":
    case "continuation":
      return { ...question, context: before + question.context };
    case "partial-context":
      return { ...question, contexts: question.contexts.map((context) => before + context) };
    case "rolling":
      return question;
  }
}

/** Without shots. Items that share it are a cluster. */
function contextOf(question: Question): string {
  switch (question.kind) {
    case "choice":
    case "continuation":
      return question.context;
    case "partial-context":
      return question.contexts[0]!;
    case "rolling":
      return question.original;
  }
}
