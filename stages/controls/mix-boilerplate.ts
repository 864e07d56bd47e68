import { drawUniform, randomForPage, shuffle } from "../../pipeline/random.ts";
import { defineMap, z } from "../../pipeline/stage.ts";
import { BOILERPLATE } from "./boilerplate.ts";

/**
 * Fills pages with the menus, cookie notices and small print of web sites: a corpus that must lose, the more the higher
 * the dose. A positive control for `sluice compare`: with the dose at the smallest effect that an experiment can detect,
 * and at four times that, it tells what the experiment can see.
 *
 * Lines of a fixed list are set between the lines of the page, which all stay, until they make up `dose` of the page's
 * bytes. Lines are whole, so a single page is off by a line; the last is drawn such that over many pages the dose comes
 * out. All is drawn from (run seed, page): another dose spoils the same pages.
 *
 * @example mixBoilerplate({ share: 0.5, dose: 0.2 })
 */
export default defineMap({
  name: "mix-boilerplate",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({
    share: z.number().min(0).max(1).default(1).describe("Share of the pages that boilerplate is mixed into."),
    dose: z
      .number()
      .min(0)
      .max(0.95)
      .default(0.3)
      .describe("Share of boilerplate in the bytes of such a page, once it is mixed in."),
  }),
  setup: (_params, { seed }) => seed,
  map: (page, { share, dose }, seed) => {
    if (drawUniform(seed, "mix-boilerplate", page.id) >= share) return page;
    return { ...page, text: mixInto(page.text, dose, randomForPage(seed, "mix-boilerplate/lines", page.id)) };
  },
});

function mixInto(text: string, dose: number, random: () => number): string {
  const lines = text.split("\n");
  /** By the index of the page's line that they stand before; one more for the end. */
  const before: string[][] = Array.from({ length: lines.length + 1 }, () => []);
  for (const line of drawLines((Buffer.byteLength(text) * dose) / (1 - dose), random)) {
    before[Math.floor(random() * before.length)]!.push(line);
  }
  return before.flatMap((added, i) => (i < lines.length ? [...added, lines[i]!] : added)).join("\n");
}

/** Lines, line ends counted, that hold `bytes` in the mean; the list is gone through whole before a line comes again. */
function drawLines(bytes: number, random: () => number): string[] {
  const drawn: string[] = [];
  let left: string[] = [];
  for (let missing = bytes; missing > 0; ) {
    if (left.length === 0) {
      left = [...BOILERPLATE];
      shuffle(left, random);
    }
    const line = left.pop()!;
    const lineBytes = Buffer.byteLength(line) + 1;
    if (lineBytes > missing && random() >= missing / lineBytes) break;
    drawn.push(line);
    missing -= lineBytes;
  }
  return drawn;
}
