/** `sluice compare` with an `align:` section: every model goes through the stages, and the report says what is left. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { stringify } from "yaml";
import { readExperiment } from "../../../eval/experiment/experiment.ts";
import { planExperiment } from "../../../eval/experiment/plan-experiment.ts";
import { prepare } from "../../../eval/experiment/prepare.ts";
import { registry } from "../../../index.ts";
import { compare, dataOf, dir, experiment, resultsOf, units } from "./tiny.ts";

const WORDS = ["river", "stone", "tree", "cloud", "bird", "field", "rain", "light"];

const align = {
  template: "plain",
  stages: [
    {
      name: "taught",
      method: "sft",
      with: { data: "answers.jsonl", batch: 8, epochs: 3, checkpoint: { every: 1 }, schedule: { peak: 0.01 } },
    },
    {
      name: "rewarded",
      method: "grpo",
      with: {
        prompts: "asked.jsonl",
        reward: [{ use: "contains", with: { texts: ["e"] } }],
        ...{ steps: 2, questions: 2, samples: 4, maxTokens: 6 },
      },
    },
  ],
  measure: {
    prompts: "held-out.jsonl",
    verify: [{ use: "contains", with: { texts: ["e"] } }],
    maxTokens: 6,
    samples: 2,
  },
};
const changes = { variants: [experiment.variants[0]], align };

before(() => {
  const rows = (from: number, to: number) =>
    WORDS.slice(from, to).map((word) => JSON.stringify({ prompt: `Name a ${word}:`, response: ` the ${word} there` }));
  for (const [file, lines] of [
    ["answers.jsonl", rows(0, 5)],
    ["asked.jsonl", rows(3, 6)],
    ["held-out.jsonl", rows(5, 8)],
  ] as const) {
    writeFileSync(join(dir, file), `${lines.join("\n")}\n`);
  }
});

test("models are aligned, killed and gone on with, and measured before and after", { timeout: 300_000 }, async () => {
  const { align: _, ...without } = changes;
  assert.equal((await compare("aligned", without)).code, 0);
  const { alignment: none, ...bare } = dataOf("aligned");
  assert.equal(none, undefined);
  // All else is found: the first checkpoints to be renamed are those of an alignment.
  const killed = await compare("aligned", changes, { SLUICE_FAILPOINT: "rename@4" });
  assert.equal(killed.signal, "SIGKILL", killed.stderr);
  const result = await compare("aligned", changes);
  assert.equal(result.code, 0, result.stderr);
  const made = units(result).filter(({ kind }) => kind === "aligned");
  assert.deepEqual(
    made.map(({ unit }) => unit).sort(),
    ["plain", "shuffled"].flatMap((arm) =>
      [1, 2].flatMap((seed) => ["rewarded", "taught"].map((stage) => `align ${arm}, seed ${seed}: ${stage}`)),
    ),
  );
  assert.ok(units(result).every(({ kind, reused }) => kind !== "model" || reused));
  // The second stage begins with what the first came to.
  const placeOf = (unit: string) => join(dir, "cache-aligned", "aligned", made.find((one) => one.unit === unit)!.key);
  for (const name of ["plain, seed 1", "shuffled, seed 2"]) {
    const manifest = readFileSync(join(placeOf(`align ${name}: rewarded`), "manifest.json"), "utf8");
    const taught = readFileSync(join(placeOf(`align ${name}: taught`), "model.sha256"), "utf8");
    assert.equal(JSON.parse(manifest).identity.beginning, taught);
  }

  const { alignment, warnings, ...rest } = dataOf("aligned");
  for (const part of ["pairs", "conclusion", "arms", "domains"] as const) assert.deepEqual(rest[part], bare[part]);
  assert.deepEqual(
    alignment!.stages.map(({ name, method }) => [name, method]),
    [
      ["taught", "sft"],
      ["rewarded", "grpo"],
    ],
  );
  assert.equal(alignment!.prompts, 3);
  for (const { byArm, pairs, scorePairs } of [alignment!.before, ...alignment!.stages]) {
    assert.equal(pairs.length, 1);
    assert.equal(scorePairs!.length, 1);
    for (const { score } of byArm) assert.ok(score!.estimate >= 0 && score!.estimate <= 1);
  }
  // Before, the pair is the experiment's own.
  assert.deepEqual(alignment!.before.pairs, rest.pairs);
  const [first, last] = [alignment!.before.byArm[0]!, alignment!.stages.at(-1)!.byArm[0]!];
  const tax = last.bitsPerByte.estimate - first.bitsPerByte.estimate;
  assert.ok(Math.abs(alignment!.stages.at(-1)!.tax[0]!.estimate - tax) < 1e-9);
  assert.notEqual(tax, 0);
  assert.match(alignment!.conclusion.sentence, /taught and rewarded/);
  // One of the three that are measured on is among those asked in the second stage.
  assert.deepEqual(
    warnings.filter(({ message }) => /are learned from/.test(message)).map(({ message }) => message.split(" (")[0]),
    ["1 of 3 prompts that answers are measured on are learned from in rewarded"],
  );

  // Once more: nothing is left to do, and the report is the same.
  const found = resultsOf("aligned");
  const again = await compare("aligned", changes);
  assert.ok(units(again).every(({ reused }) => reused));
  assert.deepEqual(resultsOf("aligned"), found);

  const cache = join(dir, "cache-aligned");
  const plan = await planExperiment(readExperiment(join(dir, "aligned.yaml")), { registry, cache, sample: false });
  assert.deepEqual(plan.alignment, {
    models: 4,
    stages: [
      { name: "taught", method: "sft", rows: 5, answers: undefined },
      { name: "rewarded", method: "grpo", rows: 3, answers: 16 },
    ],
    answersMeasured: 18,
  });
});

test("what the experiment decides is refused in a stage, with its line", async () => {
  const refused = async (stages: object[], message: RegExp) => {
    const path = join(dir, "refused.yaml");
    writeFileSync(path, stringify({ ...experiment, align: { stages } }));
    await assert.rejects(prepare(readExperiment(path), { registry, cache: join(dir, "cache-refused") }), message);
  };
  const [taught] = align.stages;
  await refused(
    [{ ...taught, with: { ...taught!.with, seed: 3 } }],
    /refused\.yaml:\d+: taught\.seed: the experiment decides this; leave it out/,
  );
  await refused([taught!, taught!], /refused\.yaml:\d+: a stage before it is called "taught", too/);
  await refused([{ ...taught, with: { ...taught!.with, template: "chat" } }], /give it as align\.template/);
  await refused(
    [{ ...taught, with: { data: "none.jsonl" } }],
    /refused\.yaml:\d+: taught\[0\]: no such file: .*none\.jsonl/,
  );
  await refused([{ ...taught, with: { ...taught!.with, epoch: 3 } }], /refused\.yaml:\d+: .*epoch/);
});

test("prompts that cannot be asked are counted with their lines, and held-out ones are no stage's", async () => {
  const rows = [" ", ...Array.from({ length: 40 }, (_, n) => `Name ${n}:`)].map((prompt) =>
    JSON.stringify({ prompt, response: "one" }),
  );
  writeFileSync(join(dir, "many.jsonl"), `${rows.join("\n")}\n`);
  const path = join(dir, "many.yaml");
  const prepared = async (prompts: object) => {
    const data = { files: "many.jsonl", validation: 0.25 };
    const stages = [{ name: "taught", method: "sft", with: { data } }];
    const measured = { template: "plain", stages, measure: { ...align.measure, prompts } };
    writeFileSync(path, stringify({ ...experiment, align: measured }));
    const { alignment } = await prepare(readExperiment(path), { registry, cache: join(dir, "cache-many") });
    return alignment!;
  };
  const held = await prepared({ files: "many.jsonl", validation: 0.25 });
  assert.match(held.notes.join("\n"), /1 of 41 rows were left out: empty-prompt 1 \(many\.jsonl:1\)/);
  assert.deepEqual(held.shared, []);
  const asked = held.questions!.prompts.length;
  assert.ok(asked > 2 && asked + held.stages[0]!.rows === 40, String(asked));
  const all = await prepared({ files: "many.jsonl" });
  assert.deepEqual(all.shared, [{ stage: "taught", prompts: held.stages[0]!.rows }]);
  await assert.rejects(prepared({ files: "none.jsonl" }), /many\.yaml:\d+: align\.measure\.prompts\[0\]: no such file/);
  await assert.rejects(
    prepared({ files: "many.jsonl", limit: 1 }),
    /many\.yaml:\d+: align\.measure: found one prompt that can be asked/,
  );
});
