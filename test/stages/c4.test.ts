import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { seededRandom } from "../../pipeline/random.ts";
import type { Words } from "../../pipeline/text/words.ts";
import { cutEnglishWords } from "../../pipeline/text/words-english.ts";
import { countEnglishSentences, countEnglishSentencesPlainly } from "../../stages/filters/c4/english-sentences.ts";
import { cleanLines, type LineRules } from "../../stages/filters/c4/lines.ts";
import { cleanLinesFast } from "../../stages/filters/c4/lines-fast.ts";
import c4 from "../../stages/filters/c4.ts";
import { pageWith } from "../contracts/filter.ts";
import { prepareRewriter, rewriterContract } from "../contracts/rewriter.ts";
import { needsShared, sharedPath } from "../shared.ts";

/** Enough sentences for the page to stay, in one line. */
const five = "One is here. Two is here. Three is here. Four is here. Five is here.";

rewriterContract(
  c4,
  {},
  new Map([
    ["", { reason: "too-few-sentences" }],
    // The reasons that datatrove's own tests name (tests/pipeline/filters/test_filters.py).
    ["Just one sentence.", { reason: "too-few-sentences" }],
    [`This is a sentence with lorem ipsum dolor sit amet.\n${five}`, { reason: "lorem-ipsum" }],
    [`This is some code with a { bracket.\n${five}`, { reason: "curly-bracket" }],
    [`This site uses cookies for tracking.\n${five}`, { text: five }],
    [five, { text: five }],
    [`${five}\n${five}`, { text: `${five}\n${five}` }],
    // Lines are those of splitlines, stripped, and blank ones go.
    [`\n ${five}\u00a0\r\n\n${five}\v${five}\x85`, { text: `${five}\n${five}\n${five}` }],
    // Which ends of a line count.
    [`A line of words\n${five}\nA line of words…\nA line of words...\nA line of words”`, { text: five }],
    [
      `Is it so?\nIt is so!\nHe says "so"\n'It is so'\n${five}`,
      { text: `Is it so?\nIt is so!\nHe says "so"\n'It is so'\n${five}` },
    ],
    [`Two words.\nThree whole words.\n${five}`, { text: `Three whole words.\n${five}` }],
    [`${"x".repeat(1001)} and two more.\n${five}`, { text: five }],
    [`${"𝒶".repeat(1000)} and two more.\n${five}`, { text: `${"𝒶".repeat(1000)} and two more.\n${five}` }],
    [`Turn on JavaScript here.\nMyJAVASCRIPTs are on.\n${five}`, { text: five }],
    [`Read the terms  of use.\nRead the Terms of Useful.\n${five}`, { text: `Read the terms  of use.\n${five}` }],
    // The Kelvin sign's lower case is k.
    [`We use coo\u212aies here.\n${five}`, { text: five }],
    // Citations: digits of any script; a space that is left behind stays, and is no end of a sentence.
    [
      `Water is wet[1][٢][].\nWater is wet[edit].[citation needed]\n${five}`,
      { text: `Water is wet.\nWater is wet.\n${five}` },
    ],
    [`Water is wet. [1]\n${five}`, { text: five }],
    [`Java[1]script is on.\n${five}`, { text: five }],
    // Words were counted before citations went.
    [`So [1] be it.\n[1] [2] [3] Yes.\n${five}`, { text: `So  be it.\n   Yes.\n${five}` }],
    // What a rule has removed is not looked at by those behind it.
    [`lorem ipsum dolor sit\n{ javascript }.\nlorem ipsum.\n${five}`, { text: five }],
  ]),
);

test("a line that stays may begin or end with the space that a citation left, but the page may not", async () => {
  const run = await prepareRewriter(c4, { filterNoTerminalPunct: false, minSentences: 0 });
  assert.equal(run("a b c [1]\nd [2] e\n[3] f g h").text, "a b c \nd  e\n f g h");
  assert.equal(run("[1] a b c [2]").text, "a b c");
});

