/** A small made-up corpus on which fastText 0.9.2 was run, and what it wrote. */
import type { TrainingOptions } from "../../classifiers/index.ts";
import { seededRandom, shuffle } from "../../pipeline/random.ts";

/**
 * 200 lines of a fastText training file. Every word and every label is seen a number of times that no other is, so
 * that nothing depends on how a sort treats equals; some lines have several labels, some none, some no words.
 */
export function oracleCorpus(): string[] {
  const random = seededRandom(7);
  const stems = ["wörd", "the", "猫ca", "Żx", "blah"];
  const words = Array.from({ length: 60 }, (_, i) => Array<string>(i + 1).fill(`${stems[i % 5]}${i}`)).flat();
  const labels = Array.from({ length: 9 }, (_, i) => Array<string>(6 * i + 5).fill(`__label__L${i}`)).flat();
  shuffle(words, random);
  shuffle(labels, random);
  return Array.from({ length: 200 }, (_, line) => {
    const labelCount = line % 7 === 6 ? 0 : line % 3 === 0 ? 2 : 1;
    const wordCount = line === 199 ? words.length : Math.floor(random() * 18);
    return [...labels.splice(0, labelCount), ...words.splice(0, wordCount)].join(" ");
  });
}

/** On top of dim 13, epochs 6, learning rate .5. */
export const oracleShapes: readonly TrainingOptions[] = [
  {},
  { wordNgrams: 3, buckets: 500 },
  { minChars: 2, maxChars: 4, buckets: 300, minCount: 5 },
  { wordNgrams: 2, minChars: 1, maxChars: 3, buckets: 1000, minCount: 3, minLabelCount: 12 },
];
