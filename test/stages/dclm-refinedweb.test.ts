/** DCLM's pipeline as one stage: what each step drops and leaves, in the order of its configuration. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import dclmRefinedWeb from "../../stages/filters/dclm-refinedweb.ts";
import { pageWith } from "../contracts/filter.ts";
import { prepareRewriter, rewriterContract } from "../contracts/rewriter.ts";
import { tempDir } from "../engine/harness.ts";
import { FILES_CONTEXT, needsShared, sharedPath } from "../shared.ts";

/** Sixty words in three sentences that no rule minds. */
const PROSE = [
  "Every morning before breakfast, my younger brother walked down towards the harbour and watched grey fishing boats return.",
  "Sometimes old sailors would give him small silver fish, which he carried home with great pride for our patient mother.",
  "Years later, when those wooden piers had been replaced by concrete, he still remembered that smell of tar and salt water.",
].join("\n");
const few = { minWords: 0, minStopWords: 0 };

rewriterContract(
  dclmRefinedWeb,
  {},
  new Map([
    [PROSE, { text: PROSE }],
    [`${PROSE}\n\n\n\n${"x.org"}`, { text: `${PROSE}\n\n\n\n${"x.org"}`.slice(0, PROSE.length) }],
    [`${PROSE}\n\nSHARE THIS\n3 likes\n2024\nMenu\nSign-in\nRead more...`, { reason: "too-many-words-removed" }],
    [`${PROSE}\n\n12 Comments\nRead more...`, { reason: "too-many-words-removed" }],
    [`${PROSE}\n\n12 Comments`, { text: PROSE }],
    [`${PROSE}\n\n\nIt was late.`, { text: `${PROSE}\n\nIt was late.` }],
    [`${PROSE}\n\nMenu`, { text: PROSE }],
    ["Too few words.", { reason: "too-few-words" }],
    ["1.2.3.4", { reason: "empty" }],
    ["I am. ".repeat(60), { reason: "words-too-short" }],
    ["Incomprehensibilities ".repeat(60), { reason: "words-too-long" }],
    [PROSE.replaceAll("s ", "s# "), { reason: "too-many-symbols" }],
    [PROSE.replace(/\w+ /g, "$&\n- "), { reason: "too-many-bullets" }],
    [PROSE.replaceAll(".", "...").replaceAll("...\n", "... \n"), { reason: "too-many-ellipsis-lines" }],
    [PROSE.replaceAll(" ", " 123 "), { reason: "too-many-non-alphabetic-words" }],
    [PROSE.replace(/\b(the|and|to|of|with|be|that|have)\b/g, "fog"), { reason: "too-few-stop-words" }],
    [`${PROSE}\n${PROSE}`, { reason: "repeated-lines" }],
  ]),
);

test("a page whose text is left as it is keeps its URLs unless it begins with a domain's letters", async () => {
  const text = `We saw it on www.example.org before.\n${PROSE}`;
  const cleaned = `We saw it on before.\n${PROSE}`;
  assert.equal((await prepareRewriter(dclmRefinedWeb))(text).text, text);
  assert.equal((await prepareRewriter(dclmRefinedWeb))(`The ${text}`).text, `The ${cleaned}`);
  assert.equal((await prepareRewriter(dclmRefinedWeb, { removeUrls: "always" }))(text).text, cleaned);
  const address = `The host 10.0.0.1:80/x answered.\n${PROSE}`;
  assert.equal((await prepareRewriter(dclmRefinedWeb, { removeUrls: "never" }))(address).text, address);
  assert.equal((await prepareRewriter(dclmRefinedWeb))(address).text, `The host answered.\n${PROSE}`);
});

test("scores are those that DCLM's tests compare", async () => {
  const score = async (text: string) => (await prepareRewriter(dclmRefinedWeb, { removeUrls: "never" }))(text).scores;
  const CASES: readonly (readonly [text: string, name: string, value: number])[] = [
    // DCLM 361714b, test_content_filters.py.
    ["This text has one line that ends with an ellipsis. . .\n and one line that doesn't.", "ellipsisLines", 1 / 2],
    ["This text has one……\n…line that ends with an ellipsis…\nand one line that doesn't.", "ellipsisLines", 2 / 3],
    ["This text has one...line that ends with an ellipsis...and one line that doesn't.", "ellipsisLines", 0],
    ["● This text has two lines\n* that start with a bullet\n and one line that doesn't.", "bulletLines", 2 / 3],
    ["-----This text has two lines\n• that start with a bullet\n and one line that doesn't.", "bulletLines", 2 / 3],
    ["The best of the best", "stopWords", 3],
    ["the be to of and that have with", "stopWords", 8],
    ["Then Tom and Sally withheld bees", "stopWords", 1],
    ["The average word length is 4.33", "meanWordChars", 26 / 6],
    ["The cat in the hat", "meanWordChars", 14 / 5],
    ["Loquaciousness verylongwords", "meanWordChars", 27 / 2],
    ["  ", "meanWordChars", 0],
    ["No symbols here.", "symbolsPerWord", 0],
    ["#hashtags #on #every #word", "symbolsPerWord", 1],
    ["#hashtags and ellipses both count...", "symbolsPerWord", 2 / 5],
    ["#hashtags and ellipses both count…", "symbolsPerWord", 2 / 5],
    ["#hashtags and ellipses both count. . .", "symbolsPerWord", 2 / 7],
    ["This sentence contains <1,000     non-alphabetic \nw0rd5 within it but >1.", "nonAlphabeticWords", 2 / 10],
    // datamap-rs joins ". . ." before it counts words: 2 / 5 there. A line's indentation hides no bullet here.
    ["  - a\n\n\nb", "bulletLines", 1 / 2],
    ["TO tHe", "stopWords", 2],
  ];
  for (const [text, name, value] of CASES) assert.equal((await score(text))[name], value, `${name} of ${text}`);
});

