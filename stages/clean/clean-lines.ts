import { defineRewriter, z } from "../../pipeline/stage.ts";
import { isBlank, skipSpace, skipSpaceBack, strip } from "../../pipeline/text/python-text.ts";
import { drop, keep } from "../../pipeline/verdict.ts";
import { POLICY_PHRASES } from "../filters/c4/lines.ts";
import {
  dropCounterLines,
  dropDigitLines,
  dropShortLines,
  dropUppercaseLines,
  type Lines,
  PHRASES,
  removePhrase,
} from "../filters/dclm/line-modifiers.ts";
import { countWords } from "../filters/dclm/word-count.ts";

/** A rule that is not here is off. */
interface Settings {
  readonly trim?: "none" | "end" | "both" | undefined;
  readonly collapseBlankLines?: boolean | undefined;
  readonly maxLineUppercase?: number | undefined;
  readonly maxLineDigits?: number | undefined;
  readonly counters?: boolean | undefined;
  readonly minLineWords?: number | undefined;
  readonly notices?: boolean | undefined;
  readonly duplicates?: boolean | undefined;
  readonly maxRemovedWords?: number | undefined;
}

const PRESETS: Readonly<Record<"none" | "refinedweb", Settings & { readonly phrases: readonly RegExp[] }>> = {
  none: { trim: "end", collapseBlankLines: true, phrases: [] },
  // mlfoundations/dclm, dclm_baseline_refinedweb.yaml: 0.999999 stands for "all of it".
  refinedweb: {
    maxLineUppercase: 0.5,
    maxLineDigits: 0.999999,
    counters: true,
    minLineWords: 2,
    phrases: PHRASES,
    maxRemovedWords: 0.05,
  },
};

/**
 * Drops lines that are no prose (counters, shouts, numbers, notices, lines said before), takes phrases out of others, and
 * drops the page when too many of its words went that way. Every rule has its parameter, and what none is given for is off;
 * unless told otherwise, white space at the ends of lines goes, and one blank line stands for several.
 *
 * `preset: refinedweb` is the line rules of RefinedWeb (Penedo et al. 2023, appendix) as DCLM runs them
 * (mlfoundations/dclm, dclm_baseline_refinedweb.yaml): capitals over half, digits alone, counters, fewer than two words, the
 * phrases "items in cart", "Read more…" and "Sign-in" in lines of up to ten words, and no more than 5 % of the words gone.
 * Its parameters may be given other values. `dclm-refinedweb` is the same within all of DCLM's rules.
 *
 * The rules go one after the other, as they stand below, over the lines that the one before left; lines end at "\n" alone.
 * Where a rule is on, the text's own ends are stripped too. Words are counted as DCLM does: what lies between ASCII spaces
 * and begins with a letter or a digit. A page of which nothing but blank lines is left is dropped as `empty`. The scores
 * count lines that are not blank.
 *
 * @example cleanLines({ counters: true, notices: true, duplicates: true, maxRemovedWords: 0.3 })
 */
