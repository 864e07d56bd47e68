import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../pipeline/random.ts";
import { ByteTokenizer } from "../../tokenizer/baselines/byte.ts";
import type { Backend } from "../../trainer/backends/backend.ts";
import { onnxBackend } from "../../trainer/backends/onnx/onnx.ts";
import { referenceBackend } from "../../trainer/backends/reference.ts";
import { CachedModel, type CachedModelOptions } from "../../trainer/generate/cached-model.ts";
import { type Decoder, generateIds, generateTexts, PlainDecoder } from "../../trainer/generate/generator.ts";
import {
  chanceOf,
  drawFrom,
  likeliest,
  probabilitiesOf,
  type SamplingOptions,
  samplingOf,
} from "../../trainer/generate/sampling.ts";
import { SpeculativeDecoder, speedUpOf, verdictOf } from "../../trainer/generate/speculative.ts";
import { StopText } from "../../trainer/generate/stop.ts";
import type { Floats } from "../../trainer/ir/op.ts";
import { input } from "../../trainer/ir/tensor.ts";
import { ModelConfig, type ModelOptions } from "../../trainer/model/config.ts";
import { beginningOf, parametersOf } from "../../trainer/model/parameters.ts";
import { Transformer } from "../../trainer/model/transformer.ts";

const TINY = { vocabSize: 29, contextLength: 24, layers: 2, width: 16, heads: 4, hiddenWidth: 24 } as const;

const CONFIGS: Readonly<Record<string, ModelOptions>> = {
  rope: TINY,
  "learned positions": { ...TINY, positions: "learned", norm: "layer", activation: "gelu", tied: true },
  "no positions": { ...TINY, positions: "none" },
  "shared keys": { ...TINY, kvHeads: 2 },
  "normal queries and keys": { ...TINY, kvHeads: 1, qkNorm: true },
  "norm behind": { ...TINY, normPlacement: "post", activation: "gelu-tanh" },
};

const REFERENCE = referenceBackend();
const ONNX = await onnxBackend({ threads: 1 });
const BACKENDS: readonly Backend[] = [REFERENCE, ONNX];

/** Values of a model that has opinions: those it would begin training with say next to nothing. */
function opinionsOf(config: ModelConfig, seed: number): Record<string, Float32Array> {
  const parameters = parametersOf(config);
  const values = beginningOf(parameters, seed);
  for (const { name, decays } of parameters) if (decays) values[name] = values[name]!.map((x) => 12 * x);
  return values;
}

function cachedModel(options: ModelOptions, backend: Backend, others: CachedModelOptions & { seed?: number } = {}) {
  const config = ModelConfig.parse(options);
  return new CachedModel(new Transformer(config), opinionsOf(config, others.seed ?? 1), backend, others);
}

/** Of 1 to 12 tokens each. */
function randomPrompts(count: number): number[][] {
  const random = seededRandom(7);
  const below = (n: number): number => Math.floor(random() * n);
  return Array.from({ length: count }, () => Array.from({ length: 1 + below(12) }, () => below(TINY.vocabSize)));
}

/** Logits of every position of texts, by one run without a cache. */
async function recomputed(
  options: ModelOptions,
  backend: Backend,
  texts: readonly number[][],
  seed = 1,
): Promise<Floats[][]> {
  const config = ModelConfig.parse(options);
  const { contextLength: T, vocabSize: V } = config;
  const tokens = input("tokens", [texts.length * T], "int");
  const { logits } = new Transformer(config).forward({ tokens, sequences: texts.length });
  const executable = await backend.compile({ outputs: { logits } }, opinionsOf(config, seed));
  for (const [b, ids] of texts.entries()) executable.inputs.tokens!.set(ids, b * T);
  await executable.run();
  await executable.close();
  const rows = executable.outputs.logits as Floats;
  return texts.map((ids, b) => ids.map((_, t) => rows.subarray((b * T + t) * V, (b * T + t + 1) * V)));
}

