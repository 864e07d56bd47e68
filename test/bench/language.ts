/**
 * Language predictions per second of one core, with lid.176.ftz on sentences of 75 languages, beside the plain
 * definition: `node test/bench/language.ts [rounds]`. Counted in processor time, so that a busy machine matters little.
 */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { FastTextScorer, loadFastTextModel, predictPlainly } from "../../classifiers/index.ts";
import { lidPath } from "../classifiers/fasttext-files.ts";
import { sharedPath } from "../shared.ts";

const PLAIN_SENTENCES = 300;

const [rounds = "5"] = process.argv.slice(2);
const sentences = gunzipSync(readFileSync(sharedPath("data/classifier/lid/lingua-sentences.jsonl.gz")))
  .toString("utf8")
  .trimEnd()
  .split("\n")
  .map((line) => (JSON.parse(line) as { text: string }).text);

const model = loadFastTextModel(lidPath);
const scorer = new FastTextScorer(model);
for (const sentence of sentences) scorer.predict(sentence);

const rates = Array.from({ length: Number(rounds) }, () => perSecond(sentences, (text) => scorer.predict(text)));
const plainRate = perSecond(sentences.slice(0, PLAIN_SENTENCES), (text) => predictPlainly(model, text));
console.log(
  `${sentences.length} sentences: ${rates.map(Math.round).join(", ")} a second of processor time; ` +
    `the definition ${Math.round(plainRate)}`,
);

function perSecond(texts: readonly string[], predict: (text: string) => unknown): number {
  const before = process.cpuUsage();
  for (const text of texts) predict(text);
  const { user, system } = process.cpuUsage(before);
  return (texts.length * 1e6) / (user + system);
}
