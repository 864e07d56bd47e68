/** `sluice dedup`: documents that repeat each other, from a file of JSON Lines. */
import { createWriteStream, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { Command, InvalidArgumentError, Option } from "commander";
import { registry } from "../../index.ts";
import { Components } from "../../stages/dedup/components.ts";
import { CONFIGURATION_NAMES, settingsOf } from "../../stages/dedup/configurations.ts";
import { describeCurve } from "../../stages/dedup/curve.ts";
import { KEEP_POLICIES, type KeepPolicy } from "../dedup-options.ts";
import { EXIT, exitCode, FormatError, RecipeError, RetryError } from "../errors.ts";
import { contextFor } from "../recipe.ts";
import type { SetupContext } from "../stage.ts";
import { Documents, Ids } from "./dedup/documents.ts";
import { LineWriter } from "./dedup/line-writer.ts";
import { checkMethods, groupsOf, keepOf, type Method, type Settings } from "./dedup/methods.ts";
import { runPageMethods } from "./dedup/page-methods.ts";
import { runPassageMethod } from "./dedup/passage-methods.ts";
import { Scratch } from "./dedup/scratch.ts";
import { describe, type Summary, summaryOf } from "./dedup/summary.ts";
import { Work } from "./dedup/work.ts";
import { probability } from "./numbers.ts";
import { openProgress } from "./progress.ts";
import { openOutput, STDOUT } from "./tokenizer/output.ts";

interface Flags extends Settings {
  readonly keep?: KeepPolicy;
  readonly bestBy?: string;
  readonly out?: string;
  readonly pairs?: string;
  readonly clusters?: string;
  readonly keepEmpty?: boolean;
  readonly curve?: boolean;
  readonly json?: boolean;
}

const STDIN = "-";

export function dedupCommand(): Command {
  const collect = (text: string, texts: readonly string[] = []): string[] => [...texts, text];
  return new Command("dedup")
    .description("Remove documents that repeat each other, or passages that do, and tell which pairs are alike.")
    .argument("[file]", "JSON Lines with fields id and text, and url, date if there are; .gz and .zst too; - for stdin")
    .requiredOption(
      "--method <names>",
      "exact, minhash, line, paragraph, ngram, substring, another stage's name, ./file.ts; several between commas",
    )
    .option("--out <file>", "the documents that are kept, in input order; .gz and .zst too; - for stdout")
    .option("--pairs <file>", "a line for each pair of documents that are alike")
    .option("--clusters <file>", "a line for each group of documents that pairs connect")
    .option(
      "--threshold <share>",
      "least similarity of duplicates: minJaccard or minContainment, for ngram its threshold",
      share,
    )
    .addOption(new Option("--keep <which>", "which of like documents stays").choices(KEEP_POLICIES))
    .option("--best-by <field>", "with --keep best: the field of a row whose number decides, the highest stays")
    .addOption(new Option("--config <name>", "minhash: a published configuration").choices(CONFIGURATION_NAMES))
    .option("--no-verify", "minhash: remove for equal signatures alone, as many pipelines do")
    .option("--with <param=value>", "a parameter of the method, or method.param=value (YAML); again for more", collect)
    .option("--keep-empty", "documents of which nothing is left stay, with an empty text")
    .option("--curve", "print how likely documents of a similarity are compared, and read nothing")
    .option("--json", "print the summary as JSON")
    .addHelpText(
      "after",
      `
Methods that compare whole documents write the lines that are kept as they were; those that cut passages (line,
paragraph, ngram, substring) write them with another text, and leave out documents of which nothing is left. Several
methods run in order, each on what the one before left. Nothing is written without --out, --pairs or --clusters.

A pair is {"a", "b", "similarity", "method", "removed"}: a comes before b in the input, "removed" is the one that was
dropped for likeness to the other, or null. All pairs are told, also of documents that both stay or both go. Where
passages are cut, "similarity" is the share of the text that stays in the other document, and "cut" the one that lost it.
A cluster is {"cluster", "ids", "kept"}, of documents that pairs connect, also by way of others; passages in common
connect none.

Many documents that are all alike have more pairs than are listed: a million, and 16 more for each document. Rows that
are no documents are counted, and not kept. What was left out for any such reason the summary says.

Examples:
  sluice dedup pages.jsonl --method exact --out kept.jsonl
  sluice dedup pages.jsonl.gz --method exact,minhash --threshold 0.7 --keep longest --out kept.jsonl.gz --pairs pairs.jsonl
  sluice dedup pages.jsonl --method line --with minCopies=10 --out kept.jsonl
  sluice dedup --method minhash --config refinedweb --curve
`,
    )
    .action(dedup);
}

async function dedup(file: string | undefined, flags: Flags): Promise<void> {
  const context = contextFor(process.cwd(), 1);
  const methods = await checkMethods(flags, registry, process.cwd());
  if (flags.curve === true) {
    console.log(methods.map(curveOf).join("\n"));
    return;
  }
  if (file === undefined) throw new RecipeError("expected a file of JSON Lines, or - for standard input, found none");
  checkFlags(flags, methods);
  const groups = groupsOf(methods);
  const scratch = new Scratch();
  try {
    const summary = await deduplicate(file, groups, flags, scratch, context);
    if (flags.json === true) console.log(JSON.stringify(summary));
    else console.error(describe(summary));
    const { documents, unread, failed, losses } = summary;
    if (losses.length > 0) throw new FormatError(losses.join("; "));
    const nothingRead = documents === 0 && unread > 0;
    const allFailed = documents > 0 && failed === documents;
    if (nothingRead || allFailed) process.exitCode = EXIT.failed;
  } finally {
    scratch.remove();
  }
}

function curveOf({ spec }: Method): string {
  const params = spec.params as Parameters<typeof settingsOf>[0];
  if (spec.name === "minhash-dedup") return describeCurve(settingsOf(params));
  throw new RecipeError(`--curve: "${spec.name}" is not banded; expected --method minhash`);
}

function checkFlags(flags: Flags, methods: readonly Method[]): void {
  const outputs = [
    ["--out", flags.out],
    ["--pairs", flags.pairs],
    ["--clusters", flags.clusters],
    ["--json", flags.json === true ? STDOUT : undefined],
  ].filter(([, path]) => path !== undefined);
  for (const [n, [flag, path]] of outputs.entries()) {
    const other = outputs.findIndex(([, one]) => placeOf(one!) === placeOf(path!));
    if (other < n) {
      const what = path === STDOUT ? "standard output" : path;
      throw new RecipeError(`${flag}: ${outputs[other]![0]} writes to ${what}, too; expected a place of its own`);
    }
  }
  const best = methods.some((method) => keepOf(method) === "best");
  if (best !== (flags.bestBy !== undefined)) {
    throw new RecipeError(
      best
        ? "--keep best: expected --best-by and the field of a row whose number decides"
        : "--best-by: is read with --keep best alone",
    );
  }
}

/** A file has many paths: ./out.jsonl, and those by way of linked folders. */
function placeOf(path: string): string {
  if (path === STDOUT) return path;
  const folder = resolve(dirname(path));
  try {
    return join(realpathSync(folder), basename(path));
  } catch {
    return join(folder, basename(path)); // No such folder: opening it will tell.
  }
}

async function deduplicate(
  file: string,
  groups: readonly (readonly Method[])[],
  flags: Flags,
  scratch: Scratch,
  context: SetupContext,
): Promise<Summary> {
  const startedMs = performance.now();
  const progress = openProgress();
  const found = file === STDIN ? undefined : await Documents.open(file, context);
  const locations = found?.locations ?? [STDIN];
  const writers: LineWriter[] = [];
  const open = async (path: string | undefined, flag: string): Promise<LineWriter | undefined> => {
    if (path === undefined) return undefined;
    const writer = new LineWriter(await openOutput(path, locations, flag), path);
    writers.push(writer);
    return writer;
  };
  try {
    const out = await open(flags.out, "--out");
    const pairs = await open(flags.pairs, "--pairs");
    const clusters = await open(flags.clusters, "--clusters");
    const documents = found ?? (await Documents.open(await spool(scratch), context));
    const ids = new Ids();
    const unread = { count: 0, rows: [] as string[] };
    for await (const row of documents.rows((row, reason) => {
      if (unread.count++ < MAX_ROWS_SHOWN) unread.rows.push(`${row.file}:${row.line}: ${reason}`);
    })) {
      ids.push(row);
      progress.show(documents.shareRead, () => "reading");
    }
    const losses = [...documents.losses];
    if (pairs !== undefined || clusters !== undefined) ids.expectApart(file);
    const components = clusters === undefined ? undefined : new Components(ids.count);
    const work = new Work({
      documents,
      ids,
      scratch,
      pairs,
      bestBy: flags.bestBy,
      onLink: components === undefined ? undefined : (one, other) => components.join(one, other),
      progress,
    });
    for (const group of groups) {
      if (group[0]!.definition.kind === "dedup") await runPageMethods(group, work, context);
      else await runPassageMethod(group[0]!, work, context, flags.keepEmpty === true);
    }
    if (out !== undefined) for await (const { bytes } of work.rows("writing")) await out.write(bytes);
    const clusterCount = await writeClusters(components, clusters, work);
    for (const writer of writers) await writer.finish();
    return summaryOf(work, {
      withPairs: pairs !== undefined,
      ...(clusterCount === undefined ? {} : { clusters: clusterCount }),
      unread: unread.count,
      unreadRows: unread.rows,
      losses,
      seconds: Math.round(performance.now() - startedMs) / 1000,
    });
  } finally {
    progress.close();
    for (const writer of writers) await writer.discard();
  }
}

const MAX_ROWS_SHOWN = 5;

/**
 * Documents are read again and again, which standard input cannot be. The file is called what rows of standard input are
 * told by.
 */
async function spool(scratch: Scratch): Promise<string> {
  const path = scratch.path(STDIN);
  await pipeline(process.stdin, createWriteStream(path)).catch((error: Error) => {
    if (exitCode(error) !== EXIT.retry) throw error;
    throw new RetryError(
      `${path}: standard input is kept there, and cannot be written (${error.message}): make room there and run again`,
      { cause: error },
    );
  });
  return path;
}

async function writeClusters(
  components: Components | undefined,
  writer: LineWriter | undefined,
  { ids, isLeft }: Pick<Work, "ids" | "isLeft">,
): Promise<number | undefined> {
  if (components === undefined || writer === undefined) return undefined;
  let n = 0;
  for (const numbers of components.clusters()) {
    const listed = (some: readonly number[]) => `[${some.map((number) => ids.of(number)).join(", ")}]`;
    await writer.write(`{"cluster": ${n++}, "ids": ${listed(numbers)}, "kept": ${listed(numbers.filter(isLeft))}}`);
  }
  return n;
}

function share(text: string): number {
  const value = probability(text);
  if (value !== undefined) return value;
  throw new InvalidArgumentError(`expected a number from 0 to 1, found ${JSON.stringify(text)}`);
}
