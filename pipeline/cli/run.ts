import { relative } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { registry } from "../../index.ts";
import type { Manifest } from "../manifest.ts";
import { type CheckedRecipe, outDir, readRecipe } from "../recipe.ts";
import { DEFAULT_CACHE, runChecked } from "../run.ts";
import { GOES_ON, interruptible } from "./interruptible.ts";
import { openRunDisplay } from "./run-display.ts";
import { summarize } from "./summary.ts";

export interface RunFlags {
  workers?: number;
  cache?: string;
  dropped?: CheckedRecipe["dropped"];
  scores?: CheckedRecipe["scores"];
  force?: boolean;
  json?: boolean;
  dedupMemory?: number;
}

/** The flags of every command that runs a recipe. */
export function withRunFlags(command: Command): Command {
  return command
    .option("--workers <n>", "worker threads (default: one for each core)", positiveInt)
    .option("--cache <dir>", `folder of the cache, or "off" (default: ${DEFAULT_CACHE})`)
    .addOption(
      new Option("--dropped <which>", "dropped pages that can be read afterwards").choices(["sample", "all", "none"]),
    )
    .addOption(
      new Option("--scores <which>", "stages that measure a page, also for what-if: those reached, or all").choices([
        "reached",
        "all",
      ]),
    )
    .option(
      "--dedup-memory <mb>",
      "MB that indexes of deduplication may hold before they go to disk (default: a quarter of the memory)",
      positiveInt,
    )
    .option("--force", "replace a different run that the output folder holds")
    .option("--json", "events as JSON, one object a line; the last is the manifest");
}

export function runCommand(): Command {
  return withRunFlags(
    new Command("run")
      .description("Run a recipe to the end; an interrupted run goes on where it stopped.")
      .argument("<recipe>", "recipe file, YAML or JSON"),
  )
    .addHelpText("after", "\nExample:\n  sluice run recipe.yaml --workers 4\n")
    .action(async (path: string, flags: RunFlags) => {
      const recipe = await readRecipe(path, registry);
      await runAndShow(recipe, flags);
    });
}

/** Runs with a display, prints the summary, and lets Ctrl-C stop the run in good order. */
export async function runAndShow(checked: CheckedRecipe, flags: RunFlags): Promise<Manifest> {
  const { dropped = checked.dropped, scores = checked.scores } = flags;
  const recipe = { ...checked, dropped, scores };
  const display = openRunDisplay(flags.json === true);
  try {
    const manifest = await interruptible(GOES_ON, (signal) =>
      runChecked(recipe, {
        ...(flags.workers === undefined ? {} : { workers: flags.workers }),
        ...(flags.cache === undefined ? {} : { cache: flags.cache === "off" ? false : flags.cache }),
        ...(flags.dedupMemory === undefined ? {} : { dedupMemoryMb: flags.dedupMemory }),
        force: flags.force === true,
        signal,
        onEvent: display.onEvent,
      }),
    );
    display.close();
    if (flags.json === true) console.log(JSON.stringify({ type: "done", ...manifest }));
    else console.log(summarize(manifest, relative("", outDir(recipe)) || "."));
    return manifest;
  } finally {
    display.close();
  }
}

export function positiveInt(text: string): number {
  const n = Number(text);
  if (!Number.isSafeInteger(n) || n < 1)
    throw new InvalidArgumentError(`expected a whole number from 1, found ${JSON.stringify(text)}`);
  return n;
}
