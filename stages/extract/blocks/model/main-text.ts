/** Which blocks of a page are its main text: boosted trees say how likely each is, and the best choice is taken. */
import { readFileSync } from "node:fs";
import { BoostedTrees } from "../../../../classifiers/boosted-trees/index.ts";
import { FormatError } from "../../../../pipeline/errors.ts";
import type { BlockPage } from "../block-page.ts";
import { isParagraph } from "../container-stats.ts";
import { FEATURE_NAMES, featuresOf } from "../features.ts";
import { leaveOutRepeats } from "./repeats.ts";
import { type Judgement, selectBlocks } from "./select.ts";

const JUDGEMENTS = {
  precision: { sure: 0.5, unsure: 0.5, leastF: 0.25 },
  balanced: { sure: 0.6, unsure: 1, leastF: 0.25 },
  recall: { sure: 1.5, unsure: 1.5, leastF: 0 },
} as const satisfies Readonly<Record<string, Judgement>>;
/** What counts more when in doubt. */
export type Favor = keyof typeof JUDGEMENTS;

/**
 * Of 970 pages the largest had 1,633 blocks. Beyond this many, which only pages made to harm have, features and trees
 * would take seconds and gigabytes: what looks like a paragraph is kept.
 */
const MAX_BLOCKS = 20_000;

/** What a model file holds: JSON. */
export interface StoredMainTextModel {
  /** What it was trained on, for those who read the file. */
  readonly note: unknown;
  readonly model: unknown;
}

export class MainTextModel {
  readonly #trees: BoostedTrees;

  constructor(trees: BoostedTrees, where: string) {
    const differs = FEATURE_NAMES.findIndex((name, i) => trees.columnNames[i] !== name);
    if (differs >= 0 || trees.columnNames.length !== FEATURE_NAMES.length) {
      const at = differs >= 0 ? differs : FEATURE_NAMES.length;
      throw new FormatError(
        `${where}: column ${at} is ${trees.columnNames[at] ?? "missing"}, expected ${FEATURE_NAMES[at] ?? "no more"}: train anew`,
      );
    }
    this.#trees = trees;
  }

  /** The model that comes with the package. */
  static load(): MainTextModel {
    const place = new URL("main-text.trees", import.meta.url);
    const { model } = JSON.parse(readFileSync(place, "utf8")) as StoredMainTextModel;
    return new MainTextModel(BoostedTrees.fromJSON(model, "main-text.trees"), "main-text.trees");
  }

  /** 1 for each block to keep; none where the page has no main text. Who favors recall keeps one at least. */
  select(page: BlockPage, favor: Favor = "balanced"): Uint8Array {
    const keep = new Uint8Array(page.count);
    if (page.count === 0) return keep;
    if (page.count > MAX_BLOCKS) return paragraphsOf(page, keep);
    const logits = new Float64Array(page.count);
    this.#trees.predict(featuresOf(page), page.count, logits);
    const lengths = new Int32Array(page.count);
    for (let block = 0; block < page.count; block++) lengths[block] = page.ends[block]! - page.starts[block]!;
    selectBlocks(lengths, logits, JUDGEMENTS[favor], keep);
    leaveOutRepeats(page, keep);
    return keep;
  }
}

/** Sets `keep` for paragraphs, or for all blocks where there are none. */
function paragraphsOf(page: BlockPage, keep: Uint8Array): Uint8Array {
  for (let block = 0; block < page.count; block++) keep[block] = isParagraph(page, block) ? 1 : 0;
  return keep.includes(1) ? keep : keep.fill(1);
}
