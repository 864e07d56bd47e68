/** The metrics of three benchmarks of extraction: by hand, and on outputs whose scores are published. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { type Metric, type Scores, segments, shingleBag, wordBag } from "../../../eval/extraction/index.ts";
import { pythonWords } from "../../../eval/extraction/python-words.ts";
import { needsShared, sharedPath } from "../../shared.ts";

function scoresOf<Truth, Measured>(
  metric: Metric<Truth, Measured>,
  pages: readonly (readonly [Truth, string])[],
  weights?: readonly number[],
): Scores {
  return metric.scores(
    pages.map(([truth, text]) => metric.measure(truth, text)),
    weights,
  );
}

function near(found: Scores, expected: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(expected)) {
    assert.ok(Math.abs(found[name]! - value) < 1e-12, `${name}: found ${found[name]}, expected ${value}`);
  }
}

test("words are Python's: combining marks part them, numbers of all kinds and underscores belong to them", () => {
  // As Python 3.11's re.findall(r"\w+", text) has them.
  for (const [text, words] of [
    ["It's 3.5 m² – a_b_ __", ["It", "s", "3", "5", "m²", "a_b_", "__"]],
    ["cafe\u0301s, caf\u00e9s", ["cafe", "s", "caf\u00e9s"]],
    ["\u2167½٣ ①", ["\u2167½٣", "①"]],
    ["हिन्दी", ["ह", "न", "द"]],
    ["漢字かな交じり文。𝒳y", ["漢字かな交じり文", "𝒳y"]],
    ["a\u203fb\u200dc\ud800d", ["a", "b", "c", "d"]],
    ["", []],
  ] as const) {
    assert.deepEqual(pythonWords(text), words);
  }
});

test("four words in a row: pages count alike, and F1 is that of the mean precision and the mean recall", () => {
  const page = (articleBody: string | undefined, text: string) => [{ articleBody }, text] as const;
  // a b c d, b c d e | b c d e, c d e f: one in both, one only here, one only there.
  near(scoresOf(shingleBag, [page("a b c d e", "b, c d e f!")]), { precision: 1 / 2, recall: 1 / 2, f1: 1 / 2 });
  // Case counts; fewer than four words are one run.
  near(scoresOf(shingleBag, [page("a b", "A b")]), { precision: 0, recall: 0, f1: 0, accuracy: 0 });
  near(scoresOf(shingleBag, [page("a b", "a; b")]), { precision: 1, recall: 1, f1: 1, accuracy: 1 });
  // a b a b twice against three times, b a b a once against twice.
  near(scoresOf(shingleBag, [page("a b a b a b", "a b a b a b a b")]), { precision: 3 / 5, recall: 1 });
  // Nothing extracted: no precision to count. No article: no recall. Neither: accurate, and no more.
  const pages = [page("a b c d", "a b c d"), page("a b c d", ""), page(undefined, "x"), page("", " .")] as const;
  near(scoresOf(shingleBag, pages), { precision: 1 / 2, recall: 1 / 2, f1: 1 / 2, accuracy: 2 / 4 });
  near(scoresOf(shingleBag, pages, [2, 1, 1, 0]), { precision: 2 / 3, recall: 2 / 3, f1: 2 / 3, accuracy: 2 / 4 });
  near(scoresOf(shingleBag, [page("a", "")]), { precision: 0, recall: 0, f1: 0 });
  // The page of many words counts as much as that of a few.
  const long = Array.from({ length: 1000 }, (_, i) => `w${i}`).join(" ");
  near(scoresOf(shingleBag, [page(long, long), page("a b c d", "e f g h")]), { precision: 1 / 2, recall: 1 / 2 });
});

test("pieces: white space is one space, letter case counts, and figures are over all pages' pieces", () => {
  const truth = { with: ["one two", "Three"], without: ["ad vert", "menu"] };
  const pages = [
    [truth, "one\n\t\u00a0two three\nad\u3000vert"],
    [truth, ""],
  ] as const;
  // Found 1, leaked 1, missing 3, removed 3.
  near(scoresOf(segments, pages), { precision: 1 / 2, recall: 1 / 4, accuracy: 4 / 8, f1: 2 / 6 });
  near(scoresOf(segments, pages, [3, 0]), { precision: 1 / 2, recall: 1 / 2, accuracy: 6 / 12, f1: 1 / 2 });
  // Python's white space has the separators \x1c to \x1f, and not U+FEFF.
  near(scoresOf(segments, [[{ with: ["a b"], without: ["c d"] }, "a\x1cb c\ufeffd"]]), { precision: 1, recall: 1 });
  near(scoresOf(segments, []), { precision: 0, recall: 0, accuracy: 0, f1: 0 });
});

test("words in lower case: every figure is a mean over pages, and an empty truth wants an empty text", () => {
  const page = (main_content: string | null, text: string) => [{ main_content }, text] as const;
  near(scoresOf(wordBag, [page("One two two three", "two ONE four")]), { precision: 2 / 3, recall: 2 / 4, f1: 4 / 7 });
  near(scoresOf(wordBag, [page("a", "b")]), { precision: 0, recall: 0, f1: 0 });
  near(scoresOf(wordBag, [page(null, "…"), page("", "text"), page("text", "")]), { precision: 1 / 3, f1: 1 / 3 });
  const pieces = { main_content: "a", with: ["Some Words", "gone"], without: ["some\nwords"] };
  near(scoresOf(wordBag, [[pieces, "a some words"]]), { with: 1 / 2, without: 0 });
  near(scoresOf(wordBag, [page("a", "a")]), { with: 1, without: 1 });
});

const AEB = "data/extraction/article-extraction-benchmark";
test(
  "published outputs of seven extractors score what the benchmark's own program says",
  needsShared(`${AEB}.gt.jsonl.gz`, `${AEB}.peer-outputs.json.gz`),
  () => {
    const unpacked = (file: string): string => gunzipSync(readFileSync(sharedPath(file))).toString();
    const truths = unpacked(`${AEB}.gt.jsonl.gz`)
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { id: string; articleBody: string });
    const peers = JSON.parse(unpacked(`${AEB}.peer-outputs.json.gz`)) as Record<string, Record<string, string>>;
    const f1 = Object.entries(peers).map(([name, texts]) => {
      const scores = scoresOf(
        shingleBag,
        truths.map((truth) => [truth, texts[truth.id]!] as const),
      );
      return [name, scores.f1.toFixed(3)];
    });
    assert.deepEqual(Object.fromEntries(f1), {
      boilerpipe: "0.838",
      go_domdistiller: "0.924",
      justext: "0.794",
      newspaper: "0.939",
      readability: "0.916", // readability-lxml
      readability_js: "0.943",
      trafilatura: "0.954",
    });
  },
);
