/**
 * How many pages a second each engine does on one core, from bytes to text, beside the libraries. Time is the process's
 * user CPU time, so that a busy machine measures the same as an idle one as far as it can; rounds are interleaved, and
 * what counts is the ratio.
 */
import warc from "../../../stages/sources/warc.ts";
import { isDocument, type RawPage } from "../../document.ts";
import { RecipeError } from "../../errors.ts";
import { contextFor } from "../../recipe.ts";
import { isRejected, type SourceLog } from "../../source.ts";
import { median } from "../median.ts";
import type { Engine } from "./engines.ts";
import { type Contender, READABILITY_OVER_LINKEDOM } from "./references.ts";

export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}
export interface ContenderSpeed {
  readonly name: string;
  /** Medians of the rounds. */
  readonly pagesPerSecond: number;
  readonly megabytesPerSecond: number;
  /** Over Readability over linkedom in the same round: the median of the rounds, the least and the most. */
  readonly ratio: Spread;
  /** Pages on which it threw, in one round. */
  readonly failures: number;
}
export interface ExtractSpeed {
  readonly pages: number;
  /** As the engines get them: transfer and content encodings undone. */
  readonly bytes: number;
  readonly rounds: number;
  readonly contenders: readonly ContenderSpeed[];
}

const HTML_TYPES: readonly string[] = ["text/html", "application/xhtml+xml"];
const MEGABYTE = 1e6;

/** So many HTML pages of the archives, spread evenly over all of them. */
export async function htmlPages(files: readonly string[], most: number): Promise<RawPage[]> {
  let all = 0;
  for await (const _ of readHtml(files)) all++;
  if (all === 0) throw new RecipeError(`${files.join(", ")}: no HTML page`);
  const step = Math.max(1, all / most);
  const pages: RawPage[] = [];
  let n = 0;
  for await (const page of readHtml(files)) {
    // The body is a view of what was inflated around it.
    if (n++ >= pages.length * step) pages.push({ ...page, body: Buffer.from(page.body) });
  }
  return pages;
}

async function* readHtml(files: readonly string[]): AsyncGenerator<RawPage> {
  const params = warc.params.parse({ files });
  for (const input of await warc.plan(params, contextFor(process.cwd(), 1))) {
    const { file, location, bytes: fileBytes, revision } = input;
    for (const [index, { start, end }] of input.spans.entries()) {
      for await (const item of warc.read({ index, file, location, fileBytes, revision, start, end }, params, NO_LOG)) {
        if (!isRejected(item) && !isDocument(item) && HTML_TYPES.includes(item.mediaType)) yield item;
      }
    }
  }
}
const NO_LOG: SourceLog = { skipped() {}, lost() {}, bytesRead() {} };

/** An engine as something that is timed. */
export function asContender({ name, extract }: Engine): Contender {
  return { name, run: extract };
}

export async function measureSpeed(
  pages: readonly RawPage[],
  contenders: readonly Contender[],
  rounds: number,
  onRound: (round: number) => void = () => {},
): Promise<ExtractSpeed> {
  const seconds = contenders.map((): number[] => []);
  const failures = contenders.map(() => 0);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      // Each round begins with another one: a machine that slows down favours none.
      const c = (turn + round) % contenders.length;
      const before = process.cpuUsage();
      failures[c] = await runAll(pages, contenders[c]!);
      seconds[c]!.push(Math.max(1, process.cpuUsage(before).user) / 1e6);
    }
    onRound(round + 1);
  }
  const bytes = pages.reduce((sum, { body }) => sum + body.length, 0);
  const reference = seconds[contenders.findIndex(({ name }) => name === READABILITY_OVER_LINKEDOM)]!;
  return {
    pages: pages.length,
    bytes,
    rounds,
    contenders: contenders.map(({ name }, c) => {
      const ratios = seconds[c]!.map((own, round) => reference[round]! / own);
      const time = median(seconds[c]!);
      return {
        name,
        pagesPerSecond: pages.length / time,
        megabytesPerSecond: bytes / MEGABYTE / time,
        ratio: { median: median(ratios), low: Math.min(...ratios), high: Math.max(...ratios) },
        failures: failures[c]!,
      };
    }),
  };
}

/** How many pages it threw on. */
async function runAll(pages: readonly RawPage[], { run }: Contender): Promise<number> {
  let failures = 0;
  for (const page of pages) {
    try {
      await run(page);
    } catch {
      failures++;
    }
  }
  return failures;
}
