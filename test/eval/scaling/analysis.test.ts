import assert from "node:assert/strict";
import { test } from "node:test";
import { type AnalysisOptions, analyse, type MeasuredRun } from "../../../eval/scaling/analysis.ts";
import type { Law } from "../../../eval/scaling/law.ts";
import { CHINCHILLA, runsOf } from "./synthetic.ts";

const OPTIONS: AnalysisOptions = { path: "runs.csv", draws: 50, seed: 1, dropLowest: 0, dataConstrained: false };

test("each arm has its law, and every two are told where they cross", () => {
  const looser = { ...CHINCHILLA, B: CHINCHILLA.B * 2e9 ** 0.02, beta: CHINCHILLA.beta + 0.02 };
  const { arms, pairs, warnings } = analyse([...measured(CHINCHILLA, "a"), ...measured(looser, "b")], OPTIONS);
  assert.deepEqual(
    arms.map(({ arm, laws }) => [arm, laws.length, laws[0]!.law.beta.toFixed(4)]),
    [
      ["a", 1, "0.3672"],
      ["b", 1, "0.3872"],
    ],
  );
  assert.equal(pairs.length, 1);
  assert.equal(pairs[0]!.params, 1e9);
  const [crossing] = pairs[0]!.crossings;
  assert.deepEqual([crossing!.below, crossing!.tokens.toPrecision(3)], ["a", "2.00e+9"]);
  assert.deepEqual(warnings, []);
});

test("runs of fewest tokens a parameter are left out where that is asked for, and named", () => {
  const { arms } = analyse(measured(CHINCHILLA), { ...OPTIONS, dropLowest: 5 });
  assert.equal(arms[0]!.runs.length, 35);
  // The first of every eight runs has half a token a parameter.
  assert.deepEqual(arms[0]!.leftOut, ["runs.csv:2", "runs.csv:10", "runs.csv:18", "runs.csv:26", "runs.csv:34"]);
});

test("with both counts of parameters there are two laws, and large embeddings are warned of", () => {
  const runs = measured(CHINCHILLA).map((run) => ({ ...run, paramsNoEmbed: run.params - 5e6 }));
  const { arms, warnings } = analyse(runs, OPTIONS);
  const [all, without] = arms[0]!.laws;
  assert.deepEqual([all!.parameters, without!.parameters], ["all", "without embeddings"]);
  assert.ok(without!.law.alpha < all!.law.alpha);
  assert.match(
    warnings.find(({ kind }) => kind === "embedding-share")!.message,
    /embeddings are 1 to 50 % of the models/,
  );
});

test("repeated tokens are warned of, and counted as what they are worth where that is asked for", () => {
  const uniqueTokens = 1e9;
  // Losses by the law of effective tokens; the table tells the tokens that were trained on.
  const worth = runsOf(CHINCHILLA, { uniqueTokens });
  const runs = measured(CHINCHILLA).map((run, i) => ({ ...run, uniqueTokens, loss: worth[i]!.loss }));
  const plain = analyse(runs, OPTIONS);
  assert.match(plain.warnings.find(({ kind }) => kind === "epochs")!.message, /up to 80\.0 times; --data-constrained/);
  const constrained = analyse(runs, { ...OPTIONS, dataConstrained: true });
  assert.ok(Math.abs(constrained.arms[0]!.laws[0]!.law.beta / CHINCHILLA.beta - 1) < 1e-6);
  assert.ok(Math.abs(plain.arms[0]!.laws[0]!.law.beta / CHINCHILLA.beta - 1) > 0.01);
  assert.deepEqual(constrained.warnings, []);
});

test("a law that one run carries, that few runs tell, or that has no floor is warned of", () => {
  const runs = measured(CHINCHILLA).filter(({ params, tokens }) => params >= 1e8 && tokens / params >= 20);
  const lone = { ...measured(CHINCHILLA)[0]!, loss: 1.1 * measured(CHINCHILLA)[0]!.loss };
  const { warnings } = analyse([...runs, lone], OPTIONS);
  const kinds = warnings.map(({ kind }) => kind);
  assert.ok(kinds.includes("few-runs") && kinds.includes("influence"), kinds.join());
  assert.match(
    warnings.find(({ kind }) => kind === "influence")!.message,
    /without runs\.csv:2 the law changes by \d+ %/,
  );
  // Losses over a tenth of a decade of tokens: what lies beyond is anybody's guess.
  const narrow = measured(CHINCHILLA, undefined, 0.01).filter(({ tokens }) => tokens >= 1e9 && tokens <= 4e9);
  assert.ok(analyse(narrow, OPTIONS).warnings.some(({ kind }) => kind === "floor"));
});

function measured(law: Law, arm?: string, noise = 0): MeasuredRun[] {
  return runsOf(law, { noise }).map((run, i) => ({
    ...run,
    place: `runs.csv:${i + 2}`,
    arm,
    paramsNoEmbed: undefined,
    uniqueTokens: undefined,
  }));
}