test("the words removed are counted after all lines are cleaned", async () => {
  const lines = (count: number): string => Array.from({ length: count }, (_, n) => `plain words ${n}`).join("\n");
  const run = await prepareRewriter(dclmRefinedWeb, {
    minStopWords: 0,
    maxNonAlphabeticWords: 1,
    maxTop2Gram: 1,
    maxTop4Gram: 1,
  });
  // 285 words stay of 300: exactly a twentieth goes, as in DCLM's test_word_removal_ratio_filter.
  const kept = run(`${lines(95)}\n${Array.from({ length: 15 }, () => "Home").join("\n")}`);
  assert.deepEqual([kept.scores.words, kept.scores.removedWords, kept.text], [300, 0.05, lines(95)]);
  assert.ok(kept.verdict.kept, JSON.stringify(kept));
  const dropped = run(`${lines(94)}\n${Array.from({ length: 15 }, () => "Home").join("\n")}`);
  assert.deepEqual(dropped.verdict, { kept: false, reason: "too-many-words-removed", value: 15 / 297 });
});

test("a page of which no line is left is dropped whatever the threshold is", async () => {
  const run = await prepareRewriter(dclmRefinedWeb, { ...few, maxRemovedWords: 1, minMeanWordChars: 0 });
  assert.deepEqual(run("LOUD WORDS").verdict, { kept: false, reason: "no-lines-left", value: 0 });
  assert.equal(run("LOUD WORDS\nquiet words").text, "quiet words");
  assert.deepEqual(run(" \n").verdict, { kept: false, reason: "empty", value: 0 });
});

test("lists of one's own ban URLs, in the order of the configuration", async () => {
  const dir = tempDir();
  const lists = {
    bannedDomains: ["bad.example", "", "Worse.example"],
    strictWords: ["evil"],
    hardWords: ["nasty"],
    softWords: ["cam", "chat", "web"],
  };
  const files: Record<string, string> = {};
  for (const [name, entries] of Object.entries(lists)) {
    files[name] = join(dir, `${name}.txt`);
    writeFileSync(files[name]!, entries.join(name === "strictWords" ? "\n" : "\r\n"));
  }
  const run = await prepareRewriter(dclmRefinedWeb, files);
  const CASES = {
    "https://bad.example/x": "banned-domain",
    "https://WORSE.example/evil": "banned-domain",
    "https://www.bad.example/x": null,
    "https://sub.bad.example/x": null,
    "https://a.example/d-e.v-il": "strict-url-word",
    "https://a.example/very-Nasty?": "hard-url-word",
    "https://a.example/nasty_very": null,
    "https://a.example/cam/CHAT": "soft-url-words",
    "https://a.example/cam/cam/webchat": null,
  };
  for (const [url, reason] of Object.entries(CASES)) {
    const { verdict } = run(pageWith(PROSE, { url }));
    assert.equal(verdict.kept ? null : verdict.reason, reason, url);
  }
  assert.deepEqual(dclmRefinedWeb.files?.(dclmRefinedWeb(files).params, FILES_CONTEXT), Object.values(files));
});

test("a list without entries is told", async () => {
  const file = join(tempDir(), "empty.txt");
  writeFileSync(file, "\n\n");
  await assert.rejects(
    prepareRewriter(dclmRefinedWeb, { hardWords: file }),
    /dclm-refinedweb\.hardWords: .* no entries/,
  );
});

const LISTS = "data/classifier/url-lists";
test("RefinedWeb's lists are read as they come", needsShared(LISTS), async () => {
  const file = (name: string): string => sharedPath(LISTS, `refinedweb_banned_words_${name}_reverse_engineered.txt.gz`);
  const lists = { strictWords: file("strict"), hardWords: file("hard"), softWords: file("soft") };
  const run = await prepareRewriter(dclmRefinedWeb, lists);
  const { verdict, scores } = run(pageWith(PROSE, { url: "https://en.wikipedia.org/wiki/Large_language_model" }));
  assert.ok(verdict.kept, JSON.stringify(scores));
  const casino = run(pageWith(PROSE, { url: "https://example.org/web-cam/escort" }));
  assert.ok((casino.scores.softWords ?? 0) + (casino.scores.hardWords ?? 0) > 0, JSON.stringify(casino.scores));
});

test("hostile text takes linear time", async () => {
  const run = await prepareRewriter(dclmRefinedWeb);
  const CASES = [
    ["\n".repeat(1e6), "too-few-words"],
    [`The${"x".repeat(2e6)}`, "too-few-words"],
    [`The ${"a.b.".repeat(5e4)}`, "too-few-words"],
    [`The ${".com".repeat(1e5)}`, "too-few-words"],
    [`The ${"x.com ".repeat(5e4)}`, "too-few-words"],
    [`The ${"a".repeat(2e5)}.com`, "too-few-words"],
    ["1.".repeat(2e5), "empty"],
    ["3 likes\n".repeat(5e4), "too-many-non-alphabetic-words"],
    [`${"1".repeat(2e5)} likes`, "too-few-words"],
    ["the of and to be that ".repeat(2e4), "too-many-words"],
    [`a${" ".repeat(2e5)}b`, "too-few-words"],
    ["中文字".repeat(1e5), "too-few-words"],
    ["مرحبا ".repeat(5e4), "too-few-stop-words"],
    ["\ud800".repeat(2e5), "too-few-words"],
    [`a${"\u0301".repeat(2e5)}`, "too-few-words"],
  ] as const;
  for (const [text, reason] of CASES) {
    const { verdict } = run(text);
    assert.equal(verdict.kept ? null : verdict.reason, reason, JSON.stringify(text.slice(0, 20)));
  }
});
