/**
 * What isolation and layout cost: pages a second that `extract-pdf` reads beside plain pdf.js. Time is CPU time of all
 * threads, user and system, so that a busy machine measures the same as an idle one as far as it can; each route has a
 * process of its own, rounds are interleaved, and what counts is the ratio.
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { EXIT, RecipeError } from "../errors.ts";
import type { PassReply, PassRequest } from "./bench-pdf/route-process.ts";
import { ROUTES, type Route } from "./bench-pdf/routes.ts";
import { median } from "./median.ts";
import { RouteProcess, type Spread, shownSpread, spread } from "./route-process.ts";
import { positiveInt } from "./run.ts";
import { count, table } from "./show.ts";

export interface PdfBench {
  /** Files that both routes read, all pages alike, and that have text. */
  readonly files: number;
  readonly pages: number;
  /** The others, which are not timed. */
  readonly left: readonly string[];
  readonly routes: readonly RouteSpeed[];
}
interface RouteSpeed {
  readonly route: Route;
  /** Medians of the rounds. */
  readonly pagesPerCpuSecond: number;
  readonly pagesPerSecond: number;
  /** Times as fast as pdf.js in the same round, by CPU time: the median of the rounds, the least and the most. */
  readonly ratio: Spread;
}

const MODULE = "pipeline/cli/bench-pdf/route-process";

/** `sluice bench pdf`. */
export function benchPdf(): Command {
  return new Command("pdf")
    .description("How fast extract-pdf reads PDFs, in its thread and with layout, beside pdf.js alone.")
    .argument("<files...>", "PDF files, or folders of them")
    .option("--rounds <n>", "rounds; each runs both", positiveInt, 5)
    .option("--json", "as JSON")
    .exitOverride()
    .addHelpText("after", "\nExample:\n  sluice bench pdf papers/\n")
    .action(async (paths: string[], flags: { rounds: number; json?: boolean }) => {
      const result = await runPdfBench(pdfFiles(paths), flags.rounds);
      console.log(
        flags.json === true ? JSON.stringify({ type: "bench-pdf", node: process.version, ...result }) : shown(result),
      );
      process.exitCode = EXIT.done;
    });
}

/** Files as they are named, and all `.pdf` below folders. */
export function pdfFiles(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path];
    const names = readdirSync(path, { recursive: true, encoding: "utf8" });
    return names
      .filter((name) => name.toLowerCase().endsWith(".pdf"))
      .sort()
      .map((name) => join(path, name));
  });
}

export async function runPdfBench(paths: readonly string[], rounds: number): Promise<PdfBench> {
  const missing = paths.find((path) => !statSync(path, { throwIfNoEntry: false })?.isFile());
  if (missing !== undefined) throw new RecipeError(`${missing}: there is no such file`);
  const routes = Object.keys(ROUTES) as Route[];
  const processes = routes.map(
    (route) => new RouteProcess<PassRequest, PassReply>(MODULE, route, "leave out the file it fails on"),
  );
  try {
    // The first pass finds the files that are timed, and warms up.
    const first: PassReply[] = [];
    for (const process of processes) first.push(await process.ask({ files: paths }));
    const pages = paths.map((_, i) =>
      first.reduce<number | null>((n, reply) => same(n, reply.pages[i]!), first[0]!.pages[i]!),
    );
    const files = paths.filter((_, i) => pages[i] !== null);
    if (files.length === 0) throw new RecipeError("bench pdf: found no PDF with text that both routes read");
    const passes: PassReply[][] = routes.map(() => []);
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < routes.length; turn++) {
        // Each round begins with another one: a machine that slows down favours none.
        const r = (turn + round) % routes.length;
        passes[r]!.push(await processes[r]!.ask({ files }));
      }
    }
    const all = pages.reduce<number>((sum, n) => sum + (n ?? 0), 0);
    const reference = passes[routes.indexOf("pdf.js")]!;
    return {
      files: files.length,
      pages: all,
      left: paths.filter((_, i) => pages[i] === null),
      routes: routes.map((route, r) => {
        const ratios = passes[r]!.map(({ cpuSeconds }, i) => reference[i]!.cpuSeconds / cpuSeconds);
        return {
          route,
          pagesPerCpuSecond: all / median(passes[r]!.map(({ cpuSeconds }) => cpuSeconds)),
          pagesPerSecond: all / median(passes[r]!.map(({ seconds }) => seconds)),
          ratio: spread(ratios),
        };
      }),
    };
  } finally {
    for (const process of processes) process.stop();
  }
}

const same = (a: number | null, b: number | null): number | null => (a === b ? a : null);

function shown({ files, pages, left, routes }: PdfBench): string {
  const rows = routes.map(({ route, pagesPerCpuSecond, pagesPerSecond, ratio }) => [
    ROUTES[route],
    pagesPerCpuSecond.toFixed(0),
    pagesPerSecond.toFixed(0),
    shownSpread(ratio),
  ]);
  const others = left.length === 0 ? "" : `; ${count(left.length)} more without text, or that only one reads whole`;
  return [
    `${count(files)} files, ${count(pages)} pages${others}`,
    table([["", "pages per CPU second", "pages/s", "× pdf.js"], ...rows]),
  ].join("\n");
}
