import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../pipeline/random.ts";
import ngramDedup from "../../stages/dedup/ngram-dedup.ts";
import { BloomFilter, bloomShape, falsePositiveRateOf } from "../../stages/dedup/passages/bloom-filter.ts";
import { NgramOverlap, type OverlapParams, REMOVALS } from "../../stages/dedup/passages/ngram-overlap.ts";
import { overlapPlainly } from "../../stages/dedup/passages/ngram-overlap-plainly.ts";
import { TokenRuns } from "../../stages/dedup/passages/token-runs.ts";
import { cutUnisegTokens } from "../../stages/filters/dclm/words-uniseg.ts";
import { HOSTILE_TEXTS } from "../contracts/dedup.ts";
import { cutPages, lookTwice, pageOf, passagesContract, randomPages } from "../contracts/passages.ts";

const small = { expectedNgrams: 100_000 };

/** So many words that come nowhere else. */
let next = 0;
const fresh = (count: number) => Array.from({ length: count }, () => `w${next++}`).join(" ");

const L12 = fresh(12);
const L13 = fresh(13);
const L20 = fresh(20);
const OTHER = fresh(40);
const ANOTHER = fresh(40);

passagesContract(
  "ngram-dedup",
  ngramDedup,
  ngramDedup(small),
  [
    [`${L13}\n${L20}\n${L12}`, `${L13}\n${L20}\n${L12}`, []],
    // A line that was met goes with the "\n" before it; 1 of 1 + 28 runs is not enough for the page.
    [`${OTHER}\n${L13}\nshort`, `${OTHER}\nshort`, [undefined]],
    // The first line has no "\n" before it.
    [`${L13}\n${ANOTHER}`, `\n${ANOTHER}`, [undefined]],
    // A line of 12 words has no run: it stays however often it comes.
    [`${L12}\n${L12}`, `${L12}\n${L12}`, []],
    // 8 + 1 of 9 runs were met: the page goes, the short line with it.
    [`${L20}\n${L13}\n${L12}`, "", [undefined]],
  ],
  { grows: false },
);

const cutsOf = (pages: readonly string[], params: object = {}) =>
  cutPages(ngramDedup, ngramDedup({ ...small, ...params }), pages);

test("more than the threshold must have been met: 8 of 10 runs are not more than 0.8, 9 are", () => {
  const known = fresh(20); // 8 runs
  const [, two] = cutsOf([known, `${known} ${fresh(2)}\n${fresh(40)}`]);
  assert.deepEqual(two, [], "8 of 10");
  const page = `${known} ${fresh(1)}\n${fresh(40)}`;
  const [, one] = cutsOf([known, page]);
  assert.deepEqual(one, [{ start: 0, end: page.indexOf("\n") }], "8 of 9");
});

test("a page goes by all its lines' runs, and what stays of its lines is remembered all the same", () => {
  const known = fresh(112); // 100 runs
  const line = fresh(32); // 20 runs
  const page = `${known}\n${line}`;
  const [, whole, again] = cutsOf([known, page, `${line}\n${fresh(60)}`]);
  assert.deepEqual(whole, [{ start: 0, end: page.length }], "100 of 120");
  assert.deepEqual(again, [{ start: 0, end: line.length }]);
  assert.deepEqual(cutsOf([known, page], { remove: "lines" })[1], [{ start: 0, end: known.length }]);
});

test("runs of a line that goes are not remembered", () => {
  const known = fresh(60); // 48 runs
  const added = fresh(10); // 10 more, of which 58 are known to 48: more than 0.8
  const first = `${known} ${added}\n${fresh(100)}`;
  const second = `${known.split(" ").slice(-12).join(" ")} ${added}\n${fresh(100)}`;
  const [, gone, kept] = cutsOf([known, first, second]);
  assert.equal(gone!.length, 1);
  assert.deepEqual(kept, []);
});

test("a line is compared with the page's earlier ones, and not with itself", () => {
  const line = fresh(20);
  const page = `${line}\n${fresh(30)}\n${line}\n`;
  assert.deepEqual(cutsOf([page])[0], [{ start: page.lastIndexOf("\n", page.length - 2), end: page.length - 1 }]);
  assert.deepEqual(cutsOf([`${"again ".repeat(500)}`])[0], []);
});

