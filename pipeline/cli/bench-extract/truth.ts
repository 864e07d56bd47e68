/**
 * Pages whose main text is known. A set is a file of JSON Lines, `NAME.gt.jsonl.gz` or `NAME.gt.jsonl`: each row names the
 * archive and the byte where the page's record begins, and what the row's other fields are decides how the set is scored.
 *
 *     {"id", "warc": "crawl-00000.warc.gz", "offset": 4711, "pageType"?, … and one of
 *        "articleBody"            four words in a row, as the Article Extraction Benchmark
 *        "main_content"           words, as WCXB
 *        "with": [], "without": []    wanted and unwanted pieces, as Trafilatura's evaluation}
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { type Metric, segments, shingleBag, wordBag } from "../../../eval/extraction/index.ts";
import warc from "../../../stages/sources/warc.ts";
import { isDocument, type RawPage } from "../../document.ts";
import { FormatError, RecipeError } from "../../errors.ts";
import { openByteSource } from "../../io/open.ts";
import { isRejected, type SourceLog, type Span } from "../../source.ts";
import { z } from "../../stage.ts";

export interface TruthSet {
  readonly name: string;
  readonly metric: Metric<unknown, unknown>;
  readonly pages: readonly TruthPage[];
}
/** Also has the fields that the set's metric looks at. */
export interface TruthPage {
  readonly id: string;
  readonly warc: string;
  readonly offset: number;
  readonly pageType?: string | undefined;
}

const SUFFIX = /\.gt\.jsonl(?:\.gz)?$/;
const ROW = z.looseObject({
  id: z.string(),
  warc: z.string().min(1),
  offset: z.int().min(0),
  pageType: z.string().optional(),
});

/** A row with the field is scored by the metric. */
const METRICS: readonly (readonly [field: string, metric: Metric<unknown, unknown>])[] = [
  ["articleBody", shingleBag],
  ["main_content", wordBag],
  ["with", segments],
];

/** The sets in a folder that can be scored, by name. */
export function readTruth(dir: string): TruthSet[] {
  const sets: TruthSet[] = [];
  for (const file of truthFiles(dir)) {
    const pages = readRows(join(dir, file));
    const metric = METRICS.find(([field]) => pages.length > 0 && field in pages[0]!)?.[1];
    if (metric !== undefined) sets.push({ name: file.replace(SUFFIX, ""), metric, pages });
  }
  if (sets.length === 0) {
    const fields = METRICS.map(([field]) => field).join(", ");
    throw new RecipeError(`${dir}: no file NAME.gt.jsonl.gz whose rows have one of ${fields}`);
  }
  return sets;
}

function truthFiles(dir: string): string[] {
  try {
    return readdirSync(dir)
      .filter((file) => SUFFIX.test(file))
      .sort();
  } catch (error) {
    throw new RecipeError(`${dir}: expected a folder with files NAME.gt.jsonl.gz`, { cause: error });
  }
}

function readRows(path: string): TruthPage[] {
  const stored = readFileSync(path);
  const text = (path.endsWith(".gz") ? gunzipSync(stored) : stored).toString();
  const pages: TruthPage[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const row = ROW.safeParse(parsed(line));
    if (!row.success)
      throw new FormatError(`${path}, line ${i + 1}: expected {"id", "warc", "offset", …}, found ${line.slice(0, 60)}`);
    pages.push(row.data);
  }
  return pages;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Pages of archives in one folder, read by the byte where their record begins. */
export class Captures {
  readonly #dir: string;
  readonly #files = new Map<string, Promise<Pick<Span, "location" | "fileBytes" | "revision">>>();
  readonly #params = warc.params.parse({ files: ["-"] });

  constructor(dir: string) {
    this.#dir = dir;
  }

  async read({ id, warc: file, offset }: TruthPage): Promise<RawPage> {
    let opened = this.#files.get(file);
    if (opened === undefined) {
      opened = this.#open(file);
      this.#files.set(file, opened);
    }
    const span: Span = { ...(await opened), index: 0, file, start: offset, end: offset + 1 };
    for await (const item of warc.read(span, this.#params, NO_LOG)) {
      if (item.source.offset === offset && !isRejected(item) && !isDocument(item)) return item;
    }
    throw new FormatError(`${id}: ${file} has no page that begins at byte ${offset}`);
  }

  async #open(file: string): Promise<Pick<Span, "location" | "fileBytes" | "revision">> {
    const location = join(this.#dir, file);
    const source = await openByteSource(location);
    await source.close();
    return { location, fileBytes: source.bytes, revision: source.revision };
  }
}

const NO_LOG: SourceLog = { skipped() {}, lost() {}, bytesRead() {} };
