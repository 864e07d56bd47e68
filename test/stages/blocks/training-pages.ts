/** Pages whose main text is known, as what a model of blocks is taught. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parse } from "tldts";
import { type Metric, segments, shingleBag, wordBag } from "../../../eval/extraction/index.ts";
import { Captures } from "../../../pipeline/cli/bench-extract/truth.ts";
import { contextFor } from "../../../pipeline/recipe.ts";
import { isDropped } from "../../../pipeline/verdict.ts";
import { type BlockPage, blockText } from "../../../stages/extract/blocks/block-page.ts";
import { featuresOf } from "../../../stages/extract/blocks/features.ts";
import { renderBlocks } from "../../../stages/extract/blocks/render.ts";
import { readPage } from "../../../stages/extract/blocks/scanner.ts";
import { decodeText } from "../../../stages/extract/charset.ts";
import extractHtml from "../../../stages/extract/html.ts";
import { type BlockLabels, labelsFromText, overruleByPieces } from "./labels.ts";

/** A row of a set: see its README. */
interface TruthRow {
  readonly id: string;
  readonly url: string;
  readonly warc: string;
  readonly offset: number;
  readonly pageType?: string;
  readonly articleBody?: string;
  readonly main_content?: string;
  readonly expectedHtml?: string;
  readonly with?: readonly string[];
  readonly without?: readonly string[];
}

/** A set, what its labels are worth, and how texts are scored against it. */
export interface TrainingSet {
  readonly name: string;
  readonly weight: number;
  readonly metric?: Metric<unknown, unknown>;
}

/** Trafilatura's set tells a few pieces of each page; the rest is labelled by Readability's choice, which counts for less. */
export const TRAINING_SETS: readonly TrainingSet[] = [
  { name: "article-extraction-benchmark", weight: 1.4, metric: shingleBag as Metric<unknown, unknown> },
  { name: "trafilatura-eval", weight: 0.6, metric: segments as Metric<unknown, unknown> },
  { name: "wcxb", weight: 1.2, metric: wordBag as Metric<unknown, unknown> },
  { name: "readability-tests", weight: 1 },
];

export interface TrainingPage {
  readonly set: TrainingSet;
  readonly truth: TruthRow;
  /** Registrable domain: pages of one site are alike, and are never on both sides of a fold. */
  readonly site: string;
  readonly page: BlockPage;
  readonly features: Float32Array;
  readonly taught: BlockLabels;
  /** What Readability makes of the page. */
  readonly readability: string;
}

/** All pages of the sets in a folder, whose captures lie in another. */
export async function* trainingPages(truthDir: string, crawlDir: string): AsyncGenerator<TrainingPage> {
  const captures = new Captures(crawlDir);
  const params = extractHtml.params.parse({ engine: "readability" });
  const readability = await extractHtml.setup!(params, contextFor(process.cwd(), 1));
  for (const set of TRAINING_SETS) {
    for (const truth of rowsOf(join(truthDir, `${set.name}.gt.jsonl.gz`))) {
      const capture = await captures.read(truth);
      const extracted = extractHtml.extract(capture, params, readability);
      const byReadability = isDropped(await extracted) ? "" : ((await extracted) as { text: string }).text;
      const page = readPage(decodeText(capture.body, capture.charset).text);
      const taught = labelsOf(page, truth, byReadability);
      for (const [block, weight] of taught.weights.entries()) taught.weights[block] = weight * set.weight;
      if (truth.articleBody === undefined && truth.main_content === undefined) {
        overruleByPieces(taught, textsOf(page), truth.with ?? [], truth.without ?? []);
      }
      yield { set, truth, site: siteOf(truth), page, features: featuresOf(page), taught, readability: byReadability };
    }
  }
}

function rowsOf(path: string): TruthRow[] {
  const lines = gunzipSync(readFileSync(path)).toString().split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as TruthRow);
}

function labelsOf(page: BlockPage, truth: TruthRow, readability: string): BlockLabels {
  const expected = truth.expectedHtml === undefined ? undefined : readPage(truth.expectedHtml);
  const expectedText = expected && renderBlocks(expected, new Uint8Array(expected.count).fill(1), "text");
  return labelsFromText(textsOf(page), truth.articleBody ?? truth.main_content ?? expectedText ?? readability);
}

function textsOf(page: BlockPage): string[] {
  return Array.from({ length: page.count }, (_, block) => blockText(page, block));
}

/** Sets whose pages were saved under made-up hosts have the real one in the page's id ("elheraldo.hn-JOH.html"), if any. */
function siteOf({ id, url }: TruthRow): string {
  const { domain, hostname } = parse(url);
  if (hostname === "fakehost") return `${hostname} ${id}`;
  if (hostname === null || !hostname.endsWith(".invalid")) return domain ?? hostname ?? url;
  const labels = id.split("-")[0]!.split(".");
  const sites = labels.map((_, i) => parse(`http://${labels.slice(0, i + 1).join(".")}`));
  return sites.findLast((site) => site.isIcann && site.domain !== null)?.domain ?? id;
}