function largestDifference(found: readonly Floats[], expected: readonly Floats[]): number {
  assert.equal(found.length, expected.length);
  let largest = 0;
  for (const [n, row] of found.entries()) {
    for (const [i, x] of row.entries()) largest = Math.max(largest, Math.abs(x - expected[n]![i]!));
  }
  return largest;
}

/** Σ (found - expected)² / expected. */
function chiSquare(found: readonly number[], expected: readonly number[]): number {
  return found.reduce((sum, n, i) => sum + (n - expected[i]!) ** 2 / expected[i]!, 0);
}

/** What χ² exceeds once in a thousand (Wilson and Hilferty 1931; 24.3 for 7 degrees of freedom, tables say 24.32). */
function chiSquareLimit(degrees: number): number {
  const variance = 2 / (9 * degrees);
  return degrees * (1 - variance + 3.0902 * Math.sqrt(variance)) ** 3;
}

for (const backend of BACKENDS) {
  for (const [name, config] of Object.entries(CONFIGS)) {
    test(`${backend.name}, ${name}: with a cache, 200 prompts go on as if all was computed anew at every token`, async () => {
      const prompts = randomPrompts(200);
      const model = cachedModel(config, backend);
      const written = await generateIds(new PlainDecoder(model), prompts, { maxTokens: 8, temperature: 0 });
      const texts = prompts.map((prompt, n) => [...prompt, ...written[n]!.ids]);
      const expected = await recomputed(config, backend, texts);
      for (const [n, { ids, reason }] of written.entries()) {
        assert.equal(reason, "max-tokens");
        const anew = expected[n]!.slice(prompts[n]!.length - 1, -1).map(likeliest);
        assert.deepEqual(ids, anew, `prompt ${n}`);
      }

      // The same with all logits to be seen: the prompts first, then token by token.
      model.begin(50);
      for (let t = 0; t <= 8; t++) {
        const logits = await model.read(
          texts.slice(0, 50).map((ids, n) => (t === 0 ? prompts[n]! : [ids[prompts[n]!.length + t - 1]!])),
          "all",
        );
        for (const [n, rows] of logits.entries()) {
          const from = t === 0 ? 0 : prompts[n]!.length + t - 1;
          assert.ok(largestDifference(rows, expected[n]!.slice(from, from + rows.length)) <= 1e-5, `prompt ${n}`);
        }
      }
      model.end();
      await model.close();
    });
  }

  test(`${backend.name}: a prompt that is read in parts gives the same logits`, async () => {
    const texts = randomPrompts(9);
    const expected = await recomputed(TINY, backend, texts);
    for (const positionsAtOnce of [1, 3, 5]) {
      const model = cachedModel(TINY, backend, { positionsAtOnce });
      model.begin(texts.length);
      for (const [n, rows] of (await model.read(texts, "all")).entries()) {
        assert.ok(largestDifference(rows, expected[n]!) <= 1e-5);
      }
      model.end();
      model.begin(texts.length);
      for (const [n, rows] of (await model.read(texts)).entries()) {
        assert.ok(largestDifference(rows, expected[n]!.slice(-1)) <= 1e-5);
      }
      await model.close();
    }
  });

  test(`${backend.name}: the same seed writes the same, whatever is written beside it; another seed something else`, async () => {
    const prompts = randomPrompts(20);
    const options = { maxTokens: 10, seed: 3, temperature: 0.9, topK: 20, topP: 0.95 };
    const write = (others: { batchSize?: number; seed?: number }) =>
      generateIds(new PlainDecoder(cachedModel(TINY, backend)), prompts, { ...options, ...others });
    const written = await write({});
    assert.deepEqual(await write({ batchSize: 1 }), written);
    assert.deepEqual(await write({ batchSize: 7 }), written);
    assert.notDeepEqual(await write({ seed: 4 }), written);
  });
}

