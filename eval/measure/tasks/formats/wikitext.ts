import { z } from "../../../../pipeline/stage.ts";
import { defineFormat, text } from "./format.ts";

/** Pages of WikiText (Merity et al. 2016), as lm-eval's `wikitext`: detokenized to be scored, counted as they were. */
export default defineFormat({
  name: "wikitext",
  row: z.object({ page: text }),
  read: ({ page }) => ({ question: { kind: "rolling", text: detokenize(page), original: page } }),
});

/** Python's `\s`, which JavaScript's is not. */
const S = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]*";

/** In this order. The second looks for slashes and puts in its own pattern: a slip of lm-eval's, which its figures carry. */
const REPLACEMENTS: readonly (readonly [found: string | RegExp, put: string])[] = [
  ["s '", "s'"],
  [/\/' [0-9]\//g, "/'[0-9]/"],
  ...["-", ",", "."].map((mark) => [` @${mark}@ `, mark] as const),
  ...[":", ";", ".", "!", "?", ","].map((mark) => [` ${mark} `, `${mark} `] as const),
  [new RegExp(`\\(${S}([^)]*?)${S}\\)`, "g"), "($1)"],
  [new RegExp(`\\[${S}([^\\]]*?)${S}\\]`, "g"), "[$1]"],
  [new RegExp(`\\{${S}([^}]*?)${S}\\}`, "g"), "{$1}"],
  [new RegExp(`"${S}([^"]*?)${S}"`, "g"), '"$1"'],
  [new RegExp(`'${S}([^']*?)${S}'`, "g"), "'$1'"],
  ["= = = =", "===="],
  ["= = =", "==="],
  ["= =", "=="],
  [" \u00b0 ", "\u00b0"],
  [" \n", "\n"],
  ["\n ", "\n"],
  [" N ", " 1 "],
  [" 's", "'s"],
];

function detokenize(page: string): string {
  return REPLACEMENTS.reduce((text, [found, put]) => text.replaceAll(found, put), page);
}
