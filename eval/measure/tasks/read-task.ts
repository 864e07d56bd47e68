import { FormatError, RecipeError } from "../../../pipeline/errors.ts";
import type { Example, TaskFormat } from "./formats/format.ts";
import { formats } from "./formats/index.ts";
import { type Row, readRows } from "./read-rows.ts";
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

/** Between a shot and what follows: lm-evaluation-harness's `fewshot_delimiter`. */
const BETWEEN_SHOTS = "\n\n";

/**
 * Reads a task from its files: JSON Lines (also .gz, .zst), or MMLU's original CSV, a subject a file. Raises FormatError for
 * rows that are not the format's, RecipeError for what was asked for and is not there.
 * @example
 * const task = await readTask("mmlu", "mmlu/val.jsonl.gz", { shots: { files: "mmlu/dev.jsonl.gz", count: 5 } });
 */
export async function readTask(
  name: string,
  files: string | readonly string[],
  { format: formatName, shots, limit = Number.POSITIVE_INFINITY, mutualInfo = false }: ReadTaskOptions = {},
): Promise<Task> {
  const rows = await rowsOf(files, name);
  const format = formatName === undefined ? formatOf(rows[0]!) : formatNamed(formatName, name);
  const shotsOf = await shotsReader(name, format, files, shots);
  const countByGroup = new Map<string | undefined, number>();
  const clusters = new Map<string, string>();
  const items: TaskItem[] = [];
  for (const { value, where } of rows) {
    const example = format.read(value, where);
    const { group, question } = example;
    const n = countByGroup.get(group) ?? 0;
    if (n >= limit) continue;
    countByGroup.set(group, n + 1);
    const id = group === undefined ? String(n) : `${group}/${n}`;
    const shared = example.sharedText ?? sharedTextOf(question);
    const cluster = clusters.get(shared) ?? id;
    clusters.set(shared, cluster);
    const before = (example.description ?? "") + shotsOf(group);
    items.push({ ...preceded(question, before), id, cluster, ...(group !== undefined && { group }) });
  }
  return { name, format: format.name, shots: shots?.count ?? 0, mutualInfo, items };
}

async function rowsOf(files: string | readonly string[], name: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (const file of [files].flat()) rows.push(...(await readRows(file)));
  if (rows.length === 0)
    throw new FormatError(`${[files].flat().join(", ")}: found no rows, expected those of ${name}`);
  return rows;
}

function formatNamed(name: string, task: string): TaskFormat {
  const found = formats.find((format) => format.name === name);
  if (found !== undefined) return found;
  const known = formats.map((format) => format.name).join(", ");
  throw new RecipeError(`task ${task}: unknown format "${name}" (known: ${known})`);
}

function formatOf({ value, where }: Row): TaskFormat {
  const found = formats.find((format) => format.fits(value));
  if (found !== undefined) return found;
  const isObject = typeof value === "object" && value !== null;
  const fields = isObject ? `the fields ${Object.keys(value).join(", ")}` : JSON.stringify(value);
  throw new FormatError(
    `${where}: found ${fields}, expected a row of one of ${formats.map(({ name }) => name).join(", ")}; name the format to see what it lacks`,
  );
}

/** The text of the shots before a question of a group. */
async function shotsReader(
  task: string,
  format: TaskFormat,
  files: string | readonly string[],
  shots: ReadTaskOptions["shots"],
): Promise<(group: string | undefined) => string> {
  if (shots === undefined || shots.count === 0) return () => "";
  const own = [files].flat();
  const leaking = [shots.files].flat().find((file) => own.includes(file));
  if (leaking !== undefined) {
    throw new RecipeError(
      `task ${task}: shots are taken from ${leaking}, which is scored; name another file of examples`,
    );
  }
  const examples = (await rowsOf(shots.files, `the shots of ${task}`)).map(({ value, where }) =>
    format.read(value, where),
  );
  const byGroup = Map.groupBy(examples, ({ group }) => group);
  const textOf = (group: string | undefined): string => {
    const first = (byGroup.get(group) ?? []).slice(0, shots.count);
    if (first.length < shots.count) {
      const of = group === undefined ? "" : ` of ${group}`;
      throw new RecipeError(
        `task ${task}: ${[shots.files].flat().join(", ")} has ${first.length} examples${of}, expected ${shots.count} shots`,
      );
    }
    return first.map((example) => solved(example, task) + BETWEEN_SHOTS).join("");
  };
  const texts = new Map<string | undefined, string>();
  return (group) => {
    const known = texts.get(group) ?? textOf(group);
    texts.set(group, known);
    return known;
  };
}

/** The question with its right answer. */
function solved({ question }: Example, task: string): string {
  switch (question.kind) {
    case "choice":
      return question.context + question.delimiter + question.choices[question.gold]!;
    case "partial-context":
      return question.contexts[question.gold]! + question.delimiter + question.continuation;
    case "continuation":
      return question.context + question.delimiter + question.answer;
    case "rolling":
      throw new RecipeError(`task ${task}: found shots, expected none: a whole text is scored`);
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

/** Items that share it are a cluster. */
function sharedTextOf(question: Question): string {
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