test("beside others, logits of a text are to the bit what they are alone", async () => {
  const texts = randomPrompts(12);
  const model = cachedModel(TINY, REFERENCE);
  model.begin(texts.length);
  const together = await model.read(texts, "all");
  model.end();
  for (const [n, text] of texts.entries()) {
    model.begin(1);
    const first = text.slice(0, 2);
    const alone: Floats[] = (await model.read([first], "all"))[0]!.map((row) => row.slice());
    if (text.length > 2) alone.push(...(await model.read([text.slice(2)], "all"))[0]!);
    model.end();
    assert.deepEqual(alone, together[n]);
  }
});

test("a prompt that several texts go on from is read once, and they are what each is alone", async () => {
  const prompts = randomPrompts(3);
  const order = [2, 0, 0, 2, 1, 0, 2, 2, 1, 0];
  const repeated = order.map((n) => prompts[n]!);
  for (const backend of BACKENDS) {
    for (const positions of ["rope", "learned"] as const) {
      const model = cachedModel({ ...TINY, positions }, backend);
      const tokens: number[] = [];
      const read = model.read.bind(model);
      model.read = (texts, wanted) => {
        tokens.push(texts.reduce((sum, { length }) => sum + length, 0));
        return read(texts, wanted);
      };
      const ways = { maxTokens: 6, seed: 3 };
      const together = await generateIds(new PlainDecoder(model), repeated, ways);
      assert.equal(
        tokens[0],
        new Set(prompts).values().reduce((sum, { length }) => sum + length, 0),
      );
      assert.deepEqual(together, await generateIds(new PlainDecoder(model), repeated, { ...ways, batchSize: 1 }));
      await model.close();
    }
  }
});

test("texts branch off to as many others as before, in any order", async () => {
  const model = cachedModel(TINY, REFERENCE);
  const [a, b] = [
    [1, 2, 3],
    [4, 5],
  ];
  const sayNext = async (prompts: readonly (readonly number[])[], sources?: readonly number[]) => {
    model.begin(prompts.length);
    await model.read(prompts);
    if (sources !== undefined) model.branch(sources);
    const rows = (await model.read([[7], [8]])).map(([row]) => row!.slice());
    model.end();
    return rows;
  };
  assert.deepEqual(await sayNext([a, b], [1, 0]), await sayNext([b, a]));
  assert.deepEqual(await sayNext([a, b], [1, 1]), await sayNext([b, b]));
});

test("what was rewound is read anew, and a second batch knows nothing of the first", async () => {
  const [text] = randomPrompts(1).map(() => [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3]);
  const [expected] = await recomputed(TINY, REFERENCE, [text!]);
  const model = cachedModel(TINY, REFERENCE);
  model.begin(1);
  await model.read([[...text!.slice(0, 9), 0, 0, 0]]);
  model.rewind(0, 9);
  const [rest] = await model.read([text!.slice(9)], "all");
  assert.ok(largestDifference(rest!, expected!.slice(9)) <= 1e-5);
  assert.throws(() => model.begin(1), /one batch of texts at a time/);
  model.end();
  model.begin(1);
  await model.read([text!.slice(0, 3)]);
  const [again] = await model.read([text!.slice(3)], "all");
  assert.ok(largestDifference(again!, expected!.slice(3)) <= 1e-5);
});

test("a text ends where the model's context does, and a longer prompt is refused", async () => {
  const decoder = new PlainDecoder(cachedModel({ ...TINY, positions: "learned" }, REFERENCE));
  const full = new Array<number>(24).fill(1);
  const written = await generateIds(decoder, [full, full.slice(3)], { maxTokens: 100 });
  assert.deepEqual(
    written.map(({ ids, reason }) => [ids.length, reason]),
    [
      [1, "context-full"],
      [4, "context-full"],
    ],
  );
  for (const [prompt, options, message] of [
    [[...full, 1], { maxTokens: 1 }, "prompt 0: 25 tokens, the model reads at most 24; leave out the beginning"],
    [[], { maxTokens: 1 }, "prompt 0: found no tokens, expected at least one"],
    [[1], { maxTokens: 0 }, "maxTokens: expected at least 1, found 0"],
    [[1], { maxTokens: 1, topP: 2 }, "topP: expected number to be <=1, found number (2)"],
  ] as const) {
    await assert.rejects(generateIds(decoder, [prompt], options), { name: "RecipeError", message });
  }
});