test("a page that loses nothing keeps its very text, and each rule counts the lines that it removed", async () => {
  const run = await prepareRewriter(c4);
  assert.equal(run(five).text, five);
  const { scores } = run(
    ["x".repeat(1001), "no end", "", "Short.", "Some JavaScript here.", "Our privacy policy here.", five, ""].join(
      "\n",
    ),
  );
  assert.deepEqual(scores, {
    lines: 7,
    keptLines: 1,
    sentences: 5,
    longWordLines: 1,
    unterminatedLines: 2,
    shortLines: 1,
    javascriptLines: 1,
    policyLines: 1,
    loremIpsumLine: 0,
    curlyBracketLine: 0,
  });
});

test("the first phrase that condemns a page is its reason, lorem ipsum before a bracket in one line", async () => {
  const reasonOf = async (text: string, params = {}) => {
    const { verdict } = (await prepareRewriter(c4, params))(`${text}\n${five}`);
    return verdict.kept ? null : `${verdict.reason} ${verdict.value}`;
  };
  assert.equal(await reasonOf("a { b c.\nlorem ipsum dolor."), "curly-bracket 1");
  assert.equal(await reasonOf("a b c.\n{ lorem ipsum dolor."), "lorem-ipsum 2");
  assert.equal(await reasonOf("a b c.\n{ lorem ipsum dolor.", { filterLoremIpsum: false }), "curly-bracket 2");
  assert.equal(await reasonOf("Lorem ipsum in javascript."), "lorem-ipsum 1");
  assert.equal(await reasonOf("Lorem ipsum in { javascript.", { filterLoremIpsum: false }), null);
  assert.equal(await reasonOf("{ uses cookies.", { filterCurlyBracket: false }), null);
});

test("blank lines stay where no rule is on that removes them, and count as a sentence each", async () => {
  const run = await prepareRewriter(c4, { filterNoTerminalPunct: false, minLineWords: 0 });
  const { text, scores } = run("a\n\n \nb");
  assert.equal(text, "a\n\n\nb");
  assert.equal(scores.sentences, 4);
});

/** spaCy's tokens: the words, and white space between them beyond one space. */
function tokensOf(words: Words): string[] {
  const { text } = words;
  const tokens: string[] = [];
  let from = 0;
  const addSpace = (to: number): void => {
    const space = text.slice(tokens.length > 0 && text[from] === " " ? from + 1 : from, to);
    if (space !== "") tokens.push(space);
  };
  for (let i = 0; i < words.length; i++) {
    addSpace(words.starts[i]!);
    tokens.push(words.at(i));
    from = words.ends[i]!;
  }
  addSpace(text.length);
  return tokens;
}

test("a sentence ends at a mark and any punctuation behind it; white space of more than a space opens another", () => {
  for (const [text, sentences] of [
    ["", 1],
    ["  ", 1],
    ["He left.", 1],
    ['"He left." (So did I?!) Then… we... stopped', 3],
    ["Mr. Low came at 5 p.m. to N.Y. and left", 1],
    ["Yes. No", 2],
    ["Yes.  No", 2],
    ["Yes.  . No", 3],
    ["Yes. . No", 2],
    ["Yes. ", 1],
    ["Yes.  ", 2],
    ["Yes.\n", 2],
    ["是的。不是", 1],
    ["是的 。 不是", 2],
  ] as const) {
    const words = cutEnglishWords(text);
    assert.equal(countEnglishSentences(words), sentences, JSON.stringify(text));
    assert.equal(countEnglishSentencesPlainly(tokensOf(words)), sentences, JSON.stringify(text));
  }
});

// biome-ignore format: one list
const PIECES = [
  " ", " ", " ", " ", " ", " ", " ", "  ", "\t", "\u00a0", " \u2003", "\n", "\n", "\n", "\r\n", "\r", "\v", "\x1c", "\x85", "\u2028", "\n\n",
  ".", ".", ". ", ".\n", ".\n", "...", "…", "?", "!", '"', "'", "”", ")", "(", "[", "]", "{", "}", "-", ":)", "。", "।", "❤️", "🎉",
  "lorem", "ipsum", "Lorem Ipsum", "lorem  ipsum", "xlorem ipsums", "lorem\nipsum", "javascript", "JavaScript", "java", "script",
  "terms", "Terms of Use", "terms of", "use", "user", "of", "privacy policy", "cookie", "policy", "policies", "uses cookies",
  "use of cookies", "use cookies", "coo\u212aies", "\u0130psum", "pr\u0130vacy policy", "cookies",
  "[1]", "[12]", "[٣]", "[]", "[edit]", "[citation needed]", "[citation  needed]", "[Edit]", "[1", "[[2]]",
  "the", "cat", "don't", "U.S.", "a.m.", "5km", "3.5%", "it's", "e-mail", "a.b@c.com", "http://x.org/a", "C++", "#tag", "今天", "שלום",
  "\ud800", "\udc00", "𝒶𝒷", "𑅁", "interconnection", "aaaaaaaaaaaaaaaaaaaa", "𝒶𝒷𝒸𝒹𝒶𝒷𝒸𝒹",
];

