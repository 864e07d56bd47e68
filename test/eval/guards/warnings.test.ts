import assert from "node:assert/strict";
import { test } from "node:test";
import type { Overlap } from "../../../eval/guards/overlap.ts";
import { type ArmEvidence, confinedWins, type Evidence, guardWarnings } from "../../../eval/guards/warnings.ts";
import type { PairComparison, Verdict } from "../../../eval/statistics/comparison.ts";

const ARM = { seeds: 3, tokenizerDigest: "t", tokens: 1e6, bytes: 4e6, flops: 1e15, epochs: 1 };
const DOMAINS = ["books", "news", "wiki"];

function overlap(arm: string, domain: string, fields: Partial<Overlap> = {}): Overlap {
  const none = { share: 0, resemblance: 0.02, contaminatedItems: 0, contaminatedIds: [], items: 100, unjudgedItems: 0 };
  return { arm, domain, ...none, ...fields };
}

function evidence(
  fields: Partial<Evidence> & { readonly a?: Partial<ArmEvidence>; b?: Partial<ArmEvidence> } = {},
): Evidence {
  const { a, b, ...rest } = fields;
  return {
    budget: "tokens",
    arms: [
      { name: "a", ...ARM, ...a },
      { name: "b", ...ARM, ...b },
    ],
    domains: DOMAINS,
    overlaps: ["a", "b"].flatMap((arm) => DOMAINS.map((domain) => overlap(arm, domain))),
    pairs: [],
    noise: [],
    ...rest,
  };
}

function told(fields: Parameters<typeof evidence>[0]): string[] {
  return guardWarnings(evidence(fields)).map(({ kind, message }) => `${kind}: ${message}`);
}

/** `a` against `b`, with the same half-width on every domain. */
function pair(verdict: Verdict, differences: readonly number[], halfWidth = 0.01): PairComparison {
  const byDomain = differences.map((estimate, n) => ({
    domain: DOMAINS[n]!,
    estimate,
    low: estimate - halfWidth,
    high: estimate + halfWidth,
  }));
  return { arm: "a", against: "b", verdict, byDomain } as Partial<PairComparison> as PairComparison;
}

test("equal conditions are no reason to warn", () => {
  assert.deepEqual(told({}), []);
  // A step more than the budget, and up to 4 epochs, are ordinary.
  assert.deepEqual(told({ b: { tokens: 1.009e6, bytes: 4.1e6, flops: 1.04e15, epochs: 1.4 } }), []);
  assert.deepEqual(told({ a: { epochs: 3.9 }, b: { epochs: 3.5 } }), []);
  // Neither arm repeats anything.
  assert.deepEqual(told({ a: { epochs: 0.1 }, b: { epochs: 0.9 } }), []);
});

test("a single seed has no verdict", () => {
  assert.deepEqual(told({ a: { seeds: 1 }, b: { seeds: 1 } }), [
    "single-seed: a and b: a single seed, from 2 there is a verdict: name more seeds",
  ]);
});

test("tokenizers differ", () => {
  assert.deepEqual(told({ b: { tokenizerDigest: "u" } }), [
    "tokenizer: b: another tokenizer than a's: part of the difference is the tokenizer's; curate all arms with one",
  ]);
});

test("budgets differ: 1 % in the unit they are stated in, 5 % in the others", () => {
  assert.deepEqual(told({ b: { tokens: 1.02e6 } }), [
    "budget: b was trained on 2 % more tokens than a (limit 1 %): train them for the same",
  ]);
  assert.deepEqual(told({ b: { bytes: 4.4e6 } }), [
    "budget: b was trained on 10 % more bytes of text than a (limit 5 %): see whether the verdict holds at equal bytes of text",
  ]);
  assert.deepEqual(told({ budget: "flops", a: { flops: 1.02e15, tokens: 1.02e6 } }), [
    "budget: a was trained on 2 % more FLOPs than b (limit 1 %): train them for the same",
  ]);
  assert.equal(told({ a: { tokens: 0 } }).length, 1);
});