// Sampling.

const LOGITS = Float32Array.of(0.5, -1, 2, 0.1, 1.9, -0.3, 0.5, -7);

test("tokens are drawn as often as their probabilities say", () => {
  const softmax = (of: readonly number[]): number[] => {
    const all = of.map(Math.exp);
    const sum = all.reduce((a, b) => a + b);
    return all.map((x) => x / sum);
  };
  const none = Number.NEGATIVE_INFINITY;
  const at = (kept: readonly number[], temperature = 1): number[] =>
    softmax([...LOGITS].map((x, id) => (kept.includes(id) ? x / temperature : none)));
  const every = [0, 1, 2, 3, 4, 5, 6, 7];
  // Probabilities from the likeliest: 0.37 (2), 0.33 (4), 0.08 (0), 0.08 (6), 0.06 (3), …
  const cases: readonly (readonly [SamplingOptions, number[]])[] = [
    [{}, at(every)],
    [{ temperature: 2 }, at(every, 2)],
    [{ temperature: 0 }, at([2])],
    [{ topK: 3 }, at([2, 4, 0])],
    [{ topK: 100, topP: 1 }, at(every)],
    [{ topP: 0.75 }, at([2, 4, 0])],
    [{ topP: 0.3 }, at([2])],
    // Two thirds and one of the two that are left after top-k.
    [{ topK: 2, topP: 0.5 }, at([2])],
    [{ topK: 2, topP: 0.6 }, at([2, 4])],
    [{ temperature: 0.5, topK: 4, topP: 0.99 }, at([2, 4, 0, 6], 0.5)],
  ];
  const draws = 40_000;
  for (const [n, [options, expected]] of cases.entries()) {
    const probabilities = probabilitiesOf(LOGITS, samplingOf(options));
    for (const [id, p] of expected.entries()) assert.ok(Math.abs(probabilities[id]! - p) < 1e-7, `${n}: ${id}`);
    const counts = new Array<number>(LOGITS.length).fill(0);
    for (let step = 0; step < draws; step++) counts[drawFrom(probabilities, chanceOf(n, "token", 0, step))]!++;
    const possible = every.filter((id) => expected[id]! > 0);
    assert.equal(
      possible.reduce((sum, id) => sum + counts[id]!, 0),
      draws,
    );
    if (possible.length === 1) continue;
    const found = chiSquare(
      possible.map((id) => counts[id]!),
      possible.map((id) => draws * expected[id]!),
    );
    assert.ok(found < chiSquareLimit(possible.length - 1), `${JSON.stringify(options)}: ${found}`);
  }
});

test("top-k and top-p keep what sorting would, on random logits with many equal ones", () => {
  const random = seededRandom(5);
  for (let round = 0; round < 300; round++) {
    const logits = Float32Array.from({ length: 1 + Math.floor(random() * 60) }, () => Math.floor(6 * random()));
    const all = probabilitiesOf(logits, samplingOf({}));
    const order = [...all.keys()].sort((a, b) => all[b]! - all[a]! || a - b);
    const topK = 1 + Math.floor(random() * 60);
    const kept = (sampling: SamplingOptions): number[] => {
      const probabilities = probabilitiesOf(logits, samplingOf(sampling));
      return order.filter((id) => probabilities[id]! > 0);
    };
    assert.deepEqual(kept({ topK }), order.slice(0, topK));
    const topP = 1 - random();
    let sum = 0;
    const needed = order.findIndex((id) => {
      sum += all[id]!;
      return sum >= topP;
    });
    assert.deepEqual(kept({ topP }), needed < 0 ? order : order.slice(0, needed + 1));
  }
});

test("of equal logits the lower id is greedy's, and what is no number is refused", () => {
  assert.equal(likeliest(Float32Array.of(1, 3, 3, 2)), 1);
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => probabilitiesOf(Float32Array.of(0, bad), samplingOf({})), /has the training diverged/);
  }
  assert.equal(drawFrom(Float64Array.of(0, 0.5, 0.5 - 1e-12, 0), 1 - 2 ** -48), 2);
});

