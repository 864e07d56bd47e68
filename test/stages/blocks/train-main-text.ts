/**
 * Trains the model of `extract-html`'s own engine, and tells what it is worth on pages of sites it has not seen:
 *
 *     node test/stages/blocks/train-main-text.ts FOLDER_OF_TRUTH FOLDER_OF_ARCHIVES
 *
 * Sites are parted into folds. Each fold is scored by a model of the others, with one setting for all sets; then a model
 * of all pages is written beside `main-text.ts`, with a note of what it saw and of those scores. Takes 2 to 3 minutes.
 */
import { writeFileSync } from "node:fs";
import {
  type BoostedTrees,
  type BoostingOptions,
  trainBoostedTrees,
} from "../../../classifiers/boosted-trees/index.ts";
import { scoresOf as estimatesOf, type SetScores } from "../../../pipeline/cli/bench-extract/score.ts";
import { showSet } from "../../../pipeline/cli/bench-extract/show.ts";
import { drawUniform } from "../../../pipeline/random.ts";
import { FEATURE_NAMES } from "../../../stages/extract/blocks/features.ts";
import { type Favor, MainTextModel, type StoredMainTextModel } from "../../../stages/extract/blocks/model/main-text.ts";
import { renderBlocks } from "../../../stages/extract/blocks/render.ts";
import { TRAINING_SETS, type TrainingPage, type TrainingSet, trainingPages } from "./training-pages.ts";

const SETTINGS: BoostingOptions = {
  trees: 200,
  leaves: 31,
  learningRate: 0.06,
  l2: 1,
  minLeafHessian: 10,
  bins: 63,
  columnShare: 0.3,
};
const FOLDS = 3;
const FAVORS: readonly Favor[] = ["precision", "balanced", "recall"];

const [truthDir, crawlDir] = process.argv.slice(2);
if (truthDir === undefined || crawlDir === undefined) {
  console.error("expected two folders: that of *.gt.jsonl.gz, and that of the archives they name");
  process.exit(2);
}

const pages = await Array.fromAsync(trainingPages(truthDir, crawlDir));
const texts = new Map<TrainingPage, Record<Favor, string>>();
for (let fold = 0; fold < FOLDS; fold++) {
  const isOutside = ({ site }: TrainingPage): boolean => Math.floor(FOLDS * drawUniform(0, "fold", site)) === fold;
  const trees = train(pages.filter((page) => !isOutside(page)));
  const model = new MainTextModel(trees, "fold");
  for (const page of pages.filter(isOutside)) {
    const chosen = FAVORS.map((favor) => [favor, renderBlocks(page.page, model.select(page.page, favor), "text")]);
    texts.set(page, Object.fromEntries(chosen) as Record<Favor, string>);
  }
}
const scores = TRAINING_SETS.flatMap((set) => {
  const own = pages.filter((page) => page.set === set && set.metric !== undefined);
  const types = [...new Set(own.map(({ truth }) => truth.pageType))].filter((type) => type !== undefined).sort();
  return own.length === 0 ? [] : [undefined, ...types].map((type) => scoresOf(set.name, own, type));
});
console.table(scores);
for (const set of TRAINING_SETS) if (set.metric !== undefined) console.log(`${showSet(besideReadability(set))}\n`);

const note = {
  written: new Date().toISOString().slice(0, 10),
  settings: SETTINGS,
  trainedOn: TRAINING_SETS.map((set) => {
    const own = pages.filter((page) => page.set === set);
    const blocks = own.reduce((sum, { page }) => sum + page.count, 0);
    return { set: set.name, pages: own.length, sites: new Set(own.map(({ site }) => site)).size, blocks };
  }),
  scoresOnUnseenSites: { folds: FOLDS, scores },
};
const stored: StoredMainTextModel = { note, model: train(pages).toJSON() };
const place = new URL("../../../stages/extract/blocks/model/main-text.trees", import.meta.url);
writeFileSync(place, `${JSON.stringify(stored)}\n`);

function train(from: readonly TrainingPage[]): BoostedTrees {
  const count = from.reduce((sum, { page }) => sum + page.count, 0);
  const rows = new Float32Array(count * FEATURE_NAMES.length);
  const labels = new Uint8Array(count);
  const weights = new Float32Array(count);
  let first = 0;
  for (const { page, features, taught } of from) {
    rows.set(features, first * FEATURE_NAMES.length);
    labels.set(taught.labels, first);
    weights.set(taught.weights, first);
    first += page.count;
  }
  return trainBoostedTrees(FEATURE_NAMES, { rows, labels, weights }, SETTINGS);
}

/** Figures with intervals, and what our own engine has over Readability, page by page; as `sluice bench extract --truth`. */
function besideReadability({ name, metric }: TrainingSet): SetScores {
  const own = pages.filter(({ set }) => set.name === name);
  const measured = [
    ({ readability }: TrainingPage) => readability,
    (page: TrainingPage) => texts.get(page)!.balanced,
  ].map((textOf) =>
    own.map((page) => ({ value: metric!.measure(page.truth, textOf(page)), isEmpty: textOf(page) === "" })),
  );
  const truth = { name, metric: metric!, pages: own.map((page) => page.truth) };
  return estimatesOf(truth, ["readability", "blocks"], measured);
}

/** F1 (precision, recall) of each favor, and of Readability, on one set's pages, or on those of one type. */
function scoresOf(
  set: string,
  all: readonly TrainingPage[],
  pageType: string | undefined,
): Record<string, string | number> {
  const own = all.filter(({ truth }) => pageType === undefined || truth.pageType === pageType);
  const shown = (textOf: (page: TrainingPage) => string): string => {
    const metric = own[0]!.set.metric!;
    const { f1, precision, recall } = metric.scores(own.map((page) => metric.measure(page.truth, textOf(page))));
    return `${f1.toFixed(3)} (${precision.toFixed(3)}, ${recall.toFixed(3)})`;
  };
  const byFavor = FAVORS.map((favor) => [favor, shown((page) => texts.get(page)![favor])] as const);
  return {
    set,
    pageType: pageType ?? "all",
    pages: own.length,
    ...Object.fromEntries(byFavor),
    readability: shown(({ readability }) => readability),
  };
}