export default defineRewriter({
  name: "clean-lines",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({
    preset: z.enum(["none", "refinedweb"]).default("none").describe("Where rules that are not given come from."),
    trim: z
      .enum(["none", "end", "both"])
      .optional()
      .describe("White space to strip from every line. Unset: `end`, and `none` with a preset."),
    maxLineUppercase: z.number().min(0).max(1).optional().describe("Lines with a greater share of capitals go."),
    maxLineDigits: z.number().min(0).max(1).optional().describe("Lines with a greater share of digits go."),
    counters: z.boolean().optional().describe('Lines that only count go: "3,000 likes", "1.2K followers".'),
    minLineWords: z.int().min(0).optional().describe("Lines with fewer words go; empty ones stay."),
    maxPhraseLineWords: z
      .int()
      .min(0)
      .default(10)
      .describe("Phrases are taken out of lines with no more words than this."),
    phrases: z
      .array(z.string().min(1))
      .default([])
      .describe("Taken out of short lines, in any case, beside those of the preset; a line with nothing else goes."),
    notices: z
      .boolean()
      .optional()
      .describe(
        "Lines go that name JavaScript, terms of use, a privacy or cookie policy, or the use of cookies: C4's.",
      ),
    duplicates: z
      .boolean()
      .optional()
      .describe("Lines go that stand above already; case and white space at the ends do not count."),
    collapseBlankLines: z
      .boolean()
      .optional()
      .describe("One blank line stands for several. Unset: yes, and no with a preset."),
    maxRemovedWords: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe(
        "Pages are dropped that lose a greater share of their words, and those without a word. Unset: none are.",
      ),
  }),
  thresholds: ["maxRemovedWords"],
  setup: ({ preset, phrases }) => [...PRESETS[preset].phrases, ...phrases.map(patternOf)],
  rewrite: ({ text }, params, phrases) => {
    const preset = PRESETS[params.preset];
    const removed = { uppercase: 0, digits: 0, counters: 0, short: 0, phrases: 0, notices: 0, duplicates: 0 };
    let lines: Lines = text.split("\n");
    const count = countWritten(lines);
    let countLeft = count;
    let isRuled = false;
    const apply = (rule: keyof typeof removed, left: Lines) => {
      const written = countWritten(left);
      removed[rule] += countLeft - written;
      countLeft = written;
      lines = left;
      isRuled = true;
    };

    const trim = params.trim ?? preset.trim ?? "none";
    if (trim !== "none") lines = lines.map((line) => trimLine(line, trim === "both"));
    const maxLineUppercase = params.maxLineUppercase ?? preset.maxLineUppercase;
    if (maxLineUppercase !== undefined) apply("uppercase", dropUppercaseLines(lines, maxLineUppercase));
    const maxLineDigits = params.maxLineDigits ?? preset.maxLineDigits;
    if (maxLineDigits !== undefined) apply("digits", dropDigitLines(lines, maxLineDigits));
    if (params.counters ?? preset.counters) apply("counters", dropCounterLines(lines));
    const minLineWords = params.minLineWords ?? preset.minLineWords ?? 0;
    if (minLineWords > 0) apply("short", dropShortLines(lines, minLineWords));
    for (const phrase of phrases) apply("phrases", removePhrase(lines, phrase, params.maxPhraseLineWords));
    if (params.notices ?? preset.notices) apply("notices", lines.filter(isNoNotice));
    if (params.duplicates ?? preset.duplicates) apply("duplicates", firstOfEach(lines));
    if (params.collapseBlankLines ?? preset.collapseBlankLines) lines = lines.filter(isNotSecondBlank);

    const cleaned = isRuled ? strip(lines.join("\n")) : lines.join("\n");
    const words = countWords(text);
    const wordsLeft = cleaned === text ? words : countWords(cleaned);
    return {
      text: cleaned,
      scores: {
        lines: count,
        linesLeft: countLeft,
        words,
        removed: words === 0 ? 0 : (words - wordsLeft) / words,
        uppercaseLines: removed.uppercase,
        digitLines: removed.digits,
        counterLines: removed.counters,
        shortLines: removed.short,
        phraseLines: removed.phrases,
        noticeLines: removed.notices,
        duplicateLines: removed.duplicates,
      },
    };
  },
  keep: ({ linesLeft, words, removed }, params) => {
    const maxRemovedWords = params.maxRemovedWords ?? PRESETS[params.preset].maxRemovedWords;
    if (linesLeft === 0 || (maxRemovedWords !== undefined && words === 0)) return drop("empty", 0);
    if (maxRemovedWords !== undefined && removed > maxRemovedWords) return drop("too-much-removed", removed);
    return keep;
  },
});

/** What C4's cleaning looks for in a line. */
const NOTICE = new RegExp(["javascript", ...POLICY_PHRASES].join("|"), "i");

function isNoNotice(line: string): boolean {
  return !NOTICE.test(line);
}

/** The phrase as written, in any case, with a space before it. */
function patternOf(phrase: string): RegExp {
  return new RegExp(` ?${phrase.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")}`, "giu");
}

function trimLine(line: string, both: boolean): string {
  const start = both ? skipSpace(line, 0, line.length) : 0;
  return line.slice(start, skipSpaceBack(line, start, line.length));
}

/** Lines but those that stand above already, as DCLM's `within_page_dedup` compares them; blank ones stay. */
function firstOfEach(lines: Lines): Lines {
  const seen = new Set<string>();
  return lines.filter((line) => {
    const key = trimLine(line, true).toLowerCase();
    if (key === "") return true;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function isNotSecondBlank(line: string, index: number, lines: Lines): boolean {
  return index === 0 || !isBlank(line) || !isBlank(lines[index - 1]!);
}

function countWritten(lines: Lines): number {
  return lines.reduce((count, line) => (isBlank(line) ? count : count + 1), 0);
}
