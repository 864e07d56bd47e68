/**
 * How fast FineWeb's whole chain of filters runs on one core, beside the same rules written plainly. Time is the process's
 * user CPU time, so that a busy machine measures the same as an idle one as far as it can; rounds are interleaved, and
 * what counts is the ratio.
 */
import { Command } from "commander";
import { registry } from "../../index.ts";
import type { Document } from "../document.ts";
import { EXIT, RecipeError } from "../errors.ts";
import { buildChain, type Chain, judgePage, type Outcome } from "../judge.ts";
import { contextFor } from "../recipe.ts";
import { isRejected } from "../source.ts";
import { judgePlainly, type PlainVerdict } from "./bench-filters/plain-fineweb.ts";
import { openInput } from "./filter/pages.ts";
import { checkStages } from "./filter/stages.ts";
import { median } from "./median.ts";
import { positiveInt } from "./run.ts";
import { count, table } from "./show.ts";

const MEGABYTE = 1e6;
const CHAIN = ["gopher-repetition", "gopher-quality", "c4", "fineweb-quality"];
const SETTINGS = ["c4.filterNoTerminalPunct=false"];

export interface FiltersBench {
  readonly pages: number;
  readonly bytes: number;
  /** Medians of the rounds, in megabytes (1e6 bytes of UTF-8) per second of user CPU time. */
  readonly megabytesPerSecond: {
    /** All filters measure every page. */
    readonly all: number;
    /** A page is done with the first filter that drops it. */
    readonly earlyExit: number;
    /** The same rules plainly, without early exit, on `compared` pages. */
    readonly plain: number;
  };
  /** `all` over `plain`: median of the rounds' own ratios. */
  readonly ratio: number;
  /** Share of the time that each stage takes; a feature counts for the stage that asks for it first. */
  readonly shares: Readonly<Record<string, number>>;
  /** Pages that both judged, and those on which they differ. */
  readonly compared: number;
  readonly differences: readonly { readonly id: string; readonly ours: PlainVerdict; readonly plain: PlainVerdict }[];
}

export function benchFilters(): Command {
  return new Command("filters")
    .description(
      "FineWeb's four filters in one pass, with and without early exit, beside the same rules written plainly.",
    )
    .argument("<files...>", "JSON Lines with `text`, e.g. the data of a run with the sink jsonl")
    .option("--rounds <n>", "rounds; each runs all", positiveInt, 3)
    .option(
      "--plain-megabytes <n>",
      "how much the plain rules are given, of pages spread over the whole",
      positiveInt,
      10,
    )
    .option("--json", "as JSON")
    .exitOverride()
    .addHelpText("after", "\nExample:\n  sluice bench filters out/data/*.jsonl\n")
    .action(async (files: string[], flags: { rounds: number; plainMegabytes: number; json?: boolean }) => {
      const result = await runFiltersBench(await readPages(files), flags.rounds, flags.plainMegabytes * MEGABYTE);
      console.log(
        flags.json === true
          ? JSON.stringify({ type: "bench-filters", node: process.version, ...result })
          : shown(result),
      );
      process.exitCode = result.differences.length > 0 ? EXIT.failed : EXIT.done;
    });
}

async function readPages(files: readonly string[]): Promise<Document[]> {
  const context = contextFor(process.cwd(), 1);
  const pages: Document[] = [];
  for (const file of files) {
    const { rows } = await openInput(file, context);
    for await (const { page } of rows()) {
      // As it comes from an extractor: a string in one piece.
      if (!isRejected(page)) pages.push({ ...page, text: Buffer.from(page.text).toString() });
    }
  }
  if (pages.length === 0)
    throw new RecipeError(`${files.join(", ")}: no page with text; expected JSON Lines with "text"`);
  return pages;
}

