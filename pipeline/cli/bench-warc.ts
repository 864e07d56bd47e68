/**
 * How fast WARC files are read on one core, beside `gzip -dc` and npm's `warcio`. Time is CPU time, user and system, so
 * that a busy machine measures the same as an idle one as far as it can; each route has a process of its own, rounds are
 * interleaved, and what counts is the ratio.
 */
import { Command } from "commander";
import { EXIT, RecipeError } from "../errors.ts";
import type { PassReply, PassRequest } from "./bench-warc/route-process.ts";
import { hasWarcio, ROUTES, type Route } from "./bench-warc/routes.ts";
import { median } from "./median.ts";
import { RouteProcess, type Spread, shownSpread, spread } from "./route-process.ts";
import { positiveInt } from "./run.ts";
import { count, table } from "./show.ts";

export interface WarcBench {
  readonly records: number;
  readonly plainBytes: number;
  readonly routes: readonly RouteResult[];
  /** Whether warcio.js found the same records (type, URL and block of each); undefined where it is not installed. */
  readonly isEqual: boolean | undefined;
}
interface RouteResult {
  readonly route: Route;
  /** Plain megabytes (1e6 bytes) and records per second of CPU time: medians of the rounds. */
  readonly megabytesPerSecond: number;
  readonly recordsPerSecond: number;
  /** Times as fast as another route, round by round. */
  readonly toGzip: Spread;
  readonly toWarcio: Spread | undefined;
}

const MODULE = "pipeline/cli/bench-warc/route-process";

/** `sluice bench warc`. */
export function benchWarc(): Command {
  return new Command("warc")
    .description("Reading WARC files of gzip members, beside gzip -dc, Node's gunzip and warcio.js, record by record.")
    .argument("<files...>", "WARC files, gzip")
    .option("--rounds <n>", "rounds; each runs all", positiveInt, 7)
    .option("--json", "as JSON")
    .exitOverride()
    .addHelpText("after", "\nExample:\n  sluice bench warc crawl/*.warc.gz\n")
    .action(async (files: string[], flags: { rounds: number; json?: boolean }) => {
      const result = await runWarcBench(files, flags.rounds);
      console.log(
        flags.json === true ? JSON.stringify({ type: "bench-warc", node: process.version, ...result }) : shown(result),
      );
      process.exitCode = result.isEqual === false ? EXIT.failed : EXIT.done;
    });
}

export async function runWarcBench(files: readonly string[], rounds: number): Promise<WarcBench> {
  const routes = (Object.keys(ROUTES) as Route[]).filter((route) => route !== "warcio" || hasWarcio());
  const processes = new Map(
    routes.map((route) => [
      route,
      new RouteProcess<PassRequest, PassReply>(MODULE, route, "run again with fewer files"),
    ]),
  );
  const ask = async (route: Route, isCompared: boolean): Promise<PassReply> => {
    const reply = await processes.get(route)!.ask({ files, isCompared });
    if (reply.failure !== undefined) throw new RecipeError(reply.failure);
    return reply;
  };
  try {
    // The first pass compares records, and warms up.
    const first = new Map<Route, PassReply>();
    for (const route of routes) first.set(route, await ask(route, true));
    const seconds = new Map<Route, number[]>(routes.map((route) => [route, []]));
    for (let round = 0; round < rounds; round++) {
      for (const route of routes) seconds.get(route)!.push((await ask(route, false)).cpuSeconds);
    }
    const { records, digests } = first.get("records")!;
    const { plainBytes } = first.get("gunzip")!;
    const theirs = first.get("warcio");
    return {
      records,
      plainBytes,
      routes: routes.map((route) => {
        const own = seconds.get(route)!;
        const ratios = (other: Route): Spread => spread(own.map((value, i) => seconds.get(other)![i]! / value));
        return {
          route,
          megabytesPerSecond: plainBytes / 1e6 / median(own),
          recordsPerSecond: records / median(own),
          toGzip: ratios("gzip"),
          toWarcio: theirs === undefined ? undefined : ratios("warcio"),
        };
      }),
      isEqual: theirs === undefined ? undefined : digests.join() === theirs.digests.join(),
    };
  } finally {
    for (const one of processes.values()) one.stop();
  }
}

function shown({ records, plainBytes, routes, isEqual }: WarcBench): string {
  const ratio = (value: Spread | undefined): string => (value === undefined ? "–" : shownSpread(value));
  const rows = routes.map(({ route, megabytesPerSecond, recordsPerSecond, toGzip, toWarcio }) => [
    ROUTES[route],
    megabytesPerSecond.toFixed(0),
    count(Math.round(recordsPerSecond)),
    ratio(toGzip),
    ratio(toWarcio),
  ]);
  const verdict =
    isEqual === undefined
      ? "warcio.js is not installed"
      : isEqual
        ? "warcio.js reads the same"
        : "warcio.js reads OTHERS";
  return [
    `${count(records)} records, ${(plainBytes / 1e6).toFixed(1)} MB inflated; records: ${verdict}`,
    table([["one core, CPU time", "MB/s", "records/s", "× gzip -dc", "× warcio.js"], ...rows]),
  ].join("\n");
}
