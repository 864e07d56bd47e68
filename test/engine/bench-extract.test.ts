/** `sluice bench extract`: pages found by their place, figures of engines side by side, and times. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { type Engine, engineNames, htmlEngines } from "../../pipeline/cli/bench-extract/engines.ts";
import { READABILITY_OVER_LINKEDOM, referenceContenders } from "../../pipeline/cli/bench-extract/references.ts";
import { scoreEngines } from "../../pipeline/cli/bench-extract/score.ts";
import { showRuns, showSet, showSpeed } from "../../pipeline/cli/bench-extract/show.ts";
import { asContender, htmlPages, measureSpeed } from "../../pipeline/cli/bench-extract/speed.ts";
import { Captures, readTruth } from "../../pipeline/cli/bench-extract/truth.ts";
import { benchExtract } from "../../pipeline/cli/bench-extract.ts";
import type { RawPage } from "../../pipeline/document.ts";
import { FormatError, RecipeError } from "../../pipeline/errors.ts";
import { drop } from "../../pipeline/verdict.ts";
import { html, http, members, record } from "../stages/warc-reading.ts";
import { tempDir } from "./harness.ts";

const DIR = tempDir();
const CRAWL = join(DIR, "crawl");
mkdirSync(CRAWL);

const TEXTS = Array.from({ length: 12 }, (_, n) => `page ${n} is about gold and gravel number ${n * n} in the river`);
const CAPTURES = members([
  record("warcinfo", "software: none"),
  ...TEXTS.map((text, n) => record("response", http(html(text)), { url: `http://${n}.test/` })),
  record("response", http("no markup", ["Content-Type: text/plain"])),
]);
writeFileSync(join(CRAWL, "small.warc.gz"), Buffer.concat(CAPTURES));
const OFFSETS = CAPTURES.map((_, i) => CAPTURES.slice(0, i).reduce((sum, { length }) => sum + length, 0)).slice(1);

let folders = 0;
function truth(files: Readonly<Record<string, readonly object[]>>): string {
  const dir = join(DIR, `truth-${folders++}`);
  mkdirSync(dir);
  for (const [name, rows] of Object.entries(files)) {
    const text = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
    writeFileSync(join(dir, name), name.endsWith(".gz") ? gzipSync(text) : text);
  }
  return dir;
}
const place = (n: number) => ({ id: `p${n}`, warc: "small.warc.gz", offset: OFFSETS[n]! });

/** What stands between the paragraph's tags. */
const paragraph = ({ body }: RawPage): string => /<p>(.*?)<\/p>/s.exec(Buffer.from(body).toString())![1]!;
const right: Engine = { name: "right", extract: (page) => ({ text: paragraph(page) }) };
/** Gives every second page nothing, by one of two ways. */
const half: Engine = {
  name: "half",
  extract: (page) => {
    const n = Number(/page (\d+)/.exec(paragraph(page))![1]);
    if (n % 4 === 1) throw new Error("odd");
    return n % 4 === 3 ? drop("html-too-odd", n) : { text: paragraph(page) };
  },
};

const TRUTH = truth({
  "articles.gt.jsonl.gz": TEXTS.map((articleBody, n) => ({ ...place(n), articleBody })),
  "contents.gt.jsonl": TEXTS.map((text, n) => ({
    ...place(n),
    pageType: n % 2 === 0 ? "article" : "forum",
    main_content: text,
  })),
  "pieces.gt.jsonl": TEXTS.map((_, n) => ({ ...place(n), with: [`page  ${n} is`], without: ["river"] })),
  "forms.gt.jsonl": [{ ...place(0), forms: ["s"] }],
  "notes.txt": [],
});

