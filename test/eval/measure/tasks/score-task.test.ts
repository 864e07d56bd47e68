/** Every figure here is computed by hand, from a table of bits: to 1e-9, as lm-evaluation-harness (4e7e0d4) defines it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type MetricName,
  type Question,
  scoreTask,
  type Task,
  type TaskScores,
} from "../../../../eval/measure/tasks/index.ts";
import { pooledStandardError } from "../../../../eval/measure/tasks/metrics.ts";
import { ByteTokenizer } from "../../../../tokenizer/baselines/byte.ts";
import { TableScorer } from "./table-scorer.ts";

const bytes = new ByteTokenizer();
const { LN2 } = Math;

function taskOf(
  questions: readonly Question[],
  more: Partial<Task> & { groups?: string[]; clusters?: string[] } = {},
): Task {
  const items = questions.map((question, i) => ({
    ...question,
    id: String(i),
    cluster: more.clusters?.[i] ?? String(i),
    ...(more.groups !== undefined && { group: more.groups[i]! }),
  }));
  return { name: "t", format: "f", shots: 0, mutualInfo: more.mutualInfo ?? false, items };
}

function choice(context: string, delimiter: string, choices: readonly string[], gold: number): Question {
  return { kind: "choice", context, delimiter, choices, gold };
}

function near(actual: number | undefined, expected: number): void {
  assert.ok(actual !== undefined && Math.abs(actual - expected) <= 1e-9, `${actual} is not ${expected}`);
}

function metric(scores: Pick<TaskScores, "metrics">, name: MetricName) {
  const found = scores.metrics.find((one) => one.name === name);
  assert.ok(found !== undefined, `no ${name} among ${scores.metrics.map((one) => one.name)}`);
  return found;
}

test("acc takes the likeliest choice, acc_norm by code points, acc_bytes by bytes, both without the delimiter", async () => {
  // bits:  " a" 1 + 4 = 5;  " bbb" 1 + 3·2 = 7;  " éé" 1 + 2·(2 + 1) = 7
  // acc: 5, 7, 7 → a.   acc_norm: 5/1, 7/3, 7/2 → bbb.   acc_bytes: 5/1, 7/3, 7/4 → éé.
  const scorer = new TableScorer({ " ": 1, a: 4, b: 2, "\xc3": 2, "\xa9": 1 });
  const scores = await scoreTask(taskOf([choice("Q:", " ", ["a", "bbb", "éé"], 1)]), bytes, scorer);
  const { options, nats, bytes: goldBytes } = scores.items[0]!;
  assert.deepEqual(options!.predicted, { acc: 0, acc_norm: 1, acc_bytes: 2 });
  near(options!.logLikelihoods[0], -5 * LN2);
  near(options!.margin, (-7 + 5) * LN2);
  near(nats, 7 * LN2);
  assert.equal(goldBytes, 4);
  near(metric(scores, "acc").value, 0);
  near(metric(scores, "acc_norm").value, 1);
  near(metric(scores, "acc_bytes").value, 0);
  near(metric(scores, "bits_per_byte").value, 7 / 4);
  near(scores.chance, 1 / 3);
});

test("bits per byte of an answer count what was scored, delimiter included: OLMES's published row", async () => {
  // allenai/OLMo evaluations, arc_challenge:mc, Mercury_7175875: sum_logits_corr and bits_per_byte_corr of " C".
  const bits = 0.09184452891349792 / LN2;
  const scorer = new TableScorer({ " ": 0, A: 9, B: 9, C: bits, D: 9 });
  const scores = await scoreTask(taskOf([choice("Answer:", " ", ["A", "B", "C", "D"], 2)]), bytes, scorer);
  near(metric(scores, "bits_per_byte").value, 0.06625182319819083);
});

test("acc_mutual_info subtracts what the choice has without context, and asks for it once", async () => {
  // behind ":" x 2 bits, y 3; behind the end of text x 1, y 6.   acc → x.   −2 + 1 = −1, −3 + 6 = 3 → y.
  const scorer = new TableScorer({ ":x": 2, ":y": 3, "¶x": 1, "¶y": 6 });
  const question = choice("Q:", "", ["x", "y"], 1);
  const scores = await scoreTask(
    taskOf([question, choice("R:", "", ["x", "y"], 1)], { mutualInfo: true }),
    bytes,
    scorer,
  );
  assert.deepEqual(scores.items[0]!.options!.predicted, { acc: 0, acc_norm: 0, acc_bytes: 0, acc_mutual_info: 1 });
  near(metric(scores, "acc").value, 0);
  near(metric(scores, "acc_mutual_info").value, 1);
  assert.equal(scorer.calls.flat().length, 4 + 2);
  const without = await scoreTask(taskOf([question]), bytes, scorer);
  assert.ok(!without.metrics.some(({ name }) => name === "acc_mutual_info"));
});

test("of equal choices, the first wins", async () => {
  const scorer = new TableScorer({ " ": 1, a: 2, b: 2 });
  const scores = await scoreTask(taskOf([choice("Q", " ", ["ab", "ba"], 1)]), bytes, scorer);
  assert.deepEqual(scores.items[0]!.options!.predicted, { acc: 0, acc_norm: 0, acc_bytes: 0 });
  near(metric(scores, "margin").value, 0);
});

test("exact_match wants every token of the right answer to be the likeliest", async () => {
  const scorer = new TableScorer({ " ": 1, a: 1, b: 1 }, [" ", "a"]);
  const continuation = (answer: string): Question => ({ kind: "continuation", context: "c", delimiter: " ", answer });
  const scores = await scoreTask(taskOf([continuation("aa"), continuation("ab")]), bytes, scorer);
  assert.deepEqual(
    scores.items.map(({ greedy }) => greedy),
    [true, false],
  );
  near(metric(scores, "exact_match").value, 0.5);
  near(metric(scores, "exact_match").stderr, 0.5); // sd √½, over √2
  assert.equal(scores.chance, undefined);
});

test("log_likelihood of continuations is a mean over items, in nats", async () => {
  // " a" 3 bits, " b" 5 bits: mean 4, sd √2, standard error 1 bit.
  const scorer = new TableScorer({ " ": 1, a: 2, b: 4 });
  const questions = ["a", "b"].map(
    (answer): Question => ({ kind: "continuation", context: "c", delimiter: " ", answer }),
  );
  const scores = await scoreTask(taskOf(questions), bytes, scorer);
  near(metric(scores, "log_likelihood").value, -4 * LN2);
  near(metric(scores, "log_likelihood").stderr, LN2);
  assert.deepEqual(
    scores.metrics.map(({ name }) => name),
    ["exact_match", "log_likelihood", "bits_per_byte"],
  );
});

test("with partial contexts the same continuation is scored behind each", async () => {
  const scorer = new TableScorer({ "b ": 3, "c ": 1, x: 2 });
  const question: Question = {
    kind: "partial-context",
    contexts: ["a b", "a c"],
    delimiter: " ",
    continuation: "xx",
    gold: 1,
  };
  const scores = await scoreTask(taskOf([question]), bytes, scorer);
  assert.deepEqual(scores.items[0]!.options!.predicted, { acc: 1 });
  near(scores.items[0]!.options!.margin, (-5 + 7) * LN2);
  near(metric(scores, "bits_per_byte").value, 5 / 3);
  near(scores.chance, 1 / 2);
  assert.deepEqual(
    scores.metrics.map(({ name }) => name),
    ["acc", "exact_match", "margin", "bits_per_byte"],
  );
});

test("white space at a context's end is scored, and its bytes are counted", async () => {
  const scorer = new TableScorer({ " ": 1, "\n": 3, a: 2, b: 5 });
  const scores = await scoreTask(taskOf([choice("Q\n", " ", ["a", "b"], 0)]), bytes, scorer);
  near(scores.items[0]!.nats, 6 * LN2);
  assert.equal(scores.items[0]!.bytes, 3);
});

test("a context that is too long is cut from the left", async () => {
  const scorer = new TableScorer({ " ": 1, a: 2, b: 5 }, [], 4);
  await scoreTask(taskOf([choice("123456789", " ", ["a", "bb"], 0)]), bytes, scorer);
  assert.deepEqual(
    scorer.calls[0]!.map(({ ids, firstScored }) => [Buffer.from(bytes.decode(ids)).toString(), firstScored]),
    [
      ["789 a", 3],
      ["89 bb", 2],
    ],
  );
});

test("rolling figures are those of sums: words and bytes of the original, nats of the text that is scored", async () => {
  // scored "ab" 1 + 2 bits, of the original " a b" (3 words as Python splits it, 4 bytes); "b" 2 bits, of "b" (1 word, 1 byte).
  const scorer = new TableScorer({ a: 1, b: 2 });
  const rolling = (text: string, original: string): Question => ({ kind: "rolling", text, original });
  const scores = await scoreTask(taskOf([rolling("ab", " a b"), rolling("b", "b")]), bytes, scorer);
  near(metric(scores, "word_perplexity").value, 2 ** (5 / 4));
  near(metric(scores, "byte_perplexity").value, 2 ** (5 / 5));
  near(metric(scores, "bits_per_byte").value, 5 / 5);
  // 3 − 1·4 = −1 and 2 − 1·1 = 1 bits: √(2/1 · 2) / 5.
  near(metric(scores, "bits_per_byte").stderr, 2 / 5);
  near(metric(scores, "byte_perplexity").stderr, 2 * LN2 * (2 / 5));
  // by words, ratio 5/4: 3 − 15/4 = −3/4 and 2 − 5/4 = 3/4: √(2/1 · 9/8) / 4.
  near(metric(scores, "word_perplexity").stderr, 2 ** 1.25 * LN2 * (1.5 / 4));
});

test("a rolling text is read in windows behind the end of text, each byte once", async () => {
  const scorer = new TableScorer({ "¶a": 7, a: 1, b: 2, c: 3, d: 4, e: 5 }, [], 2);
  const scores = await scoreTask(taskOf([{ kind: "rolling", text: "abcde", original: "abcde" }]), bytes, scorer);
  near(scores.items[0]!.nats, (7 + 2 + 3 + 4 + 5) * LN2);
});

test("the standard error of bits per byte is that of a ratio, over clusters", async () => {
  // nats in bits 3, 5, 2 of 2, 2, 1 bytes: ratio 2; deviations −1, 1, 0.
  const scorer = new TableScorer({ a: 1, b: 2, c: 3 });
  const answers = ["ab", "bc", "b"].map(
    (answer): Question => ({ kind: "continuation", context: "q", delimiter: "", answer }),
  );
  const apart = await scoreTask(taskOf(answers), bytes, scorer);
  near(metric(apart, "bits_per_byte").value, 2);
  near(metric(apart, "bits_per_byte").stderr, Math.sqrt((3 / 2) * 2) / 5);
  // The first two in one cluster: deviations 0 and 0. The first and the last: −1 and 1.
  near(
    metric(await scoreTask(taskOf(answers, { clusters: ["x", "x", "y"] }), bytes, scorer), "bits_per_byte").stderr,
    0,
  );
  const together = await scoreTask(taskOf(answers, { clusters: ["x", "y", "x"] }), bytes, scorer);
  near(metric(together, "bits_per_byte").stderr, Math.sqrt((2 / 1) * 2) / 5);
  const one = await scoreTask(taskOf(answers, { clusters: ["x", "x", "x"] }), bytes, scorer);
  assert.equal(metric(one, "bits_per_byte").stderr, undefined);
});

test("of groups, accuracy is over all items and its standard error is pooled", async () => {
  // right: group g 1, 0; group h 1, 0, 1.  se 1/2 and 1/3:  √((1·2/4 + 2·3/9) / (5 − 2) / 5)
  const scorer = new TableScorer({ " ": 1, a: 1, b: 2 });
  const golds = [0, 1, 0, 1, 0];
  const questions = golds.map((gold) => choice("q", " ", ["a", "b"], gold));
  const scores = await scoreTask(taskOf(questions, { groups: ["g", "g", "h", "h", "h"] }), bytes, scorer);
  assert.deepEqual(
    scores.groups.map(({ group, items }) => [group, items]),
    [
      ["g", 2],
      ["h", 3],
    ],
  );
  near(metric(scores.groups[0]!, "acc").stderr, 1 / 2);
  near(metric(scores.groups[1]!, "acc").value, 2 / 3);
  near(metric(scores.groups[1]!, "acc").stderr, 1 / 3);
  near(metric(scores, "acc").value, 3 / 5);
  near(metric(scores, "acc").stderr, Math.sqrt((0.5 + 2 / 3) / 3 / 5));
  near(metric(scores, "bits_per_byte").value, (3 * 2 + 2 * 3) / 10);
});

test("a group of one item adds nothing to the pooled standard error, and groups of one alone have none", () => {
  near(
    pooledStandardError([
      { n: 1, se: undefined },
      { n: 3, se: 1 / 3 },
    ]),
    Math.sqrt((2 * 3) / 9 / 2 / 4),
  );
  assert.equal(
    pooledStandardError([
      { n: 1, se: undefined },
      { n: 1, se: undefined },
    ]),
    undefined,
  );
});

test("progress is told up to the end, and a signal ends the work with its reason", async () => {
  const scorer = new TableScorer({ " ": 1, a: 1, b: 2 });
  const questions = Array.from({ length: 300 }, () => choice("q", " ", ["a", "b"], 0));
  const told: number[] = [];
  await scoreTask(taskOf(questions), bytes, scorer, { onProgress: (done, all) => told.push(done / all) });
  assert.ok(told.length > 1);
  assert.equal(told.at(-1), 1);
  const controller = new AbortController();
  const stopped = scoreTask(taskOf(questions), bytes, scorer, {
    onProgress: () => controller.abort(new Error("enough")),
    signal: controller.signal,
  });
  await assert.rejects(stopped, /enough/);
});

test("what cannot be scored is told with task and item", async () => {
  const { endOfText: _, ...rest } = bytes;
  const endless = { ...rest, encode: bytes.encode, encodeBytes: bytes.encodeBytes, decode: bytes.decode };
  const scorer = new TableScorer({ a: 1 });
  const task = taskOf([{ kind: "rolling", text: "a", original: "a" }]);
  await assert.rejects(scoreTask(task, endless, scorer), {
    name: "RecipeError",
    message: /^task t, item 0: tokenizer bytes: found no end-of-text token/,
  });
  await assert.rejects(scoreTask(task, { ...endless, unknown: 7 }, scorer), {
    name: "RecipeError",
    message: /^task t: tokenizer bytes has texts that it cannot spell/,
  });
});
