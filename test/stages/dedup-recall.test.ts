/**
 * Near-duplicate detection against 1,390 web pages whose pairs with a Jaccard similarity of 0.3 or more are all known,
 * computed by brute force over sets of 5-grams of `\w+` words.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { settingsOf } from "../../stages/dedup/configurations.ts";
import { duplicateProbability } from "../../stages/dedup/curve.ts";
import { datatroveShingles } from "../../stages/dedup/datatrove/signature.ts";
import { jaccard, readEvidence } from "../../stages/dedup/jaccard.ts";
import { KEY_WORDS_PER_BAND } from "../../stages/dedup/minhash.ts";
import minhashDedup from "../../stages/dedup/minhash-dedup.ts";
import { shinglesOf } from "../../stages/dedup/shingles.ts";
import { judgeSignatures, openSigner, setJaccard } from "../contracts/dedup.ts";
import { needsShared, sharedPath } from "../shared.ts";

const DOCS = "data/dedup/jaccard-docs.jsonl.gz";
const PAIRS = "data/dedup/jaccard-pairs.jsonl.gz";
const available = needsShared(DOCS, PAIRS);

interface Pair {
  readonly a: string;
  readonly b: string;
  /** Rounded to four digits. */
  readonly jaccard: number;
}
const ROUNDING = 0.00005001;

function readRows<T>(path: string): T[] {
  const lines = gunzipSync(readFileSync(sharedPath(path)))
    .toString("utf8")
    .trimEnd()
    .split("\n");
  return lines.map((line) => JSON.parse(line) as T);
}

const texts = new Map(available.skip ? [] : readRows<{ id: string; text: string }>(DOCS).map((d) => [d.id, d.text]));
const pairs = available.skip ? [] : readRows<Pair>(PAIRS);
const ids = [...texts.keys()];

test("the definition of shingles gives the known similarity of all 959 pairs", available, () => {
  const sets = new Map(ids.map((id) => [id, new Set(shinglesOf(texts.get(id)!, 5))]));
  for (const pair of pairs) {
    const similarity = setJaccard(sets.get(pair.a)!, sets.get(pair.b)!);
    assert.ok(Math.abs(similarity - pair.jaccard) < ROUNDING, `${pair.a} ${pair.b}: ${similarity}`);
  }
  assert.equal(pairs.length, 959);
});

test("so do the hashes kept as evidence; and no other two of the pages reach 0.3", available, async () => {
  const sign = await openSigner(minhashDedup, minhashDedup());
  const evidence = ids.map((id) => readEvidence(sign(texts.get(id)!)!.evidence!));
  const known = new Map(pairs.map((pair) => [`${pair.a} ${pair.b}`, pair.jaccard]));
  // All 965,000 pairs would take seconds: each page against every 30th of the others, and the known ones.
  for (let i = 0; i < ids.length; i++) {
    for (let j = i + 1; j < ids.length; j++) {
      const expected = known.get(`${ids[i]} ${ids[j]}`) ?? known.get(`${ids[j]} ${ids[i]}`);
      if (expected === undefined && (i + j) % 30 !== 0) continue;
      const similarity = jaccard(evidence[i]!, evidence[j]!);
      const agrees = expected === undefined ? similarity < 0.3 : Math.abs(similarity - expected) < ROUNDING;
      if (!agrees) assert.fail(`${ids[i]} ${ids[j]}: ${similarity}, known as ${expected}`);
    }
  }
});

const BINS = 10;

/** A configuration, with so many draws of hash functions. */
interface Case {
  readonly title: string;
  readonly params: NonNullable<Parameters<typeof minhashDedup>[0]>;
  readonly seeds: number;
  /** What stands for a page, where it is not what evidence is made of. */
  readonly setOf?: (text: string) => ReadonlySet<string>;
}

const CASES: readonly Case[] = [
  { title: "fineweb", params: {}, seeds: 8 },
  { title: "duplodocus", params: { config: "duplodocus" }, seeds: 4 },
  { title: "dclm", params: { config: "dclm" }, seeds: 2 },
  { title: "refinedweb", params: { config: "refinedweb" }, seeds: 1 },
  { title: "nemo", params: { config: "nemo" }, seeds: 2 },
  { title: "marin", params: { config: "marin" }, seeds: 2 },
  {
    title: "datatrove's signatures",
    params: { parity: "datatrove", hash: "xxhash" },
    seeds: 1,
    setOf: (text) => new Set(datatroveShingles(text, 5)),
  },
];

const indexOf = new Map(ids.map((id, page) => [id, page]));

