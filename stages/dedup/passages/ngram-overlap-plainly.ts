/** What goes by overlap of n-grams, with sets of strings: the definition that `NgramOverlap` is tested against. */
import type { Cut, PassagePage } from "../../../pipeline/stage.ts";
import { cutUnisegTokens } from "../../filters/dclm/words-uniseg.ts";
import type { OverlapParams } from "./ngram-overlap.ts";

export function overlapPlainly(pages: readonly PassagePage[], params: Omit<OverlapParams, "seed">): Cut[][] {
  const { ngram, threshold, remove } = params;
  const seen = new Set<string>();
  return pages.map(({ text }) => {
    const cuts: Cut[] = [];
    let total = 0;
    let met = 0;
    let start = 0;
    for (const line of remove === "pages" ? [text] : text.split(/(?=\n)/)) {
      const tokens = [...cutUnisegTokens(line)];
      const runs = tokens
        .slice(0, Math.max(0, tokens.length - ngram + 1))
        .map((_, i) => JSON.stringify(tokens.slice(i, i + ngram)));
      const metHere = runs.filter((run) => seen.has(run)).length;
      total += runs.length;
      met += metHere;
      if (runs.length > 0 && metHere / runs.length > threshold) cuts.push({ start, end: start + line.length });
      else for (const run of runs) seen.add(run);
      start += line.length;
    }
    return remove === "both" && total > 0 && met / total > threshold ? [{ start: 0, end: text.length }] : cuts;
  });
}
