import { join } from "node:path";
import { Command } from "commander";
import { EXIT, RecipeError } from "../errors.ts";
import { type Engine, htmlEngines } from "./bench-extract/engines.ts";
import { referenceContenders } from "./bench-extract/references.ts";
import { scoreEngines } from "./bench-extract/score.ts";
import { showRuns, showSet, showSpeed } from "./bench-extract/show.ts";
import { asContender, htmlPages, measureSpeed } from "./bench-extract/speed.ts";
import { Captures, readTruth } from "./bench-extract/truth.ts";
import { positiveInt } from "./run.ts";

interface Flags {
  readonly truth?: string;
  readonly crawl?: string;
  readonly engine?: string[];
  readonly pages: number;
  readonly rounds: number;
  readonly json?: boolean;
}

/** `sluice bench extract`. */
export function benchExtract(): Command {
  const names = (text: string, before: readonly string[] = []): string[] => [...before, ...text.split(",")];
  return new Command("extract")
    .description("What extraction from HTML is worth on pages whose text is known, or how fast it is.")
    .argument("[files...]", "archives (WARC, ARC) to time the engines on, beside Readability over linkedom and parsers")
    .option("--truth <dir>", "score instead: a folder of NAME.gt.jsonl.gz, rows with warc, offset and the page's text")
    .option("--crawl <dir>", "with --truth: the folder of the archives (default: crawl, beside that folder)")
    .option("--engine <names>", "engines of extract-html, between commas (default: all)", names)
    .option("--pages <n>", "how many pages are timed, spread over the archives", positiveInt, 300)
    .option("--rounds <n>", "rounds of timing; each runs all", positiveInt, 3)
    .option("--json", "as JSON")
    .exitOverride()
    .addHelpText(
      "after",
      `
A set is scored as the benchmark it comes from does: rows with articleBody by four words in a row (Article Extraction
Benchmark), with main_content by words (WCXB), with lists "with" and "without" by pieces (Trafilatura). Intervals are of
95 %, from drawing pages again; differences are page by page.

Examples:
  sluice bench extract --truth data/extraction
  sluice bench extract crawl/*.warc.gz --pages 500
`,
    )
    .action(async (files: string[], flags: Flags) => {
      if ((flags.truth === undefined) === (files.length === 0))
        throw new RecipeError(
          "bench extract: expected either archives to time the engines on, or --truth to score them",
        );
      const engines = await htmlEngines(flags.engine);
      await (flags.truth === undefined ? time(files, engines, flags) : score(flags.truth, engines, flags));
      process.exitCode = EXIT.done;
    });
}

async function score(truth: string, engines: readonly Engine[], { crawl, json }: Flags): Promise<void> {
  const captures = new Captures(crawl ?? join(truth, "..", "crawl"));
  const scores = await scoreEngines(readTruth(truth), engines, captures, (done) => {
    if (json !== true) console.log(`${showSet(done)}\n`);
  });
  console.log(
    json === true
      ? JSON.stringify({ type: "bench-extract-scores", node: process.version, ...scores })
      : showRuns(scores.runs),
  );
}

async function time(files: readonly string[], engines: readonly Engine[], flags: Flags): Promise<void> {
  const contenders = [...engines.map(asContender), ...(await referenceContenders())];
  const pages = await htmlPages(files, flags.pages);
  const speed = await measureSpeed(pages, contenders, flags.rounds, (round) => {
    if (flags.json !== true) console.error(`round ${round} of ${flags.rounds}`);
  });
  console.log(
    flags.json === true
      ? JSON.stringify({ type: "bench-extract-speed", node: process.version, ...speed })
      : showSpeed(speed),
  );
}
