import { definePassages } from "../../pipeline/stage.ts";
import { passageParams, RepeatedPassages } from "./passages/repeated-passages.ts";
import { splitLines } from "./passages/split.ts";

/**
 * Cuts lines that stand elsewhere, too. A line lies between "\n", and goes with its line end, the last one with the line end
 * before it: what stays is byte for byte what it was. Blank lines stay.
 *
 * Lines of fewer than `minChars` characters are left alone: headings, brackets and answers repeat without being copies, and
 * a text that lost them is damaged. Menus are short, too; to cut them, compare within hosts and ask for many copies
 * (`scope: host, minCopies: 10, minChars: 1`). Copies are counted, not pages: a refrain repeats by itself.
 *
 * Others' line deduplications, all with `minChars: 1`:
 * - Stanford's CS336, assignment 4: `copies: none`.
 * - DCLM's within a page: `scope: page, normalize: whitespace-case` (white space inside of lines counts there).
 * - cc_net's (facebookresearch/cc_net, dedup.py): with `normalize: ccnet`, once `scope: page` and then `copies: none`. The
 *   first leaves every page one copy, so that the second counts pages. (There blank lines are lines, too, and go.)
 *
 * Memory: 21 to 32 bytes a distinct line, and as much again while its table grows.
 *
 * @example lineDedup({ scope: "host", minCopies: 10, minChars: 1 })
 */
export default definePassages({
  name: "line-dedup",
  module: import.meta.url,
  version: 1,
  params: passageParams("lines"),
  openIndex: (params) => new RepeatedPassages(params, splitLines),
});