export async function runFiltersBench(
  pages: readonly Document[],
  rounds: number,
  plainBytes: number,
): Promise<FiltersBench> {
  const context = contextFor(process.cwd(), 1);
  const stages = await checkStages(CHAIN, SETTINGS, registry, process.cwd());
  const all = await buildChain(stages, context, "all");
  const earlyExit = await buildChain(stages, context, "reached");
  const bytes = bytesOf(pages);
  const step = Math.max(1, Math.ceil(bytes / plainBytes));
  const sample = pages.filter((_, i) => i % step === 0);
  const speeds = { all: [] as number[], earlyExit: [] as number[], plain: [] as number[] };
  let verdicts: PlainVerdict[] = [];
  let plain: PlainVerdict[] = [];
  for (let round = 0; round < rounds; round++) {
    speeds.all.push(
      await speedOf(pages, async () => {
        verdicts = await judgeAll(pages, all);
      }),
    );
    speeds.plain.push(
      await speedOf(sample, async () => {
        plain = sample.map(({ text }) => judgePlainly(text));
      }),
    );
    speeds.earlyExit.push(
      await speedOf(pages, async () => {
        await judgeAll(pages, earlyExit);
      }),
    );
  }
  const ours = verdicts.filter((_, i) => i % step === 0);
  return {
    pages: pages.length,
    bytes,
    megabytesPerSecond: {
      all: median(speeds.all),
      earlyExit: median(speeds.earlyExit),
      plain: median(speeds.plain),
    },
    ratio: median(speeds.all.map((speed, round) => speed / speeds.plain[round]!)),
    shares: await sharesOf(pages, all),
    compared: sample.length,
    differences: sample.flatMap(({ id }, i) =>
      ours[i] === plain[i] ? [] : [{ id, ours: ours[i]!, plain: plain[i]! }],
    ),
  };
}

async function speedOf(pages: readonly Document[], work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  return bytesOf(pages) / process.cpuUsage(before).user;
}

async function judgeAll(
  pages: readonly Document[],
  chain: Chain,
  onStage = (_index: number) => {},
): Promise<PlainVerdict[]> {
  const verdicts: PlainVerdict[] = [];
  for (const page of pages) {
    const [outcome] = await judgePage(page, chain, 0, chain.stages.length, onStage);
    verdicts.push(verdictOf(outcome!));
  }
  return verdicts;
}

function verdictOf({ outcome, stage, reason }: Outcome): PlainVerdict {
  return outcome === "kept" ? null : `${stage}/${reason}`;
}

async function sharesOf(pages: readonly Document[], chain: Chain): Promise<Record<string, number>> {
  const spent = chain.stages.map(() => 0);
  let stage = -1;
  let since = performance.now();
  const enter = (next: number): void => {
    const now = performance.now();
    if (stage >= 0) spent[stage]! += now - since;
    stage = next;
    since = now;
  };
  await judgeAll(pages, chain, enter);
  enter(-1);
  const total = spent.reduce((sum, one) => sum + one, 0);
  return Object.fromEntries(chain.stages.map(({ name }, i) => [name, spent[i]! / total]));
}

function bytesOf(pages: readonly Document[]): number {
  return pages.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
}

function shown({ pages, bytes, megabytesPerSecond, ratio, shares, compared, differences }: FiltersBench): string {
  const speed = (value: number): string => `${value.toPrecision(3)} MB/s`;
  const rows = [
    ["all filters, one pass", speed(megabytesPerSecond.all), `${ratio.toFixed(1)} × the plain rules`],
    ["with early exit", speed(megabytesPerSecond.earlyExit), ""],
    ["the plain rules", speed(megabytesPerSecond.plain), `on ${count(compared)} of the pages`],
  ];
  const parts = Object.entries(shares).map(([name, share]) => `${name} ${Math.round(100 * share)} %`);
  const differing = differences.slice(0, 5).map(({ id, ours, plain }) => `  ${id}: ours ${ours}, plainly ${plain}`);
  return [
    `${count(pages)} pages, ${(bytes / MEGABYTE).toFixed(1)} MB of text, one core, medians of user CPU time`,
    table(rows),
    `  time: ${parts.join(", ")}`,
    `  verdicts: ${count(compared)} compared, ${count(differences.length)} differ`,
    ...differing,
  ].join("\n");
}