// Where texts end.

test("a stop text is found wherever tokens cut it, and no part of it is ever told", () => {
  const text = "één ab\u{1f600}abc END OF TEXT";
  const cases: readonly (readonly [string[], string])[] = [
    [["abc"], "één ab\u{1f600}"],
    [["\u{1f600}"], "één ab"],
    [["bc", "abc "], "één ab\u{1f600}a"],
    [["c", "abc"], "één ab\u{1f600}"],
    [["END OF TIME", "TEXT!"], text],
    [["OF", "END OF"], "één ab\u{1f600}abc "],
    [["é"], ""],
    [[], text],
  ];
  const bytes = Buffer.from(text);
  const random = seededRandom(11);
  for (const [stops, expected] of cases) {
    for (let round = 0; round < 200; round++) {
      const stop = new StopText(stops);
      let told = "";
      for (let at = 0; at < bytes.length && !stop.isStopped; ) {
        const length = 1 + Math.floor(random() * 4);
        told += stop.write(bytes.subarray(at, at + length));
        assert.ok(expected.startsWith(told), `${JSON.stringify(stops)}: told ${JSON.stringify(told)}`);
        at += length;
      }
      assert.equal(stop.isStopped, expected !== text);
      assert.equal(told + stop.end(), expected);
    }
  }
  assert.throws(() => new StopText(["a", ""]), { name: "RecipeError" });
});

/** Writes what it is told to. */
function scripted(script: readonly (readonly number[])[]): Decoder {
  return {
    contextLength: 1000,
    vocabSize: 300,
    async decode(batch) {
      for (const one of batch) for (const id of script[one.number]!) if (one.reason === undefined) one.add(id);
    },
  };
}

test("texts end at a stop text, an end of text or the limit, and are told piece by piece", async () => {
  const tokenizer = new ByteTokenizer();
  const end = tokenizer.endOfText;
  const answers = ["one.\n\ntwo", "one.\ntwo", "na\u{ef}ve\n", "né"];
  const script = answers.map((answer) => [...tokenizer.encode(answer), end, 0, 0]);
  const pieces = answers.map(() => [] as string[]);
  const written = await generateTexts(scripted(script), tokenizer, ["a", "b", "", "d"], {
    maxTokens: 9,
    stop: ["\n\n"],
    onText: (prompt, text) => pieces[prompt]!.push(text),
  });
  assert.deepEqual(
    written.map(({ text, reason }) => [text, reason]),
    [
      ["one.", "stop-text"],
      ["one.\ntwo", "end-of-text"],
      ["na\u{ef}ve\n", "end-of-text"],
      ["né", "end-of-text"],
    ],
  );
  assert.deepEqual(pieces[1], ["o", "n", "e", ".", "\nt", "w", "o"]);
  assert.deepEqual(pieces[2], ["n", "a", "ï", "v", "e", "\n"]);
  assert.deepEqual([...tokenizer.decode(written[0]!.ids)], [...Buffer.from("one.\n\n")]);
  const [short] = await generateTexts(scripted(script.slice(3)), tokenizer, ["d"], { maxTokens: 2 });
  assert.deepEqual([short!.text, short!.reason], ["n\ufffd", "max-tokens"]);
});

test("a tokenizer that is not the model's is refused, and rows that it has no token for are never drawn", async () => {
  const tokenizer = new ByteTokenizer();
  const decoderOf = (vocabSize: number) => new PlainDecoder(cachedModel({ ...TINY, vocabSize, tied: true }, ONNX));
  await assert.rejects(generateTexts(decoderOf(256), tokenizer, ["a"], { maxTokens: 1 }), {
    name: "RecipeError",
    message: "tokenizer bytes: 257 tokens, the model knows 256; take the one it was trained with",
  });
  const many = await generateTexts(decoderOf(2000), tokenizer, new Array<string>(20).fill("a"), { maxTokens: 10 });
  for (const { ids } of many) for (const id of ids) assert.ok(id < 257);
});

