import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { seededRandom } from "../../pipeline/random.ts";
import { settingsOf } from "../../stages/dedup/configurations.ts";
import minhashDedup from "../../stages/dedup/minhash-dedup.ts";
import { MAX_CANDIDATES, MAX_PAGES_PER_KEY, MinhashIndex } from "../../stages/dedup/minhash-index.ts";
import { shinglesOf } from "../../stages/dedup/shingles.ts";
import { dedupContract, judgePages, judgeSignatures, openSigner, setJaccard } from "../contracts/dedup.ts";
import { needsShared, sharedPath } from "../shared.ts";

const SEED = 77;

/** A page of `count` words that occur nowhere else, so that similarities can be set by hand. */
const words = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${i}`).join(" ");

const ARTICLE = words("a", 400);
const OTHER = words("b", 400);

dedupContract("minhash-dedup", minhashDedup, minhashDedup(), [
  [ARTICLE, null],
  [OTHER, null],
  [`${ARTICLE} share this page`, [0, "near-duplicate"]],
  [ARTICLE.toUpperCase().replaceAll(" ", ", "), [0, "near-duplicate"]],
  [`${words("a", 200)} ${words("c", 200)}`, null], // a third of the shingles in common
  ["four words, no more", null],
  ["four words, no more", null],
  ["just these five words here", null],
  ["Just THESE five words: here!", [7, "near-duplicate"]],
  ["", null],
]);

dedupContract("minhash-dedup, unverified", minhashDedup, minhashDedup({ verify: false, seed: 5 }), [
  [ARTICLE, null],
  [`${ARTICLE} share this page`, [0, "near-duplicate-unverified"]],
  [OTHER, null],
  [ARTICLE, [0, "near-duplicate-unverified"]],
]);

dedupContract("minhash-dedup of other shape", minhashDedup, minhashDedup({ bands: 50, rows: 10, ngram: 2 }), [
  ["two words", null],
  ["one", null],
  ["Two words.", [0, "near-duplicate"]],
]);

test("parameters out of range are refused by name", () => {
  assert.throws(() => minhashDedup({ minJaccard: 80 }), /minhash-dedup\.minJaccard: .*80/);
  assert.throws(() => minhashDedup({ bands: 0 }), /minhash-dedup\.bands/);
  assert.throws(() => minhashDedup({ threshold: 0.8 } as object), /unknown parameter "threshold"/);
});

test("the most similar kept page is named, and the first of equally similar ones", async () => {
  const page = words("a", 400).split(" ");
  const without = (n: number) => page.slice(n).join(" ");
  // The first two are 0.78 alike and both stay; the third resembles the second more.
  const verdicts = await judgePages(minhashDedup, minhashDedup({ bands: 64, rows: 4 }), [
    page.slice(0, 350).join(" "),
    without(50),
    without(45),
    page.slice(3, 353).join(" "),
    page.join(" "),
  ]);
  assert.deepEqual(
    verdicts.map((j) => j?.twin),
    [undefined, undefined, 1, 0, 0],
  );
});

test("a page is dropped only for a page that stays: a chain of small steps is not swallowed whole", async () => {
  // Each page shifts by 20 of 400 words: neighbours are 0.90 alike, third neighbours 0.74.
  const long = words("s", 1400).split(" ");
  const chain = Array.from({ length: 50 }, (_, i) => long.slice(i * 20, i * 20 + 400).join(" "));
  const verdicts = await judgePages(minhashDedup, minhashDedup({ bands: 64, rows: 4 }), chain);
  const kept = chain.filter((_, i) => verdicts[i] === undefined);
  assert.ok(kept.length >= 15 && kept.length <= 26, `${kept.length} stay`);
  for (const [page, verdict] of verdicts.entries()) {
    if (verdict === undefined) continue;
    assert.equal(verdicts[verdict.twin], undefined);
    assert.ok(page - verdict.twin <= 2 && verdict.similarity >= 0.8);
  }
});

dedupContract(
  "minhash-dedup by containment",
  minhashDedup,
  minhashDedup({ bands: 64, rows: 2, measure: "containment" }),
  [
    [ARTICLE, null],
    [words("a", 200), [0, "near-duplicate"]], // half of the shingles in common, and all of its own
    [`${ARTICLE} ${words("c", 300)}`, [0, "near-duplicate"]], // all of the smaller one's
    [`${words("a", 200)} ${words("d", 200)}`, null],
    [OTHER, null],
    ["four words, no more", null],
  ],
);

test("by containment, the page that holds most of the smaller one is named, and of equals the first", async () => {
  const page = words("a", 400).split(" ");
  const texts = [
    page.slice(0, 300).join(" "), // shingles 0 to 295
    page.slice(150).join(" "), // 150 to 395: 146 of 246 are in the first
    page.slice(130, 330).join(" "), // 130 to 325: 166 of 196 in the first, 176 in the second
    page.slice(160, 250).join(" "), // all in either; the second, being smaller, shares more bands
  ];
  const spec = minhashDedup({ bands: 256, rows: 1, measure: "containment", minContainment: 0.6 });
  const verdicts = await judgePages(minhashDedup, spec, texts);
  assert.deepEqual(
    verdicts.map((j) => j && [j.twin, j.similarity]),
    [undefined, undefined, [1, 176 / 196], [0, 1]],
  );
  const jaccard = await judgePages(minhashDedup, minhashDedup({ bands: 256, rows: 1, minJaccard: 0.5 }), texts);
  assert.deepEqual(
    jaccard.map((j) => j && [j.twin, j.similarity]),
    [undefined, undefined, [1, 176 / 266], undefined],
  );
});

test(`for groups of like pages, which groups are left does not depend on the order (seed ${SEED})`, async () => {
  const random = seededRandom(SEED);
  const pages = Array.from({ length: 40 }, (_, group) =>
    Array.from({ length: 1 + (group % 4) }, (_, copy) => ({ group, text: `${words(`g${group}x`, 300)} copy ${copy}` })),
  ).flat();
  const groupsKept = async (order: typeof pages) => {
    const verdicts = await judgePages(
      minhashDedup,
      minhashDedup(),
      order.map(({ text }) => text),
    );
    for (const [i, verdict] of verdicts.entries()) {
      if (verdict !== undefined) assert.equal(order[i]!.group, order[verdict.twin]!.group);
    }
    return order
      .filter((_, i) => verdicts[i] === undefined)
      .map(({ group }) => group)
      .sort((a, b) => a - b);
  };
  const inOrder = await groupsKept(pages);
  assert.deepEqual(inOrder, [...Array(40).keys()]);
  for (let i = 0; i < 5; i++) {
    const shuffled = pages
      .map((page) => ({ page, at: random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ page }) => page);
    assert.deepEqual(await groupsKept(shuffled), inOrder);
  }
});

test(`the similarity told is the exact Jaccard of the shingle sets (seed ${SEED})`, async () => {
  const random = seededRandom(SEED);
  const base = words("w", 300).split(" ");
  const texts = Array.from({ length: 60 }, () => base.map((w) => (random() < 0.015 ? `${w}x` : w)).join(" "));
  const verdicts = await judgePages(minhashDedup, minhashDedup({ minJaccard: 0.6 }), texts);
  const sets = texts.map((text) => new Set(shinglesOf(text, 5)));
  let dropped = 0;
  for (const [page, verdict] of verdicts.entries()) {
    if (verdict === undefined) continue;
    assert.equal(verdict.similarity, setJaccard(sets[page]!, sets[verdict.twin]!));
    dropped++;
  }
  assert.ok(dropped > 30, `${dropped} dropped`);
});

const CS336 = "data/dedup/cs336-a4";

function textsIn(folder: string): { readonly names: readonly string[]; readonly texts: readonly string[] } {
  const path = sharedPath(CS336, folder);
  const names = readdirSync(path).sort();
  return { names, texts: names.map((name) => readFileSync(`${path}/${name}`, "utf8")) };
}

test("CS336 assignment 4: ten bands of ten keep four of five documents", needsShared(CS336), async () => {
  const { texts } = textsIn("documents_with_line_duplicates");
  const verdicts = await judgePages(minhashDedup, minhashDedup({ bands: 10, rows: 10 }), texts);
  assert.deepEqual(
    verdicts.map((j) => j?.twin),
    [undefined, 0, undefined, undefined, undefined],
  );
});

test(
  "CS336 assignment 4: fifty bands of ten find two MIT licences alike, and no other",
  needsShared(CS336),
  async () => {
    const { names, texts } = textsIn("documents_with_fuzzy_duplicates");
    assert.deepEqual(names, ["pytorch_license.txt", "rails_mit_license.txt", "react_mit_license.txt"]);
    const verdicts = await judgePages(minhashDedup, minhashDedup({ bands: 50, rows: 10 }), texts);
    assert.deepEqual(
      verdicts.map((j) => j?.twin),
      [undefined, undefined, 1],
    );
  },
);

// Hostile input: the time of twice the pages must be about twice the time. Counts say so more reliably than a clock.

test("50,000 equal pages: one comparison each, one page held", async () => {
  const sign = await openSigner(minhashDedup, minhashDedup());
  const signature = sign(ARTICLE);
  const { index, verdicts } = judgeAll(Array(50_000).fill(signature));
  assert.equal(verdicts.filter((j) => j?.twin === 0 && j.similarity === 1).length, 49_999);
  assert.deepEqual(index.counts, { comparisons: 49_999, candidatesSkipped: 0, entriesSkipped: 0 });
});

test("50,000 pages that share boilerplate, but are no copies: comparisons a page stay bounded", async () => {
  // 70 words of menu and 30 of their own: 66 of 126 shingles shared, a Jaccard of 0.52, 7 % become candidates a pair.
  const sign = await openSigner(minhashDedup, minhashDedup());
  const menu = words("menu", 70);
  const signatures = Array.from({ length: 50_000 }, (_, i) => sign(`${menu} ${words(`p${i}x`, 30)}`));
  const { index, verdicts } = judgeAll(signatures);
  assert.equal(
    verdicts.findIndex((j) => j !== undefined),
    -1,
    "all stay",
  );
  const { comparisons, candidatesSkipped, entriesSkipped } = index.counts;
  assert.ok(comparisons <= 50_000 * MAX_CANDIDATES && comparisons > 50_000, `${comparisons} comparisons`);
  assert.ok(entriesSkipped > 0 && candidatesSkipped >= 0);
  const some = signatures.slice(0, 5000);
  assert.deepEqual(
    judgeAll(some).index.counts,
    judgeAll(some).index.counts,
    "what the limits leave out is the same every time",
  );
});

const VERIFIED = { verify: true, measure: "jaccard", minContainment: 1 } as const;
const evidenceOf = (...hashes: number[]) => new Uint8Array(Uint32Array.from(hashes).buffer);
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

test("a key remembers its first pages, and of many candidates those sharing most bands are compared", () => {
  const index = new MinhashIndex({ bands: 3, rows: 1, minJaccard: 0.5, ...VERIFIED });
  // Each band's key 7 has 40 pages; page 10 has it in two bands. All other keys are unique.
  for (let page = 0; page < 120; page++) {
    const band = Math.floor(page / 40);
    const keys = Uint32Array.from({ length: 6 }, (_, i) => 1000 + 6 * page + i);
    keys.set([7, 7], 2 * band);
    if (page === 10) keys.set([7, 7], 2);
    index.add(keys);
  }
  const compared: number[] = [];
  const found = index.find(Uint32Array.of(7, 7, 7, 7, 7, 7), (page) => {
    if (page !== undefined) compared.push(page);
    return page === undefined ? evidenceOf(1, 2, 3) : evidenceOf(page + 10);
  });
  assert.equal(found, undefined);
  assert.equal(MAX_PAGES_PER_KEY, 32);
  const sharingOne = [...range(0, 10), ...range(11, 32), ...range(40, 71), ...range(80, 112)];
  assert.deepEqual(compared, [10, ...sharingOne].slice(0, MAX_CANDIDATES));
  const candidatesSkipped = 1 + sharingOne.length - MAX_CANDIDATES;
  assert.deepEqual(index.counts, { comparisons: MAX_CANDIDATES, candidatesSkipped, entriesSkipped: 8 + 9 + 8 });
});

test("of equally similar pages the lowest number wins, whichever shares more bands", () => {
  for (const moreLike of [0, 1]) {
    const index = new MinhashIndex({ bands: 2, rows: 1, minJaccard: 0.5, ...VERIFIED });
    for (const page of [0, 1])
      index.add(page === moreLike ? Uint32Array.of(7, 7, 7, 7) : Uint32Array.of(7, 7, 8, page));
    const evidence = [evidenceOf(1, 2, 3, 5), evidenceOf(1, 2, 4, 5)];
    const found = index.find(Uint32Array.of(7, 7, 7, 7), (page) =>
      page === undefined ? evidenceOf(1, 2, 5) : evidence[page]!,
    );
    assert.deepEqual(found, { twin: 0, reason: "near-duplicate", similarity: 0.75 });
  }
});

test("five megabytes of one word, with and without spaces, are signed in linear time", async () => {
  const sign = await openSigner(minhashDedup, minhashDedup());
  assert.equal(sign("a".repeat(5_000_000)), null);
  const started = process.cpuUsage();
  const repeated = sign("a ".repeat(2_500_000));
  assert.equal(repeated?.evidence?.length, 4, "one distinct shingle");
  assert.ok(process.cpuUsage(started).user < 5e6, "microseconds");
  const [, verdict] = await judgePages(minhashDedup, minhashDedup(), ["a a a a a", "a ".repeat(100_000)]);
  assert.equal(verdict?.similarity, 1);
});

function judgeAll(signatures: Parameters<typeof judgeSignatures>[2]) {
  const { params } = minhashDedup();
  const index = new MinhashIndex({ ...params, ...settingsOf(params) });
  return { index, verdicts: judgeSignatures(minhashDedup, minhashDedup(), signatures, index) };
}
