import assert from "node:assert/strict";
import { test } from "node:test";
import { compareResponses, summarize } from "../../../eval/alignment/summary.ts";
import { wilson } from "../../../eval/alignment/wilson.ts";
import type { VerifierUse } from "../../../trainer/align/config.ts";
import type { JudgedRollout } from "../../../trainer/align/sampling/judged-sampler.ts";

const use = (verifier: string, rest: Partial<VerifierUse> = {}): VerifierUse => ({
  ...{ use: verifier, weight: 1, gate: false },
  ...rest,
});

/** A response by its text and what verifiers said, in the order of their labels. */
function response(text: string, scores: Readonly<Record<string, number>>, reward: number, fields = {}): JudgedRollout {
  const verified = Object.fromEntries(Object.entries(scores).map(([name, score]) => [name, { score, parts: {} }]));
  const prompt = { place: "a:1", messages: [], fields };
  return {
    question: { prompt, ids: new Uint32Array() },
    ids: [...text].map(() => 1),
    text,
    isCut: text === "",
    reward,
    verified,
  };
}

test("means, pass@k and the reward as a share of the most there is", () => {
  // Two prompts, two responses to each; exact counts three times, length once, format is a gate.
  const options = {
    verify: [use("exact", { weight: 3 }), use("length"), use("format", { gate: true })],
    labels: ["exact", "length", "format"],
    samples: 2,
    ks: [1, 2],
  };
  const responses = [
    response("ab", { exact: 1, length: 1, format: 1 }, 4),
    response("abcd", { exact: 0, length: 0.5, format: 1 }, 0.5),
    response("", { exact: 0, length: 1, format: 0 }, 0),
    response("x", { exact: 0, length: 1, format: 1 }, 1),
  ];
  const { prompts, samples, tokensMean, truncated, scores } = summarize(responses, options);
  assert.deepEqual([prompts, samples, tokensMean, truncated], [2, 2, 7 / 4, 1 / 4]);
  assert.deepEqual(
    scores.map(({ name }) => name),
    ["reward", "exact", "length", "format"],
  );
  const [reward, exact, length] = scores as [(typeof scores)[0], (typeof scores)[0], (typeof scores)[0]];
  // (4 + 0.5) / 2 / 4 and (0 + 1) / 2 / 4.
  assert.deepEqual(reward.mean, wilson(0.5625 + 0.125, 2));
  assert.deepEqual(exact.mean, wilson(0.5, 2));
  assert.deepEqual(exact.passAt, { 1: wilson(0.5, 2), 2: wilson(1, 2) });
  assert.deepEqual(length.passAt, { 1: wilson(1.5, 2), 2: wilson(2, 2) });
});

test("failures and parts are told, constraints by prompt and by instruction", () => {
  const fields = { rules: [{ kind: "no-commas" }, { kind: "lower-case" }] };
  const verify = [use("constraints", { with: { field: "rules" } })];
  const rows = [response("fine", { keeps: 1 }, 1, fields), response("A, B", { keeps: 0 }, 0, fields)].map((row, i) => ({
    ...row,
    verified: {
      keeps: { ...row.verified.keeps!, parts: { strict: 1 - i }, ...(i === 1 && { failure: "threw" as const }) },
    },
  }));
  const [keeps] = summarize(rows, { verify, labels: ["keeps"], samples: 1, ks: [] }).scores;
  assert.equal(keeps!.failed, 1);
  assert.deepEqual(keeps!.parts, { strict: 0.5 });
  assert.deepEqual(keeps!.passAt, {});
  assert.deepEqual(keeps!.constraints!.prompt.strict, wilson(1, 2));
  assert.deepEqual(keeps!.constraints!.instruction.loose, wilson(1, 2));
});

test("two models are compared by the mean of the responses to each prompt", () => {
  const options = { verify: [use("exact")], labels: ["exact"], samples: 2, ks: [] };
  const of = (...scores: readonly number[]) => scores.map((score) => response("x", { exact: score }, score));
  const [exact] = compareResponses(of(1, 0, 1, 1, 0, 0), of(0, 1, 1, 0, 0, 0), options);
  assert.deepEqual([exact!.name, exact!.wins, exact!.ties, exact!.losses], ["exact", 1, 2, 0]);
  assert.deepEqual(exact!.rate, wilson(2, 3));
});