// Speculation.

const SMALL = { vocabSize: 5, contextLength: 8, layers: 2, width: 8, heads: 2, hiddenWidth: 8 } as const;

for (const options of [{ temperature: 0.8 }, { temperature: 1, topK: 4, topP: 0.9 }]) {
  test(`a draft changes nothing in how texts are distributed (${JSON.stringify(options)})`, async () => {
    const samples = 100_000;
    const tokens = 3;
    const target = cachedModel(SMALL, ONNX);
    const draft = cachedModel({ ...SMALL, layers: 1 }, ONNX, { seed: 2 });
    const exact = await distributionOf(target, [1, 4], tokens, options);
    const decoder = new SpeculativeDecoder(target, draft, { draftTokens: 2 });
    const prompts = new Array<number[]>(samples).fill([1, 4]);
    const written = await generateIds(decoder, prompts, { ...options, maxTokens: tokens, batchSize: 2000, seed: 17 });
    const counts = Map.groupBy(written, ({ ids }) => ids.join(" "));

    assert.ok([...counts.keys()].every((text) => exact.has(text)));
    const [found, expected] = [[0], [0]];
    for (const [text, probability] of exact) {
      // What is expected less than ten times is counted together, as the test demands.
      const cell = probability * samples < 10 ? 0 : found.push(0) - 1;
      found[cell]! += counts.get(text)?.length ?? 0;
      expected[cell] = (expected[cell] ?? 0) + probability * samples;
    }
    const cells = expected[0]! > 0 ? found.keys().toArray() : found.keys().drop(1).toArray();
    const chi = chiSquare(
      cells.map((cell) => found[cell]!),
      cells.map((cell) => expected[cell]!),
    );
    assert.ok(chi < chiSquareLimit(cells.length - 1), `${chi} for ${cells.length} cells`);

    const { judged, accepted, acceptance, verdict } = await decoder.report();
    assert.ok(accepted > 0.2 * judged && accepted < 0.9 * judged, `accepted ${acceptance}`);
    assert.match(verdict, /^Speculation (pays|does not pay)/);
    await target.close();
    await draft.close();
  });
}

/** Probabilities of all texts of so many tokens behind a prompt. */
async function distributionOf(model: CachedModel, prompt: number[], tokens: number, options: SamplingOptions) {
  let texts = new Map<string, { ids: number[]; probability: number }>([["", { ids: [], probability: 1 }]]);
  for (let n = 0; n < tokens; n++) {
    model.begin(texts.size);
    const logits = await model.read([...texts.values()].map(({ ids }) => [...prompt, ...ids]));
    model.end();
    const longer: typeof texts = new Map();
    for (const [b, { ids, probability }] of [...texts.values()].entries()) {
      for (const [id, p] of probabilitiesOf(logits[b]![0]!, samplingOf(options)).entries()) {
        if (p > 0) longer.set([...ids, id].join(" "), { ids: [...ids, id], probability: probability * p });
      }
    }
    texts = longer;
  }
  return new Map([...texts].map(([text, { probability }]) => [text, probability]));
}

for (const backend of BACKENDS) {
  test(`${backend.name}: greedy with a draft is greedy without, whatever the draft and the number of its tokens`, async () => {
    const prompts = randomPrompts(60);
    const options = { maxTokens: 14, temperature: 0, endOfText: 5 };
    const alone = await generateIds(new PlainDecoder(cachedModel(TINY, backend)), prompts, options);
    for (const [draft, draftTokens, least] of [
      [cachedModel(TINY, backend), 3, 1],
      [cachedModel({ ...TINY, layers: 1, kvHeads: 1 }, backend, { seed: 2 }), 1, 0],
      [cachedModel({ ...TINY, positions: "learned" }, backend), 5, 0],
    ] as const) {
      const decoder = new SpeculativeDecoder(cachedModel(TINY, backend), draft, { draftTokens });
      assert.deepEqual(await generateIds(decoder, prompts, { ...options, batchSize: 9 }), alone);
      assert.ok((await decoder.report()).acceptance >= least);
    }
  });
}

