import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { seededRandom } from "../../pipeline/random.ts";
import { normalizedWords, type Punctuation } from "../../pipeline/text/word-hashes.ts";
import { cutOut } from "../../stages/decontaminate/cut-out.ts";
import decontaminate from "../../stages/decontaminate/decontaminate.ts";
import { type EvalItem, findEvalFiles, readItems } from "../../stages/decontaminate/eval-files.ts";
import { searchFor } from "../../stages/decontaminate/eval-index.ts";
import { searchedTexts } from "../../stages/decontaminate/searched-texts.ts";
import { unitsOf } from "../../stages/decontaminate/spans.ts";
import { prepareRewriter, rewriterContract } from "../contracts/rewriter.ts";
import { needsShared, sharedPath } from "../shared.ts";

const dir = mkdtempSync(join(tmpdir(), "sluice-decontaminate-"));
after(() => rmSync(dir, { recursive: true, force: true }));

const random = seededRandom(7);
const draw = <T>(from: ArrayLike<T>): T => from[Math.floor(random() * from.length)]!;
/** Prose of made-up words, of which runs of 8 hardly repeat. */
const VOCABULARY = Array.from({ length: 2000 }, (_, n) => `w${n.toString(36)}x`);
const prose = (words: number): string => Array.from({ length: words }, () => draw(VOCABULARY)).join(" ");

