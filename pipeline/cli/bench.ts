import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { registry } from "../../index.ts";
import { EXIT } from "../errors.ts";
import type { Manifest } from "../manifest.ts";
import { type CheckedRecipe, readRecipe } from "../recipe.ts";
import { runChecked } from "../run.ts";
import { benchDedupIndex } from "./bench-dedup/index-command.ts";
import { benchDedup } from "./bench-dedup.ts";
import { benchExtract } from "./bench-extract.ts";
import { benchFilters } from "./bench-filters.ts";
import { benchInference } from "./bench-inference.ts";
import { benchPdf } from "./bench-pdf.ts";
import { benchTokenizer } from "./bench-tokenizer.ts";
import { benchWarc } from "./bench-warc.ts";
import { median } from "./median.ts";
import { positiveInt } from "./run.ts";
import { table } from "./show.ts";

export function benchCommand(): Command {
  return new Command("bench")
    .description("Benchmarks: rounds are interleaved, results are ratios.")
    .addCommand(benchRun())
    .addCommand(benchWarc())
    .addCommand(benchExtract())
    .addCommand(benchPdf())
    .addCommand(benchFilters())
    .addCommand(benchDedup())
    .addCommand(benchDedupIndex())
    .addCommand(benchTokenizer())
    .addCommand(benchInference());
}

interface Round {
  readonly one: number;
  readonly many: number;
  /** Worker time that is no stage's own, over the stages' time. */
  readonly overhead: number;
}

function benchRun(): Command {
  return new Command("run")
    .description(
      "How much faster a recipe runs on several workers than on one, and what the engine costs beside its stages.",
    )
    .argument("<recipe>", "recipe file, YAML or JSON")
    .option("--workers <n>", "workers to compare with one (default: one for each core)", positiveInt)
    .option("--rounds <n>", "rounds; each runs both", positiveInt, 3)
    .option("--json", "as JSON")
    .exitOverride()
    .addHelpText("after", "\nExample:\n  sluice bench run recipe.yaml --workers 2\n")
    .action(async (path: string, flags: { workers?: number; rounds: number; json?: boolean }) => {
      const recipe = await readRecipe(path, registry);
      const workers = flags.workers ?? availableParallelism();
      const rounds: Round[] = [];
      for (let r = 0; r < flags.rounds; r++) {
        // Every other round begins with the other one: a machine that slows down favours neither.
        const first = r % 2 === 0 ? 1 : workers;
        const times = new Map<number, Manifest>();
        for (const count of [first, first === 1 ? workers : 1]) times.set(count, await runOnce(recipe, count));
        const one = times.get(1)!;
        const many = times.get(workers)!;
        rounds.push({ one: one.measured.seconds, many: many.measured.seconds, overhead: overheadOf(one) });
        if (flags.json !== true)
          console.error(
            `round ${r + 1}: ${one.measured.seconds} s on 1 worker, ${many.measured.seconds} s on ${workers}`,
          );
      }
      const speedup = median(rounds.map(({ one, many }) => one / many));
      const overhead = median(rounds.map((round) => round.overhead));
      if (flags.json === true) console.log(JSON.stringify({ type: "bench", workers, rounds, speedup, overhead }));
      else {
        console.log(
          table([
            [`speed-up on ${workers} workers`, speedup.toFixed(2), "median of rounds"],
            ["engine beside stages", `${(100 * overhead).toFixed(1)} %`, "of the stages' own time"],
          ]),
        );
      }
      process.exitCode = EXIT.done;
    });
}

async function runOnce(recipe: CheckedRecipe, workers: number): Promise<Manifest> {
  const dir = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  try {
    const params = { ...(recipe.sink.spec.params as object), dir };
    const sink = { ...recipe.sink, spec: { ...recipe.sink.spec, params } };
    return await runChecked({ ...recipe, sink }, { workers, cache: false });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** On one worker whatever is no stage's time is the engine's: its share in the worker, the main thread's waits, the start. */
function overheadOf({ measured }: Manifest): number {
  const stages = Object.entries(measured.stepSeconds).reduce(
    (sum, [step, seconds]) => sum + (step === "engine" ? 0 : seconds),
    0,
  );
  return (measured.seconds - stages) / stages;
}