test("more than 4 epochs, and one arm repeating much more than the other", () => {
  assert.deepEqual(told({ a: { epochs: 6.25 }, b: { epochs: 5 } }), [
    "epochs: a went 6.3 times through its data (limit 4): repeated text teaches less; give it more pages, or all arms a smaller budget",
    "epochs: b went 5.0 times through its data (limit 4): repeated text teaches less; give it more pages, or all arms a smaller budget",
  ]);
  assert.deepEqual(told({ a: { epochs: 2 } }), [
    "epochs: a went 2.0 times through its data, b 1.0 times (limit 1.5 times as often): the difference may be one of repetition; give a more pages, or all arms a smaller budget",
  ]);
});

test("a suite needs three domains, one of them foreign to all arms", () => {
  assert.match(told({ domains: ["books", "news"] })[0]!, /^suite: 2 held-out domains \(at least 3\)/);
  const seen = DOMAINS.map((domain, n) => overlap(n === 0 ? "b" : "a", domain, { share: 0.01 }));
  assert.match(told({ overlaps: seen })[0]!, /^suite: no held-out domain is foreign to all arms \(less than 1 % /);
});

test("items that an arm was trained on are told for each domain, of all arms together", () => {
  const overlaps = [
    overlap("a", "books", { contaminatedItems: 2, contaminatedIds: ["1", "2"] }),
    overlap("b", "books", { contaminatedItems: 1, contaminatedIds: ["3"] }),
    overlap("a", "news"),
    overlap("b", "news"),
  ];
  assert.deepEqual(told({ overlaps }), [
    "contamination: 3 of 100 items of books have a run of 13 words that an arm was trained on (a 2, b 1; limit 0): scores leave them out for all arms; take their pages out of training to have them back",
  ]);
});

test("a winner that wins only where its text is nearer to the domain is better only on its own source", () => {
  const overlaps = evidence().overlaps.map((one) =>
    one.arm === "a" && one.domain === "news" ? { ...one, resemblance: 0.2 } : one,
  );
  const confined = [{ arm: "a", against: "b", domains: ["news"] }];
  // It wins on news; on the others it loses, or may have won by chance.
  assert.deepEqual(confinedWins([pair("better", [0.02, -0.2, -0.005])], overlaps), confined);
  assert.match(
    told({ overlaps, pairs: [pair("better", [0, -0.2, 0])] })[0]!,
    /^resemblance: a against b: better only on its own source: it wins on news,/,
  );
  // It wins elsewhere, too.
  assert.deepEqual(confinedWins([pair("better", [-0.02, -0.2, 0])], overlaps), []);
  // Not resolved, or the other arm's win.
  assert.deepEqual(confinedWins([pair("not resolved at this scale", [0, -0.2, 0])], overlaps), []);
  assert.deepEqual(confinedWins([pair("worse", [0.2, 0, 0])], overlaps), []);
  // Twice as much training text resembles everything more: that is nobody's own source.
  const larger = evidence().overlaps.map((one) => (one.arm === "a" ? { ...one, resemblance: 0.04 } : one));
  assert.deepEqual(confinedWins([pair("better", [0, -0.2, 0])], larger), []);
});

test("the pair's second arm is judged as the first is", () => {
  const overlaps = evidence().overlaps.map((one) =>
    one.arm === "b" && one.domain === "wiki" ? { ...one, resemblance: 0.2 } : one,
  );
  assert.deepEqual(confinedWins([pair("worse", [0, 0, 0.3])], overlaps), [
    { arm: "b", against: "a", domains: ["wiki"] },
  ]);
});

test("an A/A run that went wrong is told", () => {
  const scores = [2.9025, 2.7184, 2.753, 2.759, 2.7527, 2.7326];
  const noise = scores.map((score, n) => ({ seed: 1_000_000 + n, score }));
  const [first, ...others] = told({ noise });
  assert.match(first!, /^instability: A\/A seed 1000000 came to 2\.90\d, half of the runs to within 0\.013 of 2\.753/);
  assert.deepEqual(others, []);
  assert.deepEqual(told({ noise: noise.slice(1) }), [], "without it nothing stands out");
  assert.deepEqual(told({ noise: noise.slice(0, 4) }), [], "four runs are too few to tell");
});
