/** `sluice bench dedup-index`. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { EXIT } from "../../errors.ts";
import { engineModule } from "../../modules.ts";
import { positiveInt } from "../run.ts";
import { count, table } from "../show.ts";
import { INDEX_WAYS, type IndexScale, type IndexScaleOptions } from "./index-scale.ts";

export function benchDedupIndex(): Command {
  return new Command("dedup-index")
    .description(
      "The index of minhash-dedup over synthetic pages, in memory and on disk, each in a process of its own.",
    )
    .option("--pages <n>", "synthetic pages, 15 % of them near-duplicates", positiveInt, 1_000_000)
    .option("--memory <MB>", "what the search for shared keys may hold on its way over the disk", positiveInt, 500)
    .option("--seed <n>", "another seed makes other pages", positiveInt, 1)
    .option("--json", "as JSON")
    .exitOverride()
    .addHelpText("after", "\nExample:\n  sluice bench dedup-index --pages 10000000\n")
    .action(async (flags: { pages: number; memory: number; seed: number; json?: boolean }) => {
      const { pages, seed, memory } = flags;
      const results: IndexScale[] = [];
      for (const way of INDEX_WAYS) results.push(await measureApart({ way, pages, seed, memoryBytes: memory * 1e6 }));
      const areSame = isSameResult(results);
      console.log(
        flags.json === true ? JSON.stringify({ type: "bench-dedup-index", results, areSame }) : show(results, areSame),
      );
      process.exitCode = areSame ? EXIT.done : EXIT.failed;
    });
}

/** Measures in a process of its own. */
export async function measureApart(options: IndexScaleOptions): Promise<IndexScale> {
  const path = fileURLToPath(engineModule("pipeline/cli/bench-dedup/index-scale-process"));
  const child = fork(path, [JSON.stringify(options)], { execArgv: ["--disable-warning=ExperimentalWarning"] });
  let result: IndexScale | undefined;
  child.on("message", (message) => {
    result = message as IndexScale;
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  if (result === undefined) {
    throw new Error(
      `index, ${options.way}: its process ended with ${signal ?? `exit code ${code}`}; was the memory full?`,
    );
  }
  return result;
}

export function isSameResult(results: readonly IndexScale[]): boolean {
  const told = results.map(({ hits, hitsDigest, components, componentsDigest }) =>
    [hits, hitsDigest, components, componentsDigest].join(),
  );
  return new Set(told).size === 1;
}

function show(results: readonly IndexScale[], areSame: boolean): string {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  const rows = results.map((r) => [
    r.way,
    count(r.pages),
    count(r.indexed),
    count(r.hits),
    count(r.components),
    megabytes(r.indexBytes),
    megabytes(r.peakRssBytes),
    r.cpuSeconds.toFixed(1),
    count(Math.round(r.pages / r.cpuSeconds)),
    r.seconds.toFixed(1),
  ]);
  const head = ["", "pages", "indexed", "hits", "clusters", "index", "peak", "CPU s", "pages/CPU s", "s"];
  return `${table([head, ...rows])}\n${areSame ? "same pairs, same clusters" : "the two DIFFER"}`;
}
