import assert from "node:assert/strict";
import { readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { exactDedup, minhashDedup, registry, run } from "../../index.ts";
import { compareTexts } from "../../pipeline/cli/why/compare-texts.ts";
import { sideBySide } from "../../pipeline/cli/why/side-by-side.ts";
import { whyCommand } from "../../pipeline/cli/why.ts";
import { RecipeError } from "../../pipeline/errors.ts";
import type { Manifest } from "../../pipeline/manifest.ts";
import type { Recipe } from "../../pipeline/recipe.ts";
import { whatIf } from "../../pipeline/what-if.ts";
import { type PageStory, tellWhy } from "../../pipeline/why.ts";
import { prose, tempDir } from "./harness.ts";

const fixture = (name: string) => join(import.meta.dirname, "..", "fixtures", `${name}.ts`);

type TestPage = { readonly url: string; readonly text: string };

function linesOf(pages: readonly TestPage[]): string {
  return pages.map((page) => `${JSON.stringify(page)}\n`).join("");
}

function runHere(
  dir: string,
  out: string,
  stages: Recipe["stages"],
  files: string[],
  more: object = {},
): Promise<Manifest> {
  const source = { use: "jsonl", with: { files } };
  const sink = { use: "jsonl", with: { dir: out } };
  return run({ source, stages, sink, ...more }, { baseDir: dir, cache: false, supervise: false, workers: 1 });
}

async function storyOf(run: string, url: string): Promise<PageStory> {
  const { stories } = await tellWhy(run, url, { registry });
  assert.equal(stories.length, 1);
  return stories[0]!;
}

/** What the command prints. */
async function why(t: TestContext, ...args: string[]): Promise<string> {
  const log = t.mock.method(console, "log", () => {});
  await whyCommand().parseAsync(args, { from: "user" });
  log.mock.restore();
  return log.mock.calls.map(({ arguments: [line] }) => String(line)).join("\n");
}

const cutDigits = { use: fixture("cut-digits"), with: { maxShare: 1 } };
const textOf = (seed: number): string => prose(seed, 240);
const near = (seed: number): string => textOf(seed).split(" ").with(124, "changed").join(" ");
/** Runs of five words, in lower case. */
const shinglesOf = (text: string): string[] => {
  const all = text.toLowerCase().match(/\w+/g)!;
  return all.slice(4).map((_, n) => all.slice(n, n + 5).join(" "));
};
const without = (text: string): string => text.replace(/\d/g, "");

test("a duplicate and its twin are shown as they were compared, wherever their records begin", async () => {
  const dir = tempDir();
  const first = [
    { url: "https://a/0", text: textOf(1) },
    { url: "https://a/1", text: "too short" },
    { url: "https://a/2", text: `${textOf(2)} SPLIT ${textOf(3)}` },
  ];
  const second = [
    { url: "https://b/0", text: near(1) },
    { url: "https://b/1", text: near(2) },
  ];
  writeFileSync(join(dir, "1.jsonl"), linesOf(first));
  writeFileSync(join(dir, "2.jsonl.gz"), gzipSync(linesOf(second)));
  const out = join(dir, "out");
  const stages = [{ use: fixture("split-marked") }, cutDigits, minhashDedup({ minJaccard: 0.7 })];
  await runHere(dir, "out", stages, ["1.jsonl", "2.jsonl.gz"]);
  const zero = await storyOf(out, "https://b/0");
  assert.equal(zero.twin?.url, "https://a/0");
  // A word changed in the middle: five shingles are others on each side.
  const shingles = new Set(shinglesOf(without(textOf(1)))).size;
  const told = `${shingles - 5} shingles in common, of ${shingles} of the page and ${shingles} of its twin`;
  assert.deepEqual(zero.compared, { page: without(near(1)), twin: without(textOf(1)), told, notes: [] });
  // Its twin is a part of a page.
  const one = await storyOf(out, "https://b/1");
  assert.equal(one.twin?.url, "https://a/2");
  assert.deepEqual(
    [one.compared?.page, one.compared?.twin?.trim(), one.compared?.notes],
    [without(near(2)), without(textOf(2)), []],
  );
  // A file that was only touched is the same.
  utimesSync(join(dir, "1.jsonl"), new Date(), new Date());
  assert.deepEqual((await storyOf(out, "https://b/0")).compared, zero.compared);
});

test("a page that was split behind the deduplication is shown as a whole", async () => {
  const dir = tempDir();
  const text = `${textOf(1)} SPLIT ${textOf(2)}`;
  const pages = [
    { url: "https://a/0", text },
    { url: "https://a/1", text },
  ];
  writeFileSync(join(dir, "1.jsonl"), linesOf(pages));
  await runHere(dir, "out", [exactDedup(), { use: fixture("split-marked") }], ["1.jsonl"]);
  const { stories } = await tellWhy(join(dir, "out"), "https://a/1", { registry });
  assert.equal(stories.length, 2);
  for (const { compared } of stories) assert.deepEqual(compared, { page: text, twin: text, notes: [] });
});

test("what passages lost before is cut out again", async () => {
  const dir = tempDir();
  const inOneLine = (text: string) => text.replaceAll("\n", " ");
  const menu = "Home | About | Contact us | Imprint of this site";
  const pages = [
    { url: "https://a/0", text: `${menu}\n${inOneLine(textOf(1))}` },
    { url: "https://b/0", text: `${menu}\n${inOneLine(near(1))}\n${menu}` },
  ];
  writeFileSync(join(dir, "1.jsonl"), linesOf(pages));
  const out = join(dir, "out");
  const manifest = await runHere(dir, "out", [{ use: "line-dedup" }, minhashDedup({ minJaccard: 0.7 })], ["1.jsonl"]);
  assert.equal(manifest.counts.dropped, 1);
  const { compared, page } = await storyOf(out, "https://b/0");
  assert.deepEqual(compared?.notes, []);
  assert.ok(!compared!.page!.includes("Imprint"));
  assert.equal(Buffer.byteLength(compared!.page!), Number(page.textBytes));
  await assert.rejects(
    whatIf(out, new Map([["minhash-dedup.minJaccard", 0.2]]), { registry }),
    (error) =>
      error instanceof RecipeError && /line-dedup decides by the texts of all pages, so what-if/.test(error.message),
  );
});

test("what was cut from a page is shown, and where it stays", async (t) => {
  const dir = tempDir();
  const menu = Array.from({ length: 7 }, (_, n) => `Menu entry number ${n} of this site: ${"very ".repeat(40)}long`);
  const own = [prose(11).replaceAll("\n", " "), prose(12).replaceAll("\n", " ")];
  const text = `${menu[0]}\n${own[1]}\n${menu.slice(1).join("\n")}\n${own[1]}\n`;
  const pages = [
    { url: "https://a/0", text: `${own[0]}\n${menu.join("\n")}\n` },
    { url: "https://b/0", text },
    { url: "https://b/1", text: `${menu.join("\n")}\n` },
  ];
  writeFileSync(join(dir, "1.jsonl"), linesOf(pages));
  const out = join(dir, "out");
  await runHere(dir, "out", [{ use: "line-dedup" }], ["1.jsonl"]);
  const [page, twin] = await Promise.all(["https://b/0", "https://a/0"].map((url) => storyOf(out, url)));
  assert.equal(twin!.cuts, undefined);
  const [cut, ...others] = page!.cuts!;
  assert.deepEqual([cut!.stage, others.length, cut!.note], ["line-dedup", 0, undefined]);
  assert.deepEqual(
    cut!.passages.map((passage) => [passage.text!.trim(), passage.twinUrl]),
    [...menu.map((line) => [line, "https://a/0"]), [own[1], "https://b/0"]],
  );
  const units = cut!.passages.reduce((sum, { text }) => sum + text!.length, 0);
  assert.equal(cut!.share, units / text.length);
  assert.deepEqual(JSON.parse(await why(t, out, "https://b/0", "--json")).cuts, page!.cuts);

  const told = await why(t, out, "https://b/0", "--width", "60");
  const share = ((100 * units) / text.length).toFixed(1);
  assert.match(
    told,
    new RegExp(`passed line-dedup: .*\n    it cut 8 passages, ${share} % of the text:\n {6}Menu entry number 0 `),
  );
  assert.equal(told.match(/^ {6}Menu .*…$/gm)!.length, 5);
  assert.equal(told.match(/^ {8}first in https:\/\/a\/0 \(id [0-9a-f]{32}\)$/gm)!.length, 5);
  assert.match(told, /\n {6}… 3 more; --json has them all\n {2}kept:/);
  for (const line of told.split("\n").filter((line) => line.includes("Menu"))) assert.ok(line.length <= 60, line);
  assert.match(
    await why(t, out, "https://b/1"),
    /dropped by line-dedup: .*\n {4}it cut 7 passages, 100\.0 % of the text:\n/,
  );

  rmSync(join(dir, "1.jsonl"));
  const gone = await why(t, out, "https://b/0");
  assert.match(gone, /what they were cannot be shown: the text cannot be read again: .*1\.jsonl: no such file/);
  assert.match(gone, new RegExp(`\n {6}characters 0 to ${menu[0]!.length + 1}\n {8}first in https://a/0 `));
});

test("cuts of a part of a page that was split are shown; a passage may have stood first in the same page", async (t) => {
  const dir = tempDir();
  const line = "A line that stands in the page several times";
  const paragraph =
    "A paragraph that comes again, as it is, in the same page, and long enough to be compared with others. ";
  const second = [paragraph, "x ".repeat(200), `${line}\nmore\n${line}`, paragraph].join("\n\n");
  writeFileSync(join(dir, "1.jsonl"), linesOf([{ url: "https://a/0", text: `First part. SPLIT${second}` }]));
  const stages = [{ use: fixture("split-marked") }, { use: "paragraph-dedup" }, { use: "line-dedup", as: "lines" }];
  await runHere(dir, "out", stages, ["1.jsonl"]);
  const { stories } = await tellWhy(join(dir, "out"), "https://a/0", { registry });
  const cuts = stories.map(({ cuts = [] }) => cuts.map(({ passages }) => passages.map(({ text }) => text?.trim())));
  assert.deepEqual(cuts, [[], [[paragraph.trim()], [line]]]);
  const told = await why(t, join(dir, "out"), stories[1]!.page.id);
  assert.match(told, /passed lines: .*\n {4}it cut 1 passage, \d+\.\d % of the text:\n.*\n {8}first in this page\n/);
});

test("stages that are called the same cannot be told apart", async () => {
  const dir = tempDir();
  const text = `A line that stands in both of the pages\n${prose(3)}`;
  writeFileSync(
    join(dir, "1.jsonl"),
    linesOf([
      { url: "https://a/0", text },
      { url: "https://a/1", text },
    ]),
  );
  await runHere(dir, "out", [{ use: "line-dedup" }, { use: "line-dedup", with: { minChars: 1 } }], ["1.jsonl"]);
  const [cut] = (await storyOf(join(dir, "out"), "https://a/1")).cuts!;
  assert.match(cut!.note!, /several stages are called line-dedup: "as" in the recipe tells them apart/);
});

test("a twin of an earlier run is read from that run's inputs; where an input is gone, it is said", async (t) => {
  const dir = tempDir();
  writeFileSync(join(dir, "1.jsonl"), linesOf([{ url: "https://a/0", text: textOf(1) }]));
  writeFileSync(
    join(dir, "2.jsonl"),
    linesOf([
      { url: "https://b/0", text: near(1) },
      { url: "https://b/1", text: textOf(5) },
    ]),
  );
  const out = join(dir, "two");
  await runHere(dir, "one", [cutDigits, minhashDedup({ saveIndex: true })], ["1.jsonl"]);
  const options = { minJaccard: 0.7, against: ["one"] };
  await runHere(dir, "two", [cutDigits, exactDedup(), minhashDedup(options)], ["2.jsonl"], {
    dropped: "all",
  });
  const story = await storyOf(out, "https://b/0");
  assert.deepEqual([story.twin?.run, story.twin?.url], ["one", "https://a/0"]);
  const { page, twin, notes } = story.compared!;
  assert.deepEqual([page, twin, notes], [without(near(1)), without(textOf(1)), []]);
  await assert.rejects(
    whatIf(out, new Map([["minhash-dedup.minJaccard", 0.8]]), { registry }),
    /minhash-dedup compares with the pages of earlier runs, so what-if cannot replay it; run again/,
  );

  const told = await why(t, out, "https://b/0", "--width", "80");
  assert.match(
    told,
    /its twin, which was kept by the earlier run one: https:\/\/a\/0 \(id [0-9a-f]{32}\), similarity 0\.\d+/,
  );
  assert.match(told, /\d+ shingles in common, of \d+ of the page and \d+ of its twin\n/);
  assert.match(told, /this page, which was dropped +its twin, which was kept\n─+\n/);
  assert.match(told, /\[-changed-\].* \| /);
  assert.match(told, /… \d+ equal lines …/);
  const json = JSON.parse(await why(t, out, "https://b/0", "--json"));
  assert.equal(json.compared.page, without(near(1)));
  assert.deepEqual(
    json.compared.differences[0].page.segments.filter(({ differs }: { differs: boolean }) => differs),
    [{ text: "changed", differs: true }],
  );

  // Other bytes at the same place are another page.
  writeFileSync(join(dir, "1.jsonl"), linesOf([{ url: "https://a/0", text: textOf(9) }]));
  assert.match(
    (await storyOf(out, "https://b/0")).compared!.notes.join(),
    /its twin's text cannot be read again: 1\.jsonl has no such page at byte 0 any more/,
  );
  rmSync(join(dir, "2.jsonl"));
  rmSync(join(dir, "one"), { recursive: true });
  const gone = await storyOf(out, "https://b/0");
  assert.equal(gone.text, without(near(1)));
  assert.deepEqual(Object.keys(gone.compared!), ["notes"]);
  assert.match(gone.compared!.notes[0]!, /its text cannot be read again: .*2\.jsonl: no such file/);
  assert.match(gone.compared!.notes[1]!, /its twin's text cannot be read again: .*one: no manifest\.json/);
  assert.match(await why(t, out, "https://b/0"), /its text began:/);
});

test("lines stand beside the lines that they are like, and words that differ are told", () => {
  const page = "Title\nThe brown fox runs.\nsame\nonly here";
  const twin = "Title\nA new line\nThe red fox runs.\nsame";
  assert.deepEqual(
    compareTexts(page, twin).map(({ kind, page = [], twin = [] }) => [
      kind,
      page.map(({ text, differs }) => (differs ? `<${text}>` : text)).join(""),
      twin.map(({ text, differs }) => (differs ? `<${text}>` : text)).join(""),
    ]),
    [
      ["equal", "Title", "Title"],
      ["twin", "", "<A new line>"],
      ["changed", "The <brown> fox runs.", "The <red> fox runs."],
      ["equal", "same", "same"],
      ["page", "<only here>", ""],
    ],
  );
  assert.deepEqual(compareTexts("a b c d", "a x y d")[0]?.twin, [
    { text: "a ", differs: false },
    { text: "x y", differs: true },
    { text: " d", differs: false },
  ]);
  const [chinese] = compareTexts("日本語の文章", "日本語の文字");
  assert.deepEqual(chinese?.page, [
    { text: "日本語の文", differs: false },
    { text: "章", differs: true },
  ]);
  assert.deepEqual(compareTexts("", ""), [
    { kind: "equal", page: [{ text: "", differs: false }], twin: [{ text: "", differs: false }] },
  ]);
});

test("a line that is broken in the other text stands beside all its parts", () => {
  const shown = (page: string, twin: string) =>
    compareTexts(page, twin).map(({ kind, page = [], twin = [] }) => [
      kind,
      ...[page, twin].map((cell) => cell.map(({ text, differs }) => (differs ? `<${text}>` : text)).join("")),
    ]);
  const [one, two, three] = ["It was a bright cold day in spring", "and the clocks struck thirteen.", "He went in."];
  assert.deepEqual(shown(`Title\n\n${one} ${two} ${three}\n\nend`, `Title\n\n${one}\n${two}\n\n${three}\n\nend`), [
    ["equal", "Title", "Title"],
    ["equal", "", ""],
    ["changed", `${one}< >${two}< >${three}`, `${one}<\n>${two}<\n\n>${three}`],
    ["equal", "", ""],
    ["equal", "end", "end"],
  ]);
  assert.deepEqual(shown(`${one}\n${two}`, `${one} ${two}`), [["changed", `${one}<\n>${two}`, `${one}< >${two}`]]);
  assert.deepEqual(
    sideBySide(compareTexts("a b c d\ne f g h", "a b c d e f g h"), {
      columns: 40,
      color: false,
      titles: ["p", "t"],
    }).slice(2),
    ["a b c d[-¶ -]e f g | a b c d{+ +}e f g", "h                  | h"],
  );
});

test("columns fit the terminal, whatever the script, and what a terminal would act on is shown", () => {
  const page = `${"日本語".repeat(30)}\n\u001b[31mred\u0007\n${"x".repeat(300)}`;
  const twin = `${"日本語".repeat(29)}\nother\n${"x".repeat(200)}`;
  for (const columns of [40, 80, 121]) {
    const lines = sideBySide(compareTexts(page, twin), { columns, color: false, titles: ["page", "twin"] });
    for (const line of lines) {
      const wide = [...line].reduce((sum, char) => sum + (/[\u3040-\u9fff]/.test(char) ? 2 : 1), 0);
      assert.ok(wide <= columns, `${wide} of ${columns}: ${line}`);
    }
    assert.match(lines.join("\n"), /<1b>\[31mred<07/);
  }
});

test("texts that have nothing in common take bounded time and room", () => {
  const many = (what: string, count: number, join: string) =>
    Array.from({ length: count }, (_, n) => `${what}${n}`).join(join);
  for (const [page, twin] of [
    ["\n".repeat(200_000), `${"\n".repeat(200_000)}x`],
    ["x".repeat(5_000_000), "y".repeat(5_000_000)],
    [many("a", 20_000, "\n"), many("b", 20_000, "\n")],
    [many("a", 20_000, " "), many("b", 20_000, " ")],
    ["\ud800 a\udc00", "\udc00"],
  ] as const) {
    const lines = sideBySide(compareTexts(page, twin), { columns: 100, color: false, titles: ["page", "twin"] });
    assert.ok(lines.length < 400);
  }
});

test("what-if refuses a run that decided when it had seen all pages", async () => {
  const dir = tempDir();
  writeFileSync(join(dir, "1.jsonl"), linesOf([{ url: "", text: prose(1) }]));
  await runHere(dir, "out", [minhashDedup({ keep: "longest" })], ["1.jsonl"]);
  await assert.rejects(
    whatIf(join(dir, "out"), new Map([["minhash-dedup.minJaccard", 0.7]]), { registry }),
    (error) =>
      error instanceof RecipeError &&
      /with `keep: longest` decides when it has seen all pages, so what-if/.test(error.message),
  );
});

test("a run of before sources were recorded says so", async () => {
  const dir = tempDir();
  writeFileSync(
    join(dir, "1.jsonl"),
    linesOf([
      { url: "https://a/0", text: prose(1) },
      { url: "https://a/1", text: prose(1) },
    ]),
  );
  await runHere(dir, "out", [exactDedup()], ["1.jsonl"]);
  const path = join(dir, "out", "manifest.json");
  const manifest = JSON.parse(readFileSync(path, "utf8"));
  delete manifest.measured.source;
  writeFileSync(path, JSON.stringify(manifest));
  const { compared } = await storyOf(join(dir, "out"), "https://a/1");
  assert.match(compared!.notes[0]!, /by a version that did not record how its pages can be read again/);
});