test("the fast cleaning does what the definition does, on random text", () => {
  const seed = 20_250_606;
  const random = seededRandom(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const flip = (): boolean => random() < 0.5;
  for (let round = 0; round < 4000; round++) {
    const text = Array.from({ length: 1 + Math.floor(random() * 40) }, () => pick(PIECES)).join("");
    const rules: LineRules = {
      filterNoTerminalPunct: flip(),
      minLineWords: pick([0, 1, 2, 3]),
      maxWordChars: pick([0, 5, 10, 15, 1000]),
      removeCitations: random() < 0.8,
      filterJavascript: flip(),
      filterPolicy: flip(),
    };
    const words = cutEnglishWords(text);
    const where = `seed ${seed}, round ${round}: ${JSON.stringify({ text, rules })}`;
    const { words: wordsAfter, ...cleaned } = cleanLinesFast(words, rules);
    assert.deepEqual(cleaned, cleanLines(text, rules), where);
    const { starts, ends, kinds } = cutEnglishWords(cleaned.text);
    const after = wordsAfter();
    assert.deepEqual([after.starts, after.ends, after.kinds], [starts, ends, kinds], where);
    assert.equal(countEnglishSentences(words), countEnglishSentencesPlainly(tokensOf(words)), where);
  }
});

interface GoldenDecision {
  readonly keep: boolean;
  readonly reason: string;
  readonly text_after?: string;
}
interface GoldenCase {
  readonly text: string;
  readonly n_sentences: number;
  readonly c4_quality: GoldenDecision;
  readonly c4_quality_no_terminal_rule: GoldenDecision;
}
test("the golden pages get datatrove's decisions", needsShared("fixtures/filters/datatrove_golden.json"), async () => {
  const golden = JSON.parse(readFileSync(sharedPath("fixtures/filters/datatrove_golden.json"), "utf8"));
  const withTerminalRule = await prepareRewriter(c4);
  const withoutTerminalRule = await prepareRewriter(c4, { filterNoTerminalPunct: false });
  for (const [name, page] of Object.entries<GoldenCase>(golden.cases)) {
    assert.equal(countEnglishSentences(cutEnglishWords(page.text)), page.n_sentences, name);
    for (const [run, expected] of [
      [withTerminalRule, page.c4_quality],
      [withoutTerminalRule, page.c4_quality_no_terminal_rule],
    ] as const) {
      const { verdict, text } = run(pageWith(page.text));
      assert.equal(verdict.kept, expected.keep, name);
      if (verdict.kept) assert.equal(text, expected.text_after, name);
      else assert.equal(c4.referenceReasons?.[verdict.reason], expected.reason, name);
    }
  }
});

test("megabytes of hostile text are cleaned in linear time", async () => {
  const hostile = [
    "\n".repeat(1_000_000),
    " ".repeat(1_000_000),
    "  x".repeat(300_000),
    "x".repeat(5_000_000),
    "[".repeat(1_000_000),
    "[1".repeat(500_000),
    `[${"1".repeat(2_000_000)}`,
    "[1]".repeat(300_000),
    "[1].\n".repeat(50_000),
    "policy ".repeat(150_000),
    "ipsum.\n".repeat(150_000),
    ".".repeat(1_000_000),
    "a. ".repeat(300_000),
    "今天天气很好。".repeat(100_000),
    "مرحبا ".repeat(100_000),
    "\ud800".repeat(300_000),
  ];
  const run = await prepareRewriter(c4, { filterNoTerminalPunct: false, minLineWords: 1 });
  const started = performance.now();
  for (const text of hostile) run(pageWith(text));
  // Some seconds on a busy machine; a quadratic rule would need hours.
  assert.ok(performance.now() - started < 60_000);
});
