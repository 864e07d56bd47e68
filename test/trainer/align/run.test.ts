/** An alignment in its folder: it repeats itself to the bit, goes on where it was ended, and spoils nothing. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readAlignConfig } from "../../../trainer/align/config.ts";
import { METHODS } from "../../../trainer/align/methods/index.ts";
import type { AlignEntry, AlignEvent } from "../../../trainer/align/run.ts";
import { onnxBackend } from "../../../trainer/backends/onnx/onnx.ts";
import { loadTrainedModel } from "../../../trainer/checkpoint/trained-model.ts";
import { tempFolder } from "../../tokenizer/temp.ts";
import { writeRun } from "../runs.ts";
import { BYTES } from "./byte-tokenizer.ts";
import { align, endingAt, OFTEN_RIGHT, runPlan, SMALL, traces, writeRows, writeSmallData } from "./small-runs.ts";

const folder = tempFolder();
writeSmallData(folder);

let runs = 0;
const newOut = (): string => join(folder, `run-${runs++}`);

for (const [name, { method, config }] of Object.entries(SMALL)) {
  test(`${name}: the same seed gives the same run, wherever it is ended; another seed gives another`, async () => {
    const events: AlignEvent[] = [];
    const onEvent = (event: AlignEvent): unknown => event.type !== "working" && events.push(event);
    const whole = await align(folder, method, { ...config, out: newOut() }, { onEvent });
    const wanted = traces(whole);
    for (const n of [Math.ceil(events.length / 2), events.length - 1]) {
      const out = newOut();
      await assert.rejects(align(folder, method, { ...config, out }, { onEvent: endingAt(n) }), /ended/);
      assert.deepEqual(traces(await align(folder, method, { ...config, out })), wanted, `ended at event ${n}`);
    }
    const other = await align(folder, method, { ...config, seed: 2, out: newOut() });
    assert.notEqual(other.digest, whole.digest);
    // Finished: nothing is done again.
    assert.deepEqual(traces(await align(folder, method, { ...config, out: whole.out }, { onEvent: noSteps })), wanted);
    assert.deepEqual((await loadTrainedModel(whole.out)).tokenizer.name, "bytes");
  });
}

function noSteps({ type }: AlignEvent): void {
  assert.ok(type === "start" || type === "note", type);
}

test("onnx on one thread and on two: the same run", async () => {
  const { config } = SMALL.grpo!;
  const digests = [];
  for (const threads of [1, 2]) {
    const backend = await onnxBackend({ threads });
    digests.push((await align(folder, "grpo", { ...config, backend: "onnx", out: newOut() }, { backend })).digest);
  }
  assert.equal(digests[0], digests[1]);
});

test("a run that is asked to stop ends behind its step, and goes on from there", async () => {
  const { method, config } = SMALL.grpo!;
  const wanted = await align(folder, method, { ...config, out: newOut() });
  const out = newOut();
  const abort = new AbortController();
  const stopped = align(
    folder,
    method,
    { ...config, out },
    { signal: abort.signal, onEvent: ({ type }) => type === "step" && abort.abort(new Error("enough")) },
  );
  await assert.rejects(stopped, /enough/);
  assert.deepEqual(readdirSync(join(out, "checkpoints")), ["step-00000001"]);
  assert.deepEqual(traces(await align(folder, method, { ...config, out })), traces(wanted));
});

test("what was prepared is not made again", async () => {
  const { method, config } = SMALL["dpo-own"]!;
  const out = newOut();
  await assert.rejects(align(folder, method, { ...config, out }, { onEvent: endingAt(1) }), /ended/);
  const files = ["generations", "judgements", "pairs", "reference"].map((name) => join(out, `${name}.jsonl`));
  const inodes = (): number[] => files.map((file) => statSync(file).ino);
  const before = inodes();
  writeFileSync(files[3]!, "");
  await align(folder, method, { ...config, out });
  assert.deepEqual(inodes().slice(0, 3), before.slice(0, 3));
  assert.notEqual(inodes()[3], before[3], "it was damaged");
});

test("what is prepared can be stopped between its stages", async () => {
  const { method, config } = SMALL["dpo-own"]!;
  const out = newOut();
  const signal = AbortSignal.abort(new Error("enough"));
  await assert.rejects(align(folder, method, { ...config, out }, { signal }), /enough/);
  assert.ok(!existsSync(join(out, "pairs.jsonl")));
});

test("the reference's reading is told of, and can be stopped in the middle", async () => {
  const { method, config } = SMALL["dpo-own"]!;
  const out = newOut();
  const abort = new AbortController();
  const told: string[] = [];
  const onEvent = (event: AlignEvent): void => {
    if (event.type !== "working") return;
    told.push(event.what);
    if (event.what.startsWith("the reference") && event.done > 0) abort.abort(new Error("enough"));
  };
  await assert.rejects(align(folder, method, { ...config, out }, { signal: abort.signal, onEvent }), /enough/);
  assert.deepEqual([...new Set(told)], ["drawing answers", "the reference reads the answers"]);
  assert.ok(existsSync(join(out, "pairs.jsonl")) && !existsSync(join(out, "reference.jsonl")));
});

test("a folder of another config is refused, and left as it is", async () => {
  for (const name of ["dpo-own", "expert-iteration"]) {
    const { method, config } = SMALL[name]!;
    const { out } = await align(folder, method, { ...config, out: newOut() });
    const before = snapshot(out);
    for (const other of [{ seed: 2 }, { sequences: 2 }, { template: { user: { after: ":" } } }, { batch: 2 }]) {
      await assert.rejects(align(folder, method, { ...config, ...other, out }), {
        name: "RecipeError",
        message: /holds a run of another config .*; give another "out"/,
      });
    }
    await assert.rejects(align(folder, method, { ...config, seed: 2, out }), /\(differing: beginning, seed\)/);
    await assert.rejects(align(folder, "sft", { ...SMALL.sft!.config, out }), /holds a run of another config/);
    assert.deepEqual(snapshot(out), before);
  }
});

test("before the first checkpoint a config may change: nothing of the other one stays", async () => {
  const { method, config } = SMALL["dpo-own"]!;
  const evaluate = { prompts: "questions.jsonl", verify: [OFTEN_RIGHT], maxTokens: 4, temperature: 1 };
  const out = newOut();
  const ended = align(folder, method, { ...config, evaluate, seed: 2, out }, { onEvent: endingAt(4) });
  await assert.rejects(ended, /ended/);
  assert.equal(readFileSync(join(out, "log.jsonl"), "utf8").trim().split("\n").length, 3);
  const wanted = await align(folder, method, { ...config, evaluate, out: newOut() });
  assert.deepEqual(traces(await align(folder, method, { ...config, evaluate, out })), traces(wanted));
});

test("a round asks the model as it is: what another one answered is not taken for its answers", async () => {
  const { method, config } = SMALL["expert-iteration"]!;
  const rare = { ...config, checkpoint: { every: 3 } };
  const out = newOut();
  const faster = { ...rare, schedule: { peak: 0.1 }, out };
  const onEvent = (event: AlignEvent): void => assert.ok(event.type !== "step" || event.step < 2, "ended");
  await assert.rejects(align(folder, method, faster, { onEvent }), /ended/);
  const wanted = await align(folder, method, { ...rare, out: newOut() });
  assert.deepEqual(traces(await align(folder, method, { ...rare, out })), traces(wanted));
});

test("one method begins from what another left: a run's folder, or a checkpoint with a value head in it", async () => {
  const { out } = await align(folder, "ppo", { ...SMALL.ppo!.config, out: newOut() });
  const { model: _, ...config } = SMALL.sft!.config;
  const digests = new Set<string>();
  for (const from of [out, join(out, "checkpoints", "step-00000003")]) {
    digests.add((await align(folder, "sft", { ...config, from, out: newOut() })).digest);
  }
  assert.equal(digests.size, 1);
});

test("bits per byte of held-out text before and after are the alignment tax", async () => {
  const documents = Array.from({ length: 6 }, (_, n) => [...BYTES.encode(`${n} and ${n}`), BYTES.endOfText]);
  const heldOut = await writeRun(join(folder, "held-out"), documents, { tokenizer: BYTES });
  const { config } = SMALL.sft!;
  const { before, after } = await align(folder, "sft", { ...config, heldOut, out: newOut() });
  // A model that knows nothing takes eight bits a byte, and a little for the end of the text.
  assert.ok(Math.abs(before!["heldOut/bitsPerByte"]! - Math.log2(257)) < 0.1, `${before!["heldOut/bitsPerByte"]}`);
  assert.notEqual(after!["heldOut/bitsPerByte"], before!["heldOut/bitsPerByte"]);
  const other = await writeRun(join(folder, "other-tokenizer"), [[...new Array(40).fill(1), 999]]);
  await assert.rejects(align(folder, "sft", { ...config, heldOut: other, out: newOut() }), {
    name: "RecipeError",
    message: /config: heldOut: .* was encoded with v1000, the model reads bytes/,
  });
});

test("what cannot be followed is told with its line", async () => {
  writeRows(join(folder, "no-answers.jsonl"), [{ prompt: "1+1" }, { prompt: "1+2" }]);
  const wrong: [string, string, Record<string, unknown>, RegExp][] = [
    ["sft", "sft", { bacth: 4 }, /:\d+: sft: unknown parameter "bacth" \(it has: .*batch.*\)$/],
    ["sft", "sft", { epochs: 0 }, /:\d+: sft\.epochs: expected .*>=1, found number \(0\)/],
    ["sft", "sft", { data: "nowhere.jsonl" }, /:\d+: data\[0\]: no such file: .*nowhere\.jsonl/],
    [
      "sft",
      "sft",
      { data: "pairs.jsonl", aggregate: "sequence-mean", packing: "best-fit" },
      /sft\.aggregate: .*packing/,
    ],
    ["dpo", "dpo", { data: "examples.jsonl" }, /expected a chosen and a rejected answer/],
    ["dpo", "dpo", { data: undefined }, /:1: dpo\.data: found neither, expected "data" .* or "pairs"/],
    ["dpo", "dpo", { pairs: SMALL["dpo-own"]!.config.pairs }, /dpo\.pairs: found both/],
    [
      "dpo",
      "dpo",
      { loss: "hinge", labelSmoothing: 0.1 },
      /dpo\.labelSmoothing: found 0\.1 with loss: hinge, expected 0/,
    ],
    [
      "dpo",
      "dpo",
      { data: { files: "pairs.jsonl", validation: 0.9999 } },
      /data: no row is left .* all 8 are held out/,
    ],
    ["grpo", "grpo", { steps: 0 }, /grpo\.steps: expected/],
    ["grpo", "grpo", { reward: [{ use: "nunber" }] }, /:\d+: reward\[0\]: unknown verifier "nunber" \(built in: /],
    ["ppo", "ppo", { probe: [{ use: "./mine.ts" }] }, /:\d+: probe\[0\]: no file "\.\/mine\.ts"/],
    [
      "grpo",
      "grpo",
      { prompts: "no-answers.jsonl", reward: [{ use: "numeric", with: { field: "answer" } }] },
      /:\d+: prompts: answers to none of 2 prompts can be verified/,
    ],
    [
      "grpo",
      "grpo",
      { maxTokens: 40 },
      /:\d+: prompts: 8 of 8 rows are faulty \(prompt-too-long 8\).*a lower maxTokens/,
    ],
    ["grpo", "grpo", { temperature: 0 }, /:\d+: grpo\.temperature: found 0, at which all answers .* are the same/],
    ["grpo", "grpo", { stop: [""] }, /:\d+: grpo\.stop\[0\]: expected/],
    ["sft", "sft", { model: { layers: 1 } }, /:\d+: model\.contextLength: expected number, found nothing/],
    ["ppo", "ppo", { model: undefined }, /expected either "from" .* or "model"/],
    [
      "sft",
      "sft",
      { model: { ...(SMALL.sft!.config.model as object), vocabSize: 5 } },
      /:\d+: model\.vocabSize: the tokenizer bytes has 257 ids, found 5/,
    ],
  ];
  for (const [small, method, change, message] of wrong) {
    const path = join(folder, `${method}.yaml`);
    writeFileSync(path, JSON.stringify({ ...SMALL[small]!.config, ...change, out: newOut() }, null, 2));
    await assert.rejects(
      async () => await runPlan(readAlignConfig(path, METHODS.get(method)!)),
      (error: Error) => {
        assert.match(error.message, message);
        assert.match(error.name, /^(Recipe|Format)Error$/);
        return true;
      },
    );
  }
});

test("a verifier that fails in every step is told of once, and counted in the log", async () => {
  const path = join(folder, "failing.ts");
  const sluice = JSON.stringify(new URL("../../../index.ts", import.meta.url).href);
  writeFileSync(
    path,
    `import { defineVerifier, z } from ${sluice};
export default defineVerifier({
  name: "failing",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({}),
  verify(response) {
    if (response !== "") throw new Error("no idea");
    return 0;
  },
});
`,
  );
  const events: AlignEvent[] = [];
  const { config } = SMALL.grpo!;
  const reward = [OFTEN_RIGHT, { use: "./failing.ts" }];
  await align(folder, "grpo", { ...config, reward, out: newOut() }, { onEvent: (event) => events.push(event) });
  const notes = events.flatMap((event) => (event.type === "note" ? [event.message] : []));
  assert.equal(notes.length, 1);
  assert.match(notes[0]!, /^verifier failing failed \(threw\), at questions\.jsonl:\d+: Error: no idea/);
  const steps = events.filter((event): event is AlignEvent & AlignEntry => event.type === "step");
  for (const { metrics } of steps) assert.ok(metrics.failed! > 0.4);
});

test("a run that diverges names its last checkpoint", async () => {
  const { config } = SMALL.dpo!;
  const wild = { ...config, beta: 1e6, clip: 1e30, schedule: { peak: 1e30 }, epochs: 3, checkpoint: { every: 1 } };
  await assert.rejects(align(folder, "dpo", { ...wild, out: newOut() }), {
    name: "DivergedError",
    message: /^step \d+, update \d+: the loss is .*last checkpoint: .*step-\d+$/,
  });
});

test("a run that learned from no answer says so", async () => {
  const level = [{ use: "length", with: { atMost: 1000 } }];
  const notesOf = async (reward: unknown): Promise<string[]> => {
    const notes: string[] = [];
    const onEvent = (event: AlignEvent) => void (event.type === "note" && notes.push(event.message));
    await align(folder, "grpo", { ...SMALL.grpo!.config, reward, out: newOut() }, { onEvent });
    return notes;
  };
  assert.match((await notesOf(level)).join(), /^nothing was learned in \d+ steps: no answers were left to learn from/);
  assert.deepEqual(await notesOf([OFTEN_RIGHT]), []);
});

/** Every file but the checkpoints' and the lock, and what is in it. */
function snapshot(out: string): object {
  const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [
      join(parentPath, name),
      readFileSync(join(parentPath, name)).toString("base64"),
    ]),
  );
}
