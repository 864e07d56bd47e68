import { z } from "zod";
import { answersOf } from "./answers.ts";
import { defineVerifier } from "./verifier.ts";

/**
 * How many words response and answer share: F1, as SQuAD defines it (Rajpurkar et al. 2016; evaluate-v1.1.py). Case,
 * ASCII punctuation and the articles a, an, the do not count. Of several answers the best one does.
 */
export default defineVerifier({
  name: "f1",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({
    field: z.string().default("answer").describe("the row's field that holds the answer, or a list of right ones"),
  }),
  verify(response, asked, { field }) {
    const found = countWords(response);
    return Math.max(...answersOf(asked, field).map((answer) => f1(found, countWords(answer))));
  },
});

interface Words {
  readonly counts: ReadonlyMap<string, number>;
  readonly total: number;
}

function f1(found: Words, expected: Words): number {
  let shared = 0;
  for (const [word, count] of expected.counts) shared += Math.min(count, found.counts.get(word) ?? 0);
  return shared === 0 ? 0 : (2 * shared) / (found.total + expected.total);
}

function countWords(text: string): Words {
  const counts = new Map<string, number>();
  let total = 0;
  const plain = text.toLowerCase().replace(/[!-/:-@[-`{-~]/g, "");
  for (const [word] of plain.matchAll(/\S+/g)) {
    if (word === "a" || word === "an" || word === "the") continue;
    counts.set(word, (counts.get(word) ?? 0) + 1);
    total++;
  }
  return { counts, total };
}