function evalFile(name: string, rows: readonly unknown[] | string | Uint8Array): string {
  const path = join(dir, name);
  const isText = typeof rows === "string" || rows instanceof Uint8Array;
  writeFileSync(path, isText ? rows : rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return path;
}

const itemOf = (...texts: string[]): EvalItem => ({ id: "s#1", suite: "s", fields: texts.map((text) => [text]) });
const OPTIONS = { method: "ngrams", ngram: 13, threshold: 0.8 } as const;

const QUESTION = "How many apples has Ann left, if she gives three of her seven well-known apples to Bob?";
const ANSWER = "Ann has 7 - 3 = 4 apples.";
const evals = [evalFile("apples.jsonl", [{ question: QUESTION, answer: ANSWER }])];

rewriterContract(
  decontaminate,
  { evals },
  new Map([
    [QUESTION, { reason: "contaminated" }],
    [`Before. ${QUESTION.toUpperCase()} After.`, { reason: "contaminated" }],
    // 13 words in a row are enough, 12 are not; a word that stands elsewhere breaks the run.
    [QUESTION.split(" ").slice(0, 13).join(" "), { reason: "contaminated" }],
    [QUESTION.split(" ").slice(0, 12).join(" "), { text: QUESTION.split(" ").slice(0, 12).join(" ") }],
    [QUESTION.replace("gives", "gave"), {}],
    // Too short to be looked for by itself.
    [ANSWER, { text: ANSWER }],
  ]),
);

rewriterContract(
  decontaminate,
  { evals, action: "mask", maskChars: 4, maxCuts: 1 },
  new Map([
    [`One two three. ${QUESTION} Four five six.`, { text: "One two\n\nfive six." }],
    [QUESTION, { reason: "nothing-left" }],
    [`${QUESTION} ${"x ".repeat(20)}${QUESTION}`, { reason: "too-many-cuts" }],
    ["Nothing of it.", { text: "Nothing of it." }],
  ]),
);

for (const method of ["ngrams", "near-duplicate", "paragraph"] as const) {
  test(`${method}: of 20 planted leaks 20 are found, and none of 1,000 clean pages is flagged`, async () => {
    const items = Array.from({ length: 500 }, () => prose(20 + Math.floor(random() * 60)));
    const file = evalFile(
      `planted-${method}.jsonl`,
      items.map((text) => ({ text })),
    );
    const run = await prepareRewriter(decontaminate, { evals: [file], method });
    const changes: ((text: string) => string)[] = [
      (text) => text,
      (text) => text.toUpperCase(),
      (text) => text.replaceAll(" ", " \t "),
      (text) => text.replaceAll(/(\S+ \S+) /g, "“$1”, "),
    ];
    // A paragraph is found as one; the others in the middle of one, too.
    const around = method === "paragraph" ? "\n" : " ";
    for (let n = 0; n < 20; n++) {
      const leak = changes[n % changes.length]!(items[7 + 20 * n]!);
      const { verdict, scores } = run([prose(80), leak, prose(80)].join(n % 5 === 4 ? "\n" : around));
      assert.equal(verdict.kept, false, leak);
      assert.equal(scores.items, 1);
      assert.ok(scores[`planted-${method}#${8 + 20 * n}`]! > 0, Object.keys(scores).join());
    }
    for (let n = 0; n < 1000; n++) assert.equal(run(prose(50 + Math.floor(random() * 100))).verdict.kept, true);
  });
}

const shared = [
  "data/alignment/gsm8k/train.jsonl.gz",
  "data/alignment/mmlu/val.jsonl.gz",
  "data/dedup/jaccard-docs.jsonl.gz",
];
test("GSM8K, MMLU: 20 of 20 leaks in pages of a crawl, 0 of 1,000 clean ones", needsShared(...shared), async () => {
  const [gsm8k, mmlu, crawl] = shared.map((path) => sharedPath(path)) as [string, string, string];
  const rows = (path: string): { text: string; question: string; choices: string[]; answer: string }[] =>
    gunzipSync(readFileSync(path))
      .toString()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  const run = await prepareRewriter(decontaminate, { evals: [gsm8k, mmlu] });
  const pages = rows(crawl)
    .map(({ text }) => text)
    .filter((text) => text.length > 500);
  const problems = rows(gsm8k);
  const questions = rows(mmlu);
  const printed = ({ question, choices }: { question: string; choices: string[] }): string =>
    `${question}\n${choices.map((choice, n) => `${"ABCD"[n]}. ${choice}`).join("\n")}`;
  const leaks = Array.from({ length: 20 }, (_, n) => {
    const problem = problems[n * 300 + 5]!;
    switch (n % 5) {
      case 0:
        return problem.question;
      case 1:
        return `${problem.question} ${problem.answer}`.replace(/[^\p{L}\p{N}\s]/gu, "");
      case 2:
        return problem.question.toUpperCase().replaceAll(" ", "\n  ");
      case 3:
        return printed(questions[n * 70]!);
      default:
        return JSON.stringify(problem).slice(0, -20);
    }
  });
  for (const [n, leak] of leaks.entries()) {
    const page = pages[n * 40]!;
    const middle = page.indexOf(" ", page.length / 2);
    const { verdict } = run(`${page.slice(0, middle)} ${leak} ${page.slice(middle)}`);
    assert.equal(verdict.kept, false, leak);
  }
  for (const page of pages.slice(0, 1000)) assert.deepEqual(run(page).verdict, { kept: true });
});

/** The definition: sets of strings. */
function plainGrams(item: EvalItem, text: string, ngram: number): boolean {
  return (["parts", "joins"] as Punctuation[]).some((punctuation) => {
    const cut = (one: string): string[] => normalizedWords(one, punctuation);
    const gramsOf = (words: readonly string[], n: number): string[] =>
      words.slice(0, Math.max(0, words.length - n + 1)).map((_, i) => words.slice(i, i + n).join(" "));
    return searchedTexts(item).some((searched) => {
      const words = cut(searched);
      const length = Math.min(ngram, words.length);
      if (length < 8) return false;
      const grams = new Set(gramsOf(words, length));
      return gramsOf(cut(text), length).some((gram) => grams.has(gram));
    });
  });
}

/** The definition: every window of a page, a set of runs of 5 words each. */
function plainSimilarity(item: EvalItem, text: string): number {
  const runsOf = (words: readonly string[]): string[] =>
    words.slice(0, Math.max(0, words.length - 4)).map((_, i) => words.slice(i, i + 5).join(" "));
  const page = runsOf(normalizedWords(text, "parts"));
  let most = 0;
  for (const searched of searchedTexts(item)) {
    const runs = new Set(runsOf(normalizedWords(searched, "parts")));
    for (let end = 1; end <= page.length; end++) {
      const window = new Set(page.slice(Math.max(0, end - 2 * runs.size), end));
      most = Math.max(most, [...runs].filter((run) => window.has(run)).length / runs.size);
    }
  }
  return most;
}

test("what is found is what sets of strings find, on random text of few words", () => {
  const few = (words: number): string => Array.from({ length: words }, () => draw(["a", "b", "a-b"])).join(" ");
  let met = 0;
  for (let round = 0; round < 40; round++) {
    const items = Array.from({ length: 20 }, () =>
      itemOf(few(Math.floor(random() * 30)), few(Math.floor(random() * 12))),
    );
    const ngram = draw([8, 9, 13]);
    const threshold = draw([0.5, 0.8, 1]);
    const grams = searchFor(items, { ...OPTIONS, ngram });
    const near = searchFor(items, { method: "near-duplicate", ngram, threshold });
    const text = few(Math.floor(random() * 60));
    const found = grams.find(text).items;
    const alike = near.find(text).items;
    for (const [n, item] of items.entries()) {
      const isSearched = searchedTexts(item).length > 0;
      assert.deepEqual([grams.isSearched[n], near.isSearched[n]], [Number(isSearched), Number(isSearched)]);
      assert.equal(found.has(n), plainGrams(item, text, ngram), `${JSON.stringify(item.fields)} in ${text}`);
      const similarity = plainSimilarity(item, text);
      assert.equal(
        alike.get(n) ?? 0,
        similarity >= threshold - 1e-9 ? similarity : 0,
        `${item.fields.join("|")} in ${text}`,
      );
      met += Number(found.has(n)) + Number(alike.has(n));
    }
    // Nothing is left of one page in the next.
    assert.deepEqual(grams.find(text).items, found);
    assert.deepEqual(near.find(text).items, alike);
  }
  assert.ok(met > 100, `${met}: few were met`);
});

test("an item is found wherever it stands in a long page, with all of its words", () => {
  const text = prose(40);
  for (const method of ["ngrams", "near-duplicate"] as const) {
    const search = searchFor([itemOf(text)], { ...OPTIONS, method });
    const long = prose(60_000).slice(0, (1 << 18) + 400);
    for (let at = (1 << 18) - 320; at < (1 << 18) + 100; at += 83) {
      const start = long.indexOf(" ", at) + 1;
      const page = `${long.slice(0, start)}${text} ${long.slice(start)}`;
      const { items, passages } = search.find(page);
      assert.deepEqual([...items], [[0, method === "ngrams" ? 40 : 1]]);
      assert.deepEqual(
        passages.map((passage) => page.slice(passage.start, passage.end)),
        [text],
      );
    }
  }
});

test("words are found in the text, wherever the stretches end that are looked at more closely", () => {
  const text = "a ".repeat(5000);
  for (let start = 1010; start < 1040; start++) {
    const spans = [
      { start, end: start + 3 },
      { start: start + 1024, end: start + 2000 },
    ];
    assert.deepEqual(
      unitsOf(text, spans, "parts"),
      spans.map((span) => ({ start: 2 * span.start, end: 2 * span.end - 1 })),
    );
  }
});

test("a paragraph is found by all of its words and no others", () => {
  const [first, second] = [prose(12), prose(12)];
  const search = searchFor([itemOf(`${first}\n${second}`)], { ...OPTIONS, method: "paragraph" });
  assert.deepEqual([...search.find(`x\n${first.toUpperCase()}!\ny`).items], [[0, 12]]);
  assert.deepEqual([...search.find(`${first} x`).items], []);
  assert.deepEqual([...search.find(`${second}\n${first}\n${prose(9)}`).items], [[0, 24]]);
});

test("an item whose first field is short is found with its others, as it is printed, and not by these alone", () => {
  const item: EvalItem = {
    id: "m#1",
    suite: "m",
    fields: [["Mesoderm gives rise to"], ["bones", "nerves", "lungs", "the gut"]],
  };
  const search = searchFor([item, itemOf("one two three", "four")], OPTIONS);
  assert.deepEqual([...search.isSearched], [1, 0]);
  for (const text of [
    "mesoderm gives rise to bones nerves lungs the gut",
    "12. Mesoderm gives rise to\nA. bones\nB. nerves\nC. lungs\nD. the gut",
    '"Mesoderm gives rise to",bones,nerves,lungs,"the gut",A',
  ]) {
    assert.equal(search.find(text).items.size, 1, text);
  }
  for (const text of ["bones nerves lungs the gut", "Mesoderm gives rise to", "One two three four"]) {
    assert.equal(search.find(text).items.size, 0, text);
  }
});

test("what more than 100 items have says nothing of any of them", () => {
  const instruction = prose(20);
  const items = Array.from({ length: 101 }, (_, n) => itemOf(`${instruction} ${n < 100 ? prose(13) : ""}`));
  for (const method of ["ngrams", "near-duplicate"] as const) {
    const search = searchFor(items, { ...OPTIONS, method });
    assert.equal(search.find(`${instruction} ${prose(20)}`).items.size, 0);
    assert.deepEqual([search.isSearched[0], search.isSearched[100]], [1, 0]);
    const [text] = items[3]!.fields[0]!;
    assert.deepEqual([...search.find(text!).items.keys()], [3]);
  }
  // What 100 have is looked for.
  assert.equal(searchFor(items.slice(1), OPTIONS).find(instruction).items.size, 100);
});

test("a cut takes its surroundings, parts no word and no pair, and joins what touches", () => {
  const text = "aaa bbb ccc ddd eee fff ggg";
  const at = (word: string) => ({ start: text.indexOf(word), end: text.indexOf(word) + word.length });
  assert.deepEqual(cutOut(text, [at("ddd")], 0), { text: "aaa bbb ccc\n\neee fff ggg", cuts: 1 });
  assert.deepEqual(cutOut(text, [at("ddd")], 2), { text: "aaa bbb\n\nfff ggg", cuts: 1 });
  assert.deepEqual(cutOut(text, [at("bbb"), at("eee")], 0), { text: "aaa\n\nccc ddd\n\nfff ggg", cuts: 2 });
  assert.deepEqual(cutOut(text, [at("ccc"), at("eee")], 5), { text: "aaa\n\nggg", cuts: 1 });
  assert.deepEqual(cutOut(text, [at("aaa"), at("ggg")], 4), { text: "ccc ddd eee", cuts: 2 });
  assert.deepEqual(cutOut(text, [at("ddd")], 100), { text: "", cuts: 1 });
  assert.deepEqual(cutOut(text, [], 5), { text, cuts: 0 });
  const long = "👍".repeat(100);
  const { text: left } = cutOut(long, [{ start: 90, end: 110 }], 3);
  assert.ok(left.isWellFormed() && left.length < 200, left);
});

test("a masked page has nothing of an item any more, in any script", async () => {
  const japanese = "猫が好きな人は犬も好きですか、それとも鳥だけが好きですか";
  const file = evalFile("scripts.jsonl", [
    { text: prose(30) },
    { text: japanese },
    { text: "𠮷野家で牛丼を食べた人はどこへ行きましたか" },
  ]);
  const run = await prepareRewriter(decontaminate, { evals: [file], action: "mask", maskChars: 10, maxCuts: 100 });
  const items = await readItems(findEvalFiles([file], (path) => path, "x")[0]!, undefined);
  for (let n = 0; n < 60; n++) {
    const [text] = draw(items).fields[0]!;
    const before = draw(["鳥が飛ぶ。".repeat(30), `${prose(40)} `, "", "👍".repeat(30), "x".repeat(500)]);
    const behind = draw(["水を飲む。".repeat(30), ` ${prose(40)}`, "", "👍".repeat(30), "x".repeat(500)]);
    const page = run(`${before}${text}${behind}`);
    assert.equal(page.scores.items, 1, `${before}|${text}|${behind}`);
    assert.ok(page.text.isWellFormed());
    assert.equal(run(page.text).scores.items, 0, page.text);
    // Of text without spaces no more goes than is asked for.
    if (before.startsWith("鳥") && text !== items[0]!.fields[0]![0])
      assert.ok(page.text.startsWith("鳥が飛ぶ。".repeat(20)));
  }
});

test("hostile text is read in linear time, and nothing is found in it", async () => {
  const run = await prepareRewriter(decontaminate, { evals });
  for (const text of [
    "\n".repeat(1e6),
    "x".repeat(5e6),
    "猫".repeat(1e6),
    "\ud800".repeat(1e6),
    "a ".repeat(1e6),
    "\u0301".repeat(1e5),
  ]) {
    assert.equal(run(text).scores.items, 0);
  }
  const { scores } = run(`${QUESTION} `.repeat(20_000));
  assert.deepEqual([scores.items, scores.passages], [1, 1]);
  const near = await prepareRewriter(decontaminate, { evals, method: "near-duplicate", action: "mask" });
  assert.equal(near(`${QUESTION} `.repeat(20_000)).text, "");
});

test("rows of known sets, of tables and of text are items; their names tell the set and the line", async () => {
  mkdirSync(join(dir, "a"), { recursive: true });
  mkdirSync(join(dir, "b"), { recursive: true });
  const cases: [name: string, content: readonly unknown[] | string | Uint8Array, ids: string, fields: unknown][] = [
    ["gsm8k.jsonl", [{ id: "7", question: "q", answer: "a" }], "gsm8k#1", [["q"], ["a"]]],
    [
      "a/test.jsonl",
      [{ subject: "s", question: "q", choices: ["x", "y"], answer: "A" }],
      "a/test#1",
      [["q"], ["x", "y"]],
    ],
    ["b/test.csv", 'q,"x, 1",y,z,w,A\n', "b/test#1", [["q"], ["x, 1", "y", "z", "w"]]],
    [
      "arc.jsonl.gz",
      gzipSync('{"question":{"stem":"q","choices":[{"text":"x","label":"A"}]},"answerKey":"A"}'),
      "arc#1",
      [["q"], ["x"]],
    ],
    ["hub.jsonl", [{ question: "q", choices: { text: ["x", "y"], label: ["A", "B"] } }], "hub#1", [["q"], ["x", "y"]]],
    ["swag.jsonl", [{ ctx: "c", endings: ["x", "y"], label: 0 }], "swag#1", [["c"], ["x", "y"]]],
    ["piqa.jsonl", [{ goal: "g", sol1: "x", sol2: "y" }], "piqa#1", [["g"], ["x"], ["y"]]],
    ["own.jsonl", [{ a: "x", n: 1, b: { c: ["y"] } }], "own#1", [["x"], ["y"]]],
    ["list.json", '{"version": 1, "data": [{"text": "x"}, {"text": "y"}]}', "list#1 list#2", [["x"]]],
    ["lines.json", '{"text": "x"}\n\n{"text": "y"}\n', "lines#1 lines#3", [["x"]]],
    ["header.csv", "id,question,answer\n1,q,a\n", "header#2", [["q"], ["a"]]],
    ["page.txt", "one\ntwo\n \n\nthree", "page#1 page#5", [["one\ntwo"]]],
  ];
  const paths = cases.map(([name, content]) => evalFile(name, content));
  const files = findEvalFiles(paths, (path) => path, "x");
  for (const [n, [name, , ids, fields]] of cases.entries()) {
    const items = await readItems(files[n]!, undefined);
    assert.equal(items.map(({ id }) => id).join(" "), ids, name);
    assert.deepEqual(items[0]!.fields, fields, name);
  }
  const named = await readItems({ path: paths[3]!, suite: "arc" }, ["question.choices.text", "answerKey"]);
  assert.deepEqual(named[0]!.fields, [["x"], ["A"]]);
});

test("sets that cannot be used are refused: with the file, the line, what was found and what is expected", async () => {
  const setup = async (params: object) => prepareRewriter(decontaminate, params);
  const whole = gzipSync("x".repeat(1000));
  const cases: [params: object, message: RegExp][] = [
    [{ evals: ["none.jsonl"] }, /decontaminate\.evals: found no file none\.jsonl/],
    [{ evals: [join(dir, "*.none.jsonl")] }, /decontaminate\.evals\[0\]: no file matches/],
    [{ evals: ["https://example.org/test.jsonl"] }, /found the address .*expected a file here/],
    [{ evals: [evalFile("x.parquet", "PAR1")] }, /x\.parquet: unknown kind of file; expected \.jsonl/],
    [{ evals: [evalFile("empty.jsonl", "")] }, /empty\.jsonl: found no rows/],
    [{ evals: [evalFile("bad.jsonl", '{"text": "x"}\n{"text": \n')] }, /bad\.jsonl:2: found .*expected JSON/],
    [{ evals: [evalFile("bad.csv", 'a,b\n"c,d\n')] }, /bad\.csv:2: not CSV/],
    [
      { evals: [evalFile("cut.jsonl.gz", whole.subarray(0, whole.length - 12))] },
      /cut\.jsonl\.gz @ \d+: .*copy the file again/,
    ],
    [
      { evals: [evalFile("latin1.txt", Buffer.from("a\n\ncaf\xe9 au lait\nb", "latin1"))] },
      /latin1\.txt: 1 sequences of bytes are not UTF-8, the first in line 3/,
    ],
    [{ evals: [evalFile("numbers.jsonl", [{ a: 1 }, { a: 2 }])] }, /numbers\.jsonl:1: found no text in 2 rows/],
    [
      { evals: [evalFile("short.jsonl", [{ text: "too short" }])] },
      /none of the 1 items .* can be found; expected items of 8 words/,
    ],
    [
      { evals, fields: ["query"] },
      /apples\.jsonl:1: found the fields question, answer, expected text in one of the fields query/,
    ],
    [
      { evals: [evalFile("cells.csv", "a,b\nc,d\n")], fields: ["query"] },
      /cells\.csv:1: found the columns a, b, expected one of query/,
    ],
  ];
  for (const [params, message] of cases) await assert.rejects(setup(params), message);
});
