/** Rows of a config's `data`, read from where its paths lead, with a word to people on what was left out. */
import { RecipeError } from "../../pipeline/errors.ts";
import type { Data } from "./config.ts";
import type { FaultReport } from "./examples/faults.ts";
import type { ReadOptions, ReadSet } from "./examples/read.ts";
import type { Bench } from "./method.ts";

type Reader<T> = (files: readonly string[], options: ReadOptions, place: string) => Promise<ReadSet<T>>;

/** `field` is where the config has it. Raises RecipeError where no row is left. */
export async function readData<T>(
  read: Reader<T>,
  { files, ...options }: Data,
  bench: Bench,
  field: readonly string[],
): Promise<ReadSet<T>> {
  const set = await read(
    files.map((file) => bench.resolvePath(file)),
    options as ReadOptions,
    placeIn(bench, field),
  );
  tellFaults(set.faults, bench);
  if (set.rows.length === 0) {
    const heldOut = set.validation.length;
    throw new RecipeError(
      `${placeIn(bench, field)}: no row is left of ${files.join(", ")}${heldOut > 0 ? `: all ${heldOut} are held out; lower validation` : ""}`,
    );
  }
  return set;
}

/** For messages: `grpo.yaml:12: reward`. */
export function placeIn({ plan }: Pick<Bench, "plan">, field: readonly string[]): string {
  return `${plan.locate(field)}: ${field.join(".")}`;
}

/** "3 of 100 rows were left out: equal-answers 2 (a.jsonl:7, a.jsonl:9), too-long 1 (a.jsonl:12)" */
export function tellFaults({ rows, faulty, reasons }: FaultReport, { note }: Pick<Bench, "note">): void {
  if (faulty === 0) return;
  const listed = Object.entries(reasons).map(
    ([reason, { count, places }]) => `${reason} ${count} (${places.slice(0, 3).join(", ")}${count > 3 ? " …" : ""})`,
  );
  note(`${faulty} of ${rows} rows were left out: ${listed.join("; ")}`);
}
