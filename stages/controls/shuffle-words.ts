import { drawUniform, randomForPage, shuffle } from "../../pipeline/random.ts";
import { defineMap, z } from "../../pipeline/stage.ts";

/**
 * Puts the words of pages in random order: a corpus that must lose. A positive control for `sluice compare`: an
 * experiment that does not find this arm worse cannot find anything. The words, their counts and the white space between
 * them stay, so the arm has the same bytes; what is gone is their order.
 *
 * The order is drawn from (run seed, page): it does not hang on threads, and with another `share` a page that is
 * shuffled in both is shuffled the same.
 *
 * @example shuffleWords({ share: 0.5 })
 */
export default defineMap({
  name: "shuffle-words",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({
    share: z.number().min(0).max(1).default(1).describe("Share of the pages whose words are shuffled."),
  }),
  setup: (_params, { seed }) => seed,
  map: (page, { share }, seed) => {
    if (drawUniform(seed, "shuffle-words", page.id) >= share) return page;
    return { ...page, text: shuffleWords(page.text, randomForPage(seed, "shuffle-words/order", page.id)) };
  },
});

/** White space stays where it was; words take each other's places. */
function shuffleWords(text: string, random: () => number): string {
  const words = text.match(/\S+/g) ?? [];
  shuffle(words, random);
  let next = 0;
  return text.replace(/\S+/g, () => words[next++]!);
}