test("each set is scored by what its rows hold, engine beside engine, page by page", async () => {
  const { sets, runs } = await scoreEngines(readTruth(TRUTH), [half, right], new Captures(CRAWL));
  assert.deepEqual(
    sets.map(({ set, groups }) => [set, groups.map(({ pageType, pages }) => [pageType, pages])]),
    [
      ["articles", [[undefined, 12]]],
      [
        "contents",
        [
          [undefined, 12],
          ["article", 6],
          ["forum", 6],
        ],
      ],
      ["pieces", [[undefined, 12]]],
    ],
  );
  const value = (set: number, group: number, engine: number) => {
    const scores = sets[set]!.groups[group]!.engines[engine]!.scores;
    return Object.fromEntries(Object.entries(scores).map(([name, { value: found }]) => [name, found]));
  };
  assert.deepEqual(value(0, 0, 0), { f1: 2 / 3, precision: 1, recall: 1 / 2, accuracy: 1 / 2 });
  assert.deepEqual(value(0, 0, 1), { f1: 1, precision: 1, recall: 1, accuracy: 1 });
  assert.equal(value(1, 0, 0).f1, 1 / 2);
  assert.equal(value(1, 1, 0).f1, 1);
  assert.equal(value(1, 2, 0).f1, 0);
  assert.deepEqual(value(2, 0, 1), { f1: 2 / 3, precision: 1 / 2, recall: 1, accuracy: 1 / 2 });

  const [all, articles, forums] = sets[1]!.groups;
  assert.deepEqual(
    all!.engines.map(({ engine, empty }) => [engine, empty]),
    [
      ["half", 6],
      ["right", 0],
    ],
  );
  const { engine, than, scores } = all!.differences[0]!;
  assert.deepEqual([engine, than, scores.f1!.value], ["right", "half", 1 / 2]);
  assert.ok(scores.f1!.low > 0 && scores.f1!.low < 1 / 2 && scores.f1!.high > 1 / 2 && scores.f1!.high < 1);
  // The same pages are drawn for both: what differs by nothing, or by one, on every page has no spread.
  assert.deepEqual(articles!.differences[0]!.scores.f1, { value: 0, low: 0, high: 0 });
  assert.deepEqual(forums!.differences[0]!.scores.f1, { value: 1, low: 1, high: 1 });

  assert.deepEqual(
    runs.map(({ engine: name, pages, reasons }) => [name, pages, reasons]),
    [
      ["half", 36, { threw: 9, "html-too-odd": 9 }],
      ["right", 36, {}],
    ],
  );
  const shown = sets.map(showSet).join("\n");
  assert.match(shown, /^contents: 12 pages, by words$/m);
  assert.match(shown, /^ {2}right − half +\+0\.500 \[\+0\.\d{3}, \+0\.\d{3}\]/m);
  assert.match(shown, /^ {2}forum \(6\) +0\.000 \[0\.000, 0\.000\] +1\.000 \[1\.000, 1\.000\] +\+1\.000/m);
  assert.match(showRuns(runs), /^ {2}half +36 .* (?:threw 9, html-too-odd 9|html-too-odd 9, threw 9)$/m);
});

test("a page that is not where its row says, and rows that are none, are told with their place", async () => {
  const score = async (dir: string) => scoreEngines(readTruth(dir), [right], new Captures(CRAWL));
  const wrong = { ...place(3), offset: OFFSETS[3]! + 1, articleBody: "" };
  await assert.rejects(score(truth({ "a.gt.jsonl": [wrong] })), {
    name: "FormatError",
    message: /^p3: small\.warc\.gz has no page that begins at byte \d+$/,
  });
  await assert.rejects(
    score(truth({ "a.gt.jsonl": [{ ...place(0), warc: "b.warc.gz", articleBody: "" }] })),
    RecipeError,
  );
  await assert.rejects(score(truth({ "a.gt.jsonl": [{ ...place(0), articleBody: "" }, { id: 1 }] })), (error) => {
    assert.ok(error instanceof FormatError);
    assert.match(error.message, /a\.gt\.jsonl, line 2: expected \{"id", "warc", "offset", …\}, found \{"id":1\}$/);
    return true;
  });
  await assert.rejects(
    score(truth({ "forms.gt.jsonl": [place(0)] })),
    /no file NAME\.gt\.jsonl\.gz whose rows have one of/,
  );
  await assert.rejects(score(join(DIR, "absent")), /absent: expected a folder/);
});

test("engines are those of the stage, and another name is refused with theirs", async () => {
  assert.ok(engineNames().includes("readability"));
  assert.deepEqual(
    (await htmlEngines()).map(({ name }) => name),
    engineNames(),
  );
  await assert.rejects(htmlEngines(["best"]), /--engine: unknown engine "best" \(extract-html has: .*readability/);
  await assert.rejects(benchExtract().parseAsync([], { from: "user" }), /expected either archives .* or --truth/);
});

test("pages are spread over the archives, and every contender's time is told over that of the reference", async () => {
  const file = join(CRAWL, "small.warc.gz");
  const urls = async (most: number) => (await htmlPages([file], most)).map(({ url }) => Number(url.match(/\d+/)![0]));
  assert.deepEqual(await urls(4), [0, 3, 6, 9]);
  assert.deepEqual(await urls(5), [0, 3, 5, 8, 10]);
  assert.deepEqual(await urls(100), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);

  const pages = await htmlPages([file], 8);
  const references = await referenceContenders();
  const contenders = [asContender(half), ...(await htmlEngines()).map(asContender), ...references];
  const rounds: number[] = [];
  const speed = await measureSpeed(pages, contenders, 3, (round) => rounds.push(round));
  assert.deepEqual(rounds, [1, 2, 3]);
  assert.equal(
    speed.bytes,
    pages.reduce((sum, { body }) => sum + body.length, 0),
  );
  assert.deepEqual(
    speed.contenders.map(({ name, failures }) => [name, failures]),
    contenders.map(({ name }) => [name, name === "half" ? 2 : 0]),
  );
  const reference = speed.contenders.find(({ name }) => name === READABILITY_OVER_LINKEDOM)!;
  assert.deepEqual(reference.ratio, { median: 1, low: 1, high: 1 });
  assert.match(showSpeed(speed), /^8 pages, 0\.0 MB, 3 rounds/);
});
