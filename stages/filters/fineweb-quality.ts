import { defineFilter, z } from "../../pipeline/stage.ts";
import { drop, keep } from "../../pipeline/verdict.ts";
import { measureProseLines } from "./fineweb/prose-lines.ts";

/** `code`: the defaults of datatrove. `paper`: the same with the paper's threshold for repeated lines. */
const PRESETS = {
  code: { minTerminatedLines: 0.12, maxShortLines: 0.67, maxRepeatedLineChars: 0.01, maxNewlinesPerWord: 0.3 },
  paper: { minTerminatedLines: 0.12, maxShortLines: 0.67, maxRepeatedLineChars: 0.1, maxNewlinesPerWord: 0.3 },
} as const;

const threshold = (text: string) =>
  z.number().min(0).optional().describe(`${text} The preset's if absent; 0 switches the rule off.`);

/**
 * Drops lists, menus and pages that repeat lines: FineWeb's own quality rules (Penedo et al. 2024) as datatrove applies
 * them (huggingface/datatrove a649de7, fineweb_quality_filter.py), in its order.
 *
 * Lines lie between "\n" and are not trimmed: a space at its end hides a line's full stop. Blank lines do not count, but
 * their newlines do. A line is terminated by any of 159 sentence enders of all scripts, not by a quotation mark. The
 * first of equal lines is no repetition. Words are spaCy's English tokens.
 *
 * The presets differ in repeated lines: 1 % of the characters in the code that made FineWeb, 10 % in the paper. The rule
 * on newlines is the code's alone; `maxNewlinesPerWord: 0` leaves the three that the paper tells of. A value at a
 * threshold passes.
 *
 * @example finewebQuality({ preset: "paper", maxShortLines: 0.8 })
 */
export default defineFilter({
  name: "fineweb-quality",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({
    preset: z
      .enum(["code", "paper"])
      .default("code")
      .describe(
        "Where thresholds come from: `code`, datatrove's defaults (0.12, 0.67, 0.01, 0.3), or `paper` (0.12, 0.67, 0.1, 0.3).",
      ),
    minTerminatedLines: threshold("Least share of lines that end in a sentence's last mark."),
    maxShortLines: threshold("Greatest share of short lines."),
    shortLineChars: z.int().min(0).default(30).describe("A line of so many code points or fewer is short."),
    maxRepeatedLineChars: threshold("Greatest share of characters in lines that repeat an earlier one."),
    maxNewlinesPerWord: threshold("Most newlines per word."),
  }),
  needs: ["englishWords"],
  thresholds: ["preset", "minTerminatedLines", "maxShortLines", "maxRepeatedLineChars", "maxNewlinesPerWord"],
  referenceReasons: {
    empty: "empty",
    "too-few-terminated-lines": "line_punct_ratio",
    "too-many-short-lines": "short_line_ratio",
    "repeated-line-chars": "char_dup_ratio",
    "too-many-newlines": "list_ratio",
  },
  score: ({ text, englishWords }, { shortLineChars }) => {
    const { lines, terminated, short, repeatedChars, newlines } = measureProseLines(text, shortLineChars);
    return {
      lines,
      terminatedLines: lines === 0 ? 0 : terminated / lines,
      shortLines: lines === 0 ? 0 : short / lines,
      repeatedLineChars: repeatedChars,
      newlinesPerWord: newlines / Math.max(1, englishWords.length),
    };
  },
  keep: (scores, params) => {
    const { terminatedLines, shortLines, repeatedLineChars, newlinesPerWord } = scores;
    if (scores.lines === 0) return drop("empty", 0);
    const preset = PRESETS[params.preset];
    if (terminatedLines < (params.minTerminatedLines ?? preset.minTerminatedLines)) {
      return drop("too-few-terminated-lines", terminatedLines);
    }
    for (const [reason, value, max] of [
      ["too-many-short-lines", shortLines, params.maxShortLines ?? preset.maxShortLines],
      ["repeated-line-chars", repeatedLineChars, params.maxRepeatedLineChars ?? preset.maxRepeatedLineChars],
      ["too-many-newlines", newlinesPerWord, params.maxNewlinesPerWord ?? preset.maxNewlinesPerWord],
    ] as const) {
      if (max > 0 && value > max) return drop(reason, value);
    }
    return keep;
  },
});