test("runs end with the line, except where pages are compared whole", () => {
  const lines = [fresh(7), fresh(7), fresh(7)];
  const page = lines.join("\n");
  assert.deepEqual(cutsOf([page, page]), [[], []]);
  assert.deepEqual(cutsOf([page, page.replaceAll("\n", "\r\n \n")], { remove: "pages" })[1], [
    { start: 0, end: page.length + 6 },
  ]);
});

test("tokens are those of UAX #29's default rules that are not white space", () => {
  const cases: readonly (readonly [text: string, tokens: readonly string[]])[] = [
    ["Hello, world!  (e.g. 3.14)", ["Hello", ",", "world", "!", "(", "e.g", ".", "3.14", ")"]],
    ["a:b can't...", ["a:b", "can't", ".", ".", "."]],
    ["日本 カタカナ ไทย", ["日", "本", "カタカナ", "ไ", "ท", "ย"]],
    ["🇩🇪🇫🇷🇮 👩\u200d👩", ["🇩🇪", "🇫🇷", "🇮", "👩\u200d👩"]],
    ["1\u202f000 \u202f x\x1cy", ["1\u202f000", "x", "\x1c", "y"]],
    ["a\u00a0b\u3000c\u200bd\ufeff", ["a", "b", "c", "\u200b", "d\ufeff"]],
    ["\ud800x", ["\ud800", "x"]],
    ["  ", []],
  ];
  for (const [text, tokens] of cases) assert.deepEqual([...cutUnisegTokens(text)], tokens, JSON.stringify(text));
});

test("tokens are ICU's segments, where ICU looks into no dictionary and knows no better", () => {
  const segmenter = new Intl.Segmenter("en", { granularity: "word" });
  const pieces = [..."ab1_.,;'\"-!é²𝒳שЖ🇩🇫👍", "\u0301", "\u200d", "👩", "\u00ad", " ", "\n", "\u3000", "\u202f"];
  const seed = 11;
  const random = seededRandom(seed);
  for (let round = 0; round < 3000; round++) {
    let text = "";
    for (let n = 1 + random() * 12; n > 0; n--) text += pieces[Math.floor(random() * pieces.length)]!;
    // A mark behind white space is told with it by ICU, and without it here.
    text = text.replace(/(?<=\s)(?:\u0301|\u200d|\u00ad)+/g, "");
    const segments = [...segmenter.segment(text)].map(({ segment }) => segment);
    const expected = segments.filter((segment) => /\P{White_Space}/u.test(segment));
    assert.deepEqual([...cutUnisegTokens(text)], expected, `seed ${seed}, round ${round}: ${JSON.stringify(text)}`);
  }
});

test("the filter cuts what sets of strings cut, on random pages", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = seededRandom(seed);
    const draw = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const params = { ngram: draw([1, 2, 5, 13]), threshold: draw([0, 0.5, 0.8, 1]), remove: draw(REMOVALS) };
    const pages = [...randomPages(seed, 50), ...HOSTILE_TEXTS, ...randomPages(seed, 20)];
    // So few false positives that none is met.
    const cuts = cutsOf(pages, { ...params, falsePositiveRate: 1e-9 });
    const place = `seed ${seed}, ${JSON.stringify(params)}`;
    assert.deepEqual(cuts, overlapPlainly(pages.map(pageOf), params), place);
  }
});

test("hashes of runs, rolled along, are those of the runs alone", () => {
  const text = `${randomPages(5, 1)[0]} one two three, four five!`;
  const tokens = cutUnisegTokens(text);
  const rolled = new TokenRuns(3, 1);
  rolled.read(tokens, 2, tokens.length);
  assert.equal(rolled.count, tokens.length - 2 - 2);
  const alone = new TokenRuns(3, 1);
  const hashes = new Set<string>();
  for (let i = 0; i < rolled.count; i++) {
    alone.read(tokens, i + 2, i + 5);
    assert.deepEqual([alone.count, alone.a[0], alone.b[0]], [1, rolled.a[i], rolled.b[i]]);
    hashes.add(`${alone.a[0]} ${alone.b[0]}`);
  }
  const runs = Array.from({ length: rolled.count }, (_, i) => [2, 3, 4].map((k) => tokens.at(i + k)).join("\0"));
  assert.equal(hashes.size, new Set(runs).size);
  alone.read(tokens, 0, 2);
  assert.equal(alone.count, 0);
});

