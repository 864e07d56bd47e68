/** Rows of a config's `data`, read from where its paths lead, with a word to people on what was left out. */
import type { Data } from "./config.ts";
import type { FaultReport } from "./examples/faults.ts";
import type { ReadOptions, ReadSet } from "./examples/read.ts";
import type { Bench } from "./method.ts";

type Reader<T> = (files: readonly string[], options: ReadOptions) => Promise<ReadSet<T>>;

export async function readData<T>(read: Reader<T>, { files, ...options }: Data, bench: Bench): Promise<ReadSet<T>> {
  const set = await read(
    files.map((file) => bench.resolvePath(file)),
    options as ReadOptions,
  );
  tellFaults(set.faults, bench);
  return set;
}

/** "3 of 100 rows were left out: equal-answers 2 (a.jsonl:7, a.jsonl:9), too-long 1 (a.jsonl:12)" */
export function tellFaults({ rows, faulty, reasons }: FaultReport, { note }: Pick<Bench, "note">): void {
  if (faulty === 0) return;
  const listed = Object.entries(reasons).map(
    ([reason, { count, places }]) => `${reason} ${count} (${places.slice(0, 3).join(", ")}${count > 3 ? " …" : ""})`,
  );
  note(`${faulty} of ${rows} rows were left out: ${listed.join("; ")}`);
}
