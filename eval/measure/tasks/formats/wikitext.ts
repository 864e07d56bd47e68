import { z } from "../../../../pipeline/stage.ts";
import { PYTHON_SPACE } from "../../python-space.ts";
import { defineFormat, text } from "./format.ts";

/** Pages of WikiText (Merity et al. 2016), as lm-eval's `wikitext`: detokenized to be scored, counted as they were. */
export default defineFormat({
  name: "wikitext",
  row: z.object({ page: text }),
  read: ({ page }) => ({ question: { kind: "rolling", text: detokenize(page), original: page } }),
});

const S = `${PYTHON_SPACE}*`;

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
