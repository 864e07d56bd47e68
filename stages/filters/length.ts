import { defineFilter, z } from "../../pipeline/stage.ts";
import { countCodePoints, countOccurrences } from "../../pipeline/text/python-text.ts";
import { drop, keep } from "../../pipeline/verdict.ts";

const UNITS = ["chars", "bytes", "words", "lines"] as const;

const least = z.int().min(0).optional();
const most = z.int().min(0).optional();

/**
 * Drops pages that are too short or too long. Characters are code points, bytes those of UTF-8, words those of UAX #29;
 * lines end in "\n", blank ones count, and a line end at the text's end begins no other. Bounds are inclusive; what has
 * none is measured all the same, so that `sluice what-if` can ask for one later.
 *
 * @example length({ minChars: 200, maxWords: 100_000 })
 */
export default defineFilter({
  name: "length",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({
    minChars: least.describe("Fewest characters."),
    maxChars: most.describe("Most characters."),
    minBytes: least.describe("Fewest bytes."),
    maxBytes: most.describe("Most bytes."),
    minWords: least.describe("Fewest words."),
    maxWords: most.describe("Most words."),
    minLines: least.describe("Fewest lines."),
    maxLines: most.describe("Most lines."),
  }),
  needs: ["unicodeWords"],
  score: ({ text, unicodeWords }) => ({
    chars: countCodePoints(text),
    bytes: Buffer.byteLength(text),
    words: unicodeWords.length,
    lines: countOccurrences(text, "\n") + (text === "" || text.endsWith("\n") ? 0 : 1),
  }),
  keep: (scores, params) => {
    const { minChars, minBytes, minWords, minLines, maxChars, maxBytes, maxWords, maxLines } = params;
    const min = { chars: minChars, bytes: minBytes, words: minWords, lines: minLines };
    const max = { chars: maxChars, bytes: maxBytes, words: maxWords, lines: maxLines };
    for (const unit of UNITS) {
      const found = scores[unit];
      if (found < (min[unit] ?? 0)) return drop(`too-few-${unit}`, found);
      if (found > (max[unit] ?? Number.POSITIVE_INFINITY)) return drop(`too-many-${unit}`, found);
    }
    return keep;
  },
});
