import assert from "node:assert/strict";
import test from "node:test";
import { seededRandom } from "../../pipeline/random.ts";
import cleanLines from "../../stages/clean/clean-lines.ts";
import { prepareRewriter, rewriterContract } from "../contracts/rewriter.ts";

rewriterContract(
  cleanLines,
  {},
  new Map([
    ["One line. \n\n\n  Another.\t\n", { text: "One line.\n\n  Another.\n" }],
    ["HELLO\n3 likes\nHELLO", { text: "HELLO\n3 likes\nHELLO" }],
    ["", { reason: "empty" }],
    [" \n\n ", { reason: "empty" }],
  ]),
);

const LONG =
  "This line is ordinary prose and long enough that one short line more or less is nothing beside it, ".repeat(5);

rewriterContract(
  cleanLines,
  { preset: "refinedweb" },
  new Map([
    [`${LONG}\n3 likes`, { text: LONG.trimEnd() }],
    [`  BUY NOW\n${LONG}\n\n\n 2024 \n12345`, { text: LONG.trimEnd() }],
    ["One two.\n3 likes", { reason: "too-much-removed" }],
    ["…", { reason: "empty" }],
  ]),
);

async function assertLeaves(params: object, cases: readonly (readonly [text: string, left: string])[]) {
  const run = await prepareRewriter(cleanLines, { trim: "none", collapseBlankLines: false, ...params });
  for (const [text, left] of cases) assert.equal(run(text).text, left, text);
}

// The values of the next five: mlfoundations/dclm, tests/baselines/mappers/modifiers/test_modifiers.py.
test("lines with too many capitals go", async () => {
  const text = "HELLO WORLD\n\nhello world\nHello, World\n\nHello, world";
  await assertLeaves({ maxLineUppercase: 1 }, [[text, text]]);
  await assertLeaves({ maxLineUppercase: 2 / 12 }, [[text, "hello world\nHello, World\n\nHello, world"]]);
  await assertLeaves({ maxLineUppercase: 1 / 12 }, [[text, "hello world\n\nHello, world"]]);
  await assertLeaves({ maxLineUppercase: 0 }, [[text, "hello world"]]);
});

test("lines with too many digits go", async () => {
  const text = "1a\n\n2bb\n\n3cc\nabcd";
  await assertLeaves({ maxLineDigits: 0.5 }, [[text, text]]);
  await assertLeaves({ maxLineDigits: 1 / 3 }, [[text, "2bb\n\n3cc\nabcd"]]);
  await assertLeaves({ maxLineDigits: 0 }, [[text, "abcd"]]);
});

test("counters go, lines that hold one among other words stay", () =>
  assertLeaves({ counters: true }, [
    ["3 likes\n3,000 Shares\n123K views!\n 5.1M   followers  \nNo counter.", "No counter."],
    ["123K quotes\n\nHello, World with 3 views.\n3 views", "Hello, World with 3 views."],
  ]));

test("lines of too few words go, empty ones stay", () =>
  assertLeaves({ minLineWords: 2 }, [["Short line\n\na b c\n  \nHi", "Short line\n\na b c"]]));

test("phrases go out of short lines", async () => {
  const long = "You have 7 items in cart right now but you can add more by clicking back onto the homepage.";
  await assertLeaves({ phrases: ["items in cart"] }, [
    [`You have 7 Items in Cart right now\n  items in cart  \n${long}`, `You have 7 right now\n${long}`],
  ]);
  await assertLeaves({ phrases: ["(c) 2024"], maxPhraseLineWords: 3 }, [
    ["All (C) 2024\nAll of it (c) 2024", "All\nAll of it (c) 2024"],
  ]);
  const run = await prepareRewriter(cleanLines, { preset: "refinedweb", maxRemovedWords: 1 });
  assert.equal(
    run(`Sign-in for full access\nThis is about how to sign-in.\nPlease read more...\nRead more...and find out`).text,
    "for full access\nThis is about how to sign-in.\nPlease\nRead more...and find out",
  );
});

test("lines that stand above already go, whatever their case and ends", () =>
  assertLeaves({ duplicates: true }, [
    ["This line.\n\nThis line.\n THIS line.  \n\nthis line\n Kept.", "This line.\n\n\nthis line\n Kept."],
  ]));

test("notices go", () =>
  assertLeaves({ notices: true }, [
    [
      "Enable JavaScript.\nOur Privacy Policy\nThis site uses cookies\nThe cookies were good.",
      "The cookies were good.",
    ],
  ]));

test("a preset's rules may be set otherwise, one by one", async () => {
  const run = await prepareRewriter(cleanLines, {
    preset: "refinedweb",
    counters: false,
    maxRemovedWords: 0.9,
    trim: "both",
  });
  assert.equal(run("  A line.  \n3 likes\nLOUD WORDS").text, "A line.\n3 likes");
});

test("scores say what went, and what-if may ask of the share", async () => {
  const run = await prepareRewriter(cleanLines, { preset: "refinedweb", duplicates: true, notices: true });
  const { scores, verdict } = run(
    "LOUD WORDS\n123\n3 likes\nHi\nsign-in\ncookie policy here\nsame same\nsame same\nlast one",
  );
  assert.deepEqual(scores, {
    lines: 9,
    linesLeft: 2,
    words: 16,
    removed: 12 / 16,
    uppercaseLines: 1,
    digitLines: 1,
    counterLines: 1,
    shortLines: 2,
    phraseLines: 0,
    noticeLines: 1,
    duplicateLines: 1,
  });
  assert.deepEqual(verdict, { kept: false, reason: "too-much-removed", value: 12 / 16 });
});

test("cleaned once more, nothing changes", async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const random = seededRandom(seed);
  const pieces = [
    "LOUD",
    "a b c",
    "3 likes",
    "\n",
    "\n\n",
    " ",
    "12",
    "…",
    "cookie policy",
    "\u2028",
    "Word, word.",
    "\t",
  ];
  const run = await prepareRewriter(cleanLines, {
    maxLineUppercase: 0.5,
    maxLineDigits: 0.5,
    counters: true,
    notices: true,
    duplicates: true,
    trim: "both",
  });
  for (let i = 0; i < 500; i++) {
    const text = Array.from({ length: 12 }, () => pieces[Math.floor(random() * pieces.length)]!).join("");
    const once = run(text).text;
    assert.equal(run(once).text, once, `seed ${seed}: ${JSON.stringify(text)}`);
  }
});

test("hostile text takes linear time", async () => {
  const run = await prepareRewriter(cleanLines, {
    preset: "refinedweb",
    notices: true,
    duplicates: true,
    collapseBlankLines: true,
    trim: "both",
    phrases: ["a b"],
  });
  const many = (piece: string) => piece.repeat(3e5 / piece.length);
  for (const text of ["\n", " ", "x", "1,", "!", "1 likes\n", "A", "\ud800", "今", "א ", "a b", "use cookie", "3 "].map(
    many,
  )) {
    assert.equal(typeof run(text).text, "string");
  }
  run(`${many("!")}3 likes`);
  run(`3${many(" ")}likes`);
  run(`${many("12345")} likes${many("!")}`);
});