test("the filter has the size and the probes of BFF's formulas", () => {
  // m = −n ln p / (ln 2)² = 9.585 bits and k = 6.64 probes an entry; rounding k up to 7 takes 9.592.
  const shape = bloomShape(1_000_000, 0.01);
  assert.equal(shape.probes, 7);
  assert.ok(Math.abs(shape.bytes - 1_198_000) < 2000, `${shape.bytes}`);
  assert.ok(falsePositiveRateOf(shape, 1_000_000) <= 0.01);
  assert.ok(falsePositiveRateOf({ ...shape, bytes: shape.bytes - 400 }, 1_000_000) > 0.0099);
  assert.ok(Math.abs(falsePositiveRateOf(shape, 2_000_000) - 0.157) < 0.001, "twice as many as expected");
  const { bytes, probes } = bloomShape(1_000_000_000, 0.01);
  assert.deepEqual([probes, Math.round(bytes / 1e7)], [7, 120]);
});

test("what was added is found, and of strangers the share that was asked for", () => {
  for (const [rate, entries] of [
    [0.01, 100_000],
    [0.1, 50_000],
    [0.001, 100_000],
  ] as const) {
    const filter = new BloomFilter(bloomShape(entries, rate));
    const random = seededRandom(3);
    const draw = () => Math.floor(random() * 2 ** 32);
    const added = Array.from({ length: entries }, () => [draw(), draw()] as const);
    for (const [a, b] of added) filter.add(a, b);
    assert.ok(added.every(([a, b]) => filter.has(a, b)));
    const asked = 200_000;
    let found = 0;
    for (let n = 0; n < asked; n++) if (filter.has(draw(), draw())) found++;
    // Five standard deviations.
    const tolerance = 5 * Math.sqrt((rate * (1 - rate)) / asked);
    assert.ok(Math.abs(found / asked - rate) < tolerance + 0.01 * rate, `${found / asked} for ${rate}`);
  }
});

test("entries that share a half are told apart", () => {
  const filter = new BloomFilter(bloomShape(10_000, 0.001));
  for (let b = 0; b < 1000; b++) filter.add(0xdead_beef, Math.imul(b, 0x9e3779b1) >>> 0);
  let found = 0;
  for (let b = 1000; b < 3000; b++) if (filter.has(0x1234_5678, Math.imul(b, 0x9e3779b1) >>> 0)) found++;
  assert.ok(found < 5, `${found}`);
});

test("false positives cut lines of one run, as the doc comment says", () => {
  const params: OverlapParams = { ngram: 13, threshold: 0.8, remove: "lines", seed: 1 };
  const entries = 20_000;
  const index = new NgramOverlap(params, new BloomFilter(bloomShape(entries, 0.01)));
  // As many lines of one run as were expected.
  const line = (n: number) => Array.from({ length: 13 }, (_, i) => `x${n}`.repeat(1 + (i % 2))).join(" ");
  lookTwice(
    index,
    Array.from({ length: entries }, (_, n) => pageOf(line(n))),
  );
  const later = Array.from({ length: 5000 }, (_, n) => pageOf(line(entries + n)));
  const lost = lookTwice(index, later).filter((cuts) => cuts.length > 0).length;
  assert.ok(lost > 25 && lost < 110, `${lost} of 5,000`);
});

test("another seed draws other false positives, the same seed the same", () => {
  const pages = Array.from({ length: 3000 }, (_, n) => `${fresh(12)} ${n}`);
  const lost = (seed: number) =>
    cutsOf(pages, { seed, expectedNgrams: 1000 }).flatMap((cuts, page) => (cuts.length > 0 ? [page] : []));
  assert.deepEqual(lost(1), lost(1));
  assert.ok(lost(1).length > 0);
  assert.notDeepEqual(lost(1), lost(2));
});

test("a filter that memory does not hold is refused with its size", () => {
  assert.throws(() => new BloomFilter({ bytes: 2 ** 52, probes: 7 }), /a Bloom filter of 4503599.6 GB does not fit/);
});
