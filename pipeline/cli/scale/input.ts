/** What the commands of `sluice scale` share: the table of runs, its columns, and flags for both. */
import { type Command, InvalidArgumentError } from "commander";
import type { AnalysisOptions, MeasuredRun } from "../../../eval/scaling/analysis.ts";
import { type Columns, columnsOf, missing, runOf } from "../../../eval/scaling/runs.ts";
import { positiveIn, readTable } from "../../../eval/scaling/table.ts";
import { RecipeError } from "../../errors.ts";
import { wholeNumber } from "../numbers.ts";

export const COLUMNS_HELP = `
Columns (CSV with a heading, or a JSON list of objects), known by these names and by those of some public files:
  params            N: parameters, embeddings included
  tokens or flops   D: tokens trained on, repetitions included; of both, the other follows from C = 6·N·D
  loss              on held-out text, nats a token
  arm               curation variant (optional)
  params_no_embed   N without embeddings (optional)
  unique_tokens     tokens without repetition, or epochs (optional)
Any other name is given as --column role=name, such as --column loss=loss_c4_val.`;

const DEFAULT_DRAWS = 1000;

export interface LawFlags {
  column?: ReadonlyMap<string, string>;
  arm?: string[];
  dropLowest: number;
  bootstrap: number;
  seed: number;
  dataConstrained?: boolean;
  json?: boolean;
}

export function withLawFlags(command: Command): Command {
  return withColumns(command)
    .option("--arm <name>", "only runs of this arm; may be repeated", (name, names: string[] = []) => [...names, name])
    .option("--drop-lowest <k>", "leave out the k runs with fewest tokens a parameter", wholeNumber, 0)
    .option("--bootstrap <n>", "resamples for 95 % intervals; 0 for none", wholeNumber, DEFAULT_DRAWS)
    .option("--seed <n>", "of the resamples", wholeNumber, 1)
    .option("--data-constrained", "count repeated tokens as what they are worth (Muennighoff et al. 2023)")
    .option("--json", "as JSON");
}

/** The flags, as the analysis takes them. */
export function analysisOptions(
  path: string,
  { bootstrap, seed, dropLowest, dataConstrained }: LawFlags,
): AnalysisOptions {
  return { path, draws: bootstrap, seed, dropLowest, dataConstrained: dataConstrained === true };
}

export function withColumns(command: Command): Command {
  const add = (text: string, columns: ReadonlyMap<string, string> = new Map()) => new Map([...columns, pairOf(text)]);
  return command.option("--column <role=name>", "the column that has a role; may be repeated", add);
}

/** "role=name": the first sign of equality parts them. */
export function pairOf(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)];
  throw new InvalidArgumentError(`expected name=value, found ${JSON.stringify(text)}`);
}

export function aboveZero(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError(`expected a number above zero such as 1e21, found ${JSON.stringify(text)}`);
}

export interface MeasuredRuns {
  readonly columns: Columns;
  readonly runs: readonly MeasuredRun[];
}

export function readMeasuredRuns(path: string, { column, arm }: LawFlags): MeasuredRuns {
  const table = readTable(path);
  const columns = columnsOf(table, column);
  const loss = columns.get("loss");
  if (loss === undefined) throw new RecipeError(missing(table, "loss"));
  const all = table.rows.map((row) => ({ ...runOf(row, table, columns), loss: positiveIn(row, loss) }));
  const unknown = arm?.find((name) => !all.some((run) => run.arm === name));
  if (unknown !== undefined) {
    const known = [...new Set(all.map((run) => run.arm ?? ""))].join(", ");
    throw new RecipeError(`${path}: found no run of arm "${unknown}" (there are ${known === "" ? "no arms" : known})`);
  }
  return { columns, runs: arm === undefined ? all : all.filter((run) => arm.includes(run.arm ?? "")) };
}

/** Which column was taken for what: a line. */
export function describeColumns(path: string, columns: Columns): string {
  const read = [...columns].map(([role, name]) => `${role} from "${name}"`).join(", ");
  const tokens = columns.has("tokens") ? "" : "; tokens = flops / (6 · params)";
  return `${path}: ${read}${tokens}`;
}

/** 6.795e9 as "6.80e9". */
export function short(n: number): string {
  return n.toExponential(2).replace("e+", "e");
}

/** Four digits, as tables of laws have them; the very large and very small with their power of ten. */
export function figure(n: number): string {
  return n !== 0 && (Math.abs(n) >= 1e4 || Math.abs(n) < 1e-3) ? short(n) : n.toPrecision(4);
}