for (const { title, params, seeds, setOf } of CASES) {
  const { bands, rows } = settingsOf(minhashDedup(params).params);
  const theory = `1 − (1 − s^${rows})^${bands}`;

  test(
    `${title}: pairs become candidates as often as ${theory} says, in every bin of similarity`,
    available,
    async (t) => {
      const verified = await openSigner(minhashDedup, minhashDedup(params));
      const sets = setOf && ids.map((id) => setOf(texts.get(id)!));
      const evidence = sets ? [] : ids.map((id) => readEvidence(verified(texts.get(id)!)!.evidence!));
      const alike = pairs.map(({ a, b }) => {
        const [i, j] = [indexOf.get(a)!, indexOf.get(b)!];
        return { i, j, similarity: sets ? setJaccard(sets[i]!, sets[j]!) : jaccard(evidence[i]!, evidence[j]!) };
      });
      const bins = Map.groupBy(alike, ({ similarity }) => Math.min(BINS - 1, Math.floor(similarity * BINS)));
      const found = new Map<number, number>();
      for (let seed = 1; seed <= seeds; seed++) {
        const sign = await openSigner(minhashDedup, minhashDedup({ ...params, seed, verify: false }));
        const keys = ids.map((id) => sign(texts.get(id)!)!.keys);
        for (const [bin, members] of bins) {
          const hits = members.filter(({ i, j }) => shareABand(keys[i]!, keys[j]!)).length;
          found.set(bin, (found.get(bin) ?? 0) + hits);
        }
      }
      for (const [bin, members] of [...bins].sort(([a], [b]) => a - b)) {
        const chances = members.map(({ similarity }) => duplicateProbability(similarity, bands, rows));
        const expected = chances.reduce((sum, p) => sum + p, 0) / members.length;
        const recall = found.get(bin)! / (members.length * seeds);
        t.diagnostic(
          `${(bin / BINS).toFixed(1)}: ${members.length} pairs, found ${recall.toFixed(3)}, ${expected.toFixed(3)} expected`,
        );
        // Pairs within one site share pages, so count each bin's pairs as a quarter as many independent ones.
        const spread = Math.sqrt((expected * (1 - expected)) / ((members.length * seeds) / 4));
        assert.ok(Math.abs(recall - expected) <= 3 * spread + 0.005, `bin ${bin}: ${recall}, ${expected} expected`);
      }
    },
  );
}

function shareABand(a: Uint32Array, b: Uint32Array): boolean {
  for (let at = 0; at < a.length; at += KEY_WORDS_PER_BAND) {
    if (a[at] === b[at] && a[at + 1] === b[at + 1]) return true;
  }
  return false;
}

/** For each page, the others that share 0.3 of its word shingles or more. */
const likeOf = Map.groupBy(
  pairs.flatMap(({ a, b, jaccard }) => [
    { page: indexOf.get(a)!, other: indexOf.get(b)!, jaccard },
    { page: indexOf.get(b)!, other: indexOf.get(a)!, jaccard },
  ]),
  ({ page }) => page,
);

const JUDGED = ["fineweb", "duplodocus", "dclm", "datatrove's signatures"];

for (const { title, params, seeds } of CASES.filter(({ title }) => JUDGED.includes(title))) {
  const { bands, rows } = settingsOf(minhashDedup(params).params);

  test(`${title}: no page is dropped wrongly, and those above 0.8 are found as predicted`, available, async (t) => {
    for (let seed = 1; seed <= Math.min(seeds, 3); seed++) {
      const spec = minhashDedup({ ...params, seed });
      const sign = await openSigner(minhashDedup, spec);
      const signatures = ids.map((id) => sign(texts.get(id)!));
      const verdicts = judgeSignatures(minhashDedup, spec, signatures);
      let dropped = 0;
      let missed = 0;
      let missedExpected = 0;
      for (const [page, verdict] of verdicts.entries()) {
        const alike = (likeOf.get(page) ?? []).filter(
          ({ other, jaccard }) => other < page && verdicts[other] === undefined && jaccard >= 0.8,
        );
        if (alike.length > 0) {
          missedExpected += alike.reduce((p, { jaccard }) => p * (1 - duplicateProbability(jaccard, bands, rows)), 1);
        }
        if (verdict === undefined) missed += Number(alike.length > 0);
        else {
          dropped++;
          assert.equal(verdicts[verdict.twin], undefined, "the twin stays");
          const known = likeOf.get(page)?.find(({ other }) => other === verdict.twin)?.jaccard ?? 0;
          assert.ok(verdict.similarity >= 0.8 && Math.abs(verdict.similarity - known) < ROUNDING, "a false positive");
        }
      }
      t.diagnostic(`seed ${seed}: ${dropped} dropped, ${missed} missed, ${missedExpected.toFixed(2)} expected to be`);
      assert.ok(dropped > 100);
      assert.ok(missed <= missedExpected + 3 * Math.sqrt(missedExpected) + 1, `${missed} missed`);
    }
  });
}