test("what a draft proposes is what it says behind the text so far, also where it was refused before", async () => {
  const prompts = randomPrompts(60);
  const [maxTokens, draftTokens] = [10, 3];
  const small = { ...TINY, layers: 1 };
  const [target, draft] = [cachedModel(TINY, REFERENCE), cachedModel(small, REFERENCE, { seed: 2 })];
  const decoder = new SpeculativeDecoder(target, draft, { draftTokens });
  const written = await generateIds(decoder, prompts, { maxTokens, temperature: 0 });
  const texts = prompts.map((prompt, n) => [...prompt, ...written[n]!.ids]);
  const says = (await recomputed(small, REFERENCE, texts, 2)).map((rows) => rows.map(likeliest));
  let [judged, accepted] = [0, 0];
  for (const [n, text] of texts.entries()) {
    for (let at = prompts[n]!.length; at < text.length; at++) {
      for (const end = Math.min(at + draftTokens, text.length - 1); at < end; at++) {
        judged++;
        if (says[n]![at - 1] !== text[at]) break;
        accepted++;
      }
    }
  }
  const report = await decoder.report();
  assert.ok(accepted > 0 && accepted < judged);
  assert.deepEqual([report.judged, report.accepted], [judged, accepted]);
});

test("with a draft, too, texts do not hang on what is written beside them", async () => {
  const prompts = randomPrompts(12);
  const decoder = new SpeculativeDecoder(
    cachedModel(TINY, REFERENCE),
    cachedModel({ ...TINY, layers: 1 }, REFERENCE, { seed: 2 }),
  );
  const options = { maxTokens: 10, seed: 3 };
  const written = await generateIds(decoder, prompts, options);
  assert.deepEqual(await generateIds(decoder, prompts, { ...options, batchSize: 1 }), written);
});

test("whether a draft pays is said in a sentence", () => {
  // Leviathan et al. 2023, table 1: operations and speed for γ and α where c = 0.
  for (const [acceptance, draftTokens, speed] of [
    [0.6, 2, 1.96],
    [0.7, 3, 2.53],
    [0.8, 2, 2.44],
    [0.8, 5, 3.69],
    [0.9, 2, 2.71],
    [0.9, 10, 6.86],
  ] as const) {
    const found = speedUpOf({ acceptance, draftTokens, costRatio: 0 });
    assert.ok(Math.abs(found - speed) < 0.006, `${acceptance}, ${draftTokens}: ${found}`);
  }
  assert.equal(
    verdictOf({ acceptance: 0.8, costRatio: 0.1, draftTokens: 4 }),
    "Speculation pays. 80% of drafted tokens were accepted; one costs 10% of a token of the target, to judge 4 costs 100%: about 2.40 times as fast as the target alone.",
  );
  assert.match(
    verdictOf({ acceptance: 0.5, costRatio: 0.4, draftTokens: 6 }),
    /^Speculation does not pay with 6 tokens a draft\. .* 0\.58 times as fast as the target alone; draft fewer\.$/,
  );
  assert.match(
    verdictOf({ acceptance: 0.8, costRatio: 0.1, judgeRatio: 5, draftTokens: 4 }),
    /^Speculation does not pay\. .* 0\.62 times as fast as the target alone; use it alone, or a smaller or better draft\.$/,
  );
  const [five, six] = [5, 6].map((vocabSize) => cachedModel({ ...SMALL, vocabSize }, REFERENCE));
  assert.throws(() => new SpeculativeDecoder(six!, five!), {
    name: "RecipeError",
    message: "draft: a vocabulary of 5 tokens, the target has 6",
  });
  assert.throws(() => new SpeculativeDecoder(six!, six!, { draftTokens: 7 }), {
    name: "RecipeError",
    message: "draftTokens: expected a whole number from 1 to 6, found 7",
  });
});
