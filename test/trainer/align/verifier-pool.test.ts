import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type BoundVerifier, resolveVerifiers, type Use } from "../../../trainer/align/judging/resolve.ts";
import { combine } from "../../../trainer/align/judging/rewards.ts";
import { countFailures, failuresOf, VerifierPool } from "../../../trainer/align/judging/verifier-pool.ts";
import type { Verified } from "../../../trainer/align/verifiers/verifier.ts";
import { asked } from "./asked.ts";

const dir = mkdtempSync(join(tmpdir(), "sluice-verifiers-"));
const pools: VerifierPool[] = [];
after(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
  rmSync(dir, { recursive: true });
});

/** Loading "sluice" takes each thread half a second: one test shows that it can be, the others import what they need. */
const SLUICE = `import { defineVerifier, z } from "sluice";\nimport type { Asked, Judgement } from "sluice";`;
const PARTS = `import { z } from ${JSON.stringify(import.meta.resolve("zod"))};
import { defineVerifier } from ${JSON.stringify(import.meta.resolve("../../../trainer/align/verifiers/verifier.ts"))};`;

function write(name: string, verify: string, head = PARTS): string {
  const params = "z.strictObject({ n: z.number().default(1) })";
  const fields = `name: "${name}", module: import.meta.url, version: 1, params: ${params}, verify: ${verify}`;
  writeFileSync(join(dir, `${name}.ts`), `${head}\nexport default defineVerifier({ ${fields} });\n`);
  return `./${name}.ts`;
}

function resolve(...uses: Use[]): Promise<readonly BoundVerifier[]> {
  return resolveVerifiers(uses, { baseDir: dir, place: "grpo.yaml: verify" });
}

async function poolOf(...uses: Use[]): Promise<VerifierPool> {
  const pool = new VerifierPool(await resolve(...uses), { deadlineMs: 400 });
  pools.push(pool);
  return pool;
}

const answered = (...responses: string[]) =>
  responses.map((response, i) => ({ response, asked: asked({ answer: "4" }, { place: `rows.jsonl:${i + 1}` }) }));

test("a user's own verifier is a file that imports sluice, typed, with parameters", async () => {
  const use = write(
    "ends-with",
    `(response: string, { fields }: Asked, { n }): Judgement => (response.endsWith(String(fields.answer).repeat(n)) ? 1 : 0)`,
    SLUICE,
  );
  const pool = await poolOf({ use, with: { n: 2 } }, { use: "numeric", weight: 0.5 });
  const judged = await pool.judge(answered("44", "4", "5"));
  assert.deepEqual(
    judged.map(({ reward }) => reward),
    [1, 0.5, 0],
  );
  assert.deepEqual(judged[0]!.verified, {
    "ends-with": { score: 1, parts: {} },
    numeric: { score: 0, parts: {} },
  });
});

test("a verifier that throws, hangs, gives no score or exits fails on that response alone", async () => {
  const use = write(
    "moody",
    `(response: string) => {
      if (response === "throw") throw new Error("bad day");
      if (response === "loop") for (;;);
      if (response === "nan") return Number.NaN;
      if (response === "two") return 2;
      if (response === "minus") return -1;
      if (response === "text") return "1" as never;
      if (response === "part") return { score: 1, parts: { a: Number.NaN } };
      if (response === "async") return Promise.resolve(1) as never;
      if (response === "nothing") return undefined as never;
      if (response === "exit") process.exit(3);
      return { score: 0.5, parts: { length: response.length } };
    }`,
  );
  const pool = await poolOf({ use });
  const responses = ["ok", "throw", "loop", "nan", "two", "minus", "text", "part", "async", "nothing", "exit", "fine"];
  const asked = answered(...responses);
  const judged = await pool.judge(asked);
  assert.deepEqual(judged[0]!.verified.moody, { score: 0.5, parts: { length: 2 } });
  assert.deepEqual(judged.at(-1)!.verified.moody, { score: 0.5, parts: { length: 4 } });
  for (const one of judged.slice(1, -1)) assert.equal(one.reward, 0);
  const failures = failuresOf(
    asked.map((one) => one.asked),
    judged,
  );
  assert.deepEqual(
    failures.map(({ place, reason }) => [place, reason]),
    [
      ["rows.jsonl:2", "threw"],
      ["rows.jsonl:3", "timeout"],
      ["rows.jsonl:4", "no-score"],
      ["rows.jsonl:5", "no-score"],
      ["rows.jsonl:6", "no-score"],
      ["rows.jsonl:7", "no-score"],
      ["rows.jsonl:8", "no-score"],
      ["rows.jsonl:9", "no-score"],
      ["rows.jsonl:10", "no-score"],
      ["rows.jsonl:11", "crash"],
    ],
  );
  assert.equal(failures[0]!.message, "Error: bad day");
  assert.equal(failures[2]!.message, "expected a number from 0 to 1, found NaN");
  assert.equal(failures[5]!.message, 'expected a number from 0 to 1, found "1"');
  assert.match(failures[7]!.message, /a promise: verify must not be async/);
  assert.deepEqual(
    countFailures(failures).map(({ verifier, reason, count, place }) => [verifier, reason, count, place]),
    [
      ["moody", "threw", 1, "rows.jsonl:2"],
      ["moody", "timeout", 1, "rows.jsonl:3"],
      ["moody", "no-score", 7, "rows.jsonl:4"],
      ["moody", "crash", 1, "rows.jsonl:11"],
    ],
  );
});

test("a verifier that takes all memory is ended before the process is", async () => {
  const use = write(
    "hoarder",
    "() => { for (const all: number[][] = []; ; ) all.push(new Array(1_000_000).fill(0.5)); }",
  );
  const pool = new VerifierPool(await resolve({ use }), { deadlineMs: 20_000, maxMemoryMb: 100 });
  pools.push(pool);
  const [judged] = await pool.judge(answered("x"));
  assert.deepEqual(judged!.verified.hoarder, {
    score: 0,
    parts: {},
    failure: "out-of-memory",
    message: "needed more than 100 MB",
  });
});

test("a pattern that backtracks for ever is too late, and the next response is judged", async () => {
  const pool = await poolOf({ use: "regex", with: { pattern: "^(a+)+$" } });
  const judged = await pool.judge(answered("aaa", `${"a".repeat(50)}!`, "aaaa"));
  assert.deepEqual(
    judged.map(({ verified }) => verified.regex!.failure),
    [undefined, "timeout", undefined],
  );
  assert.deepEqual(
    judged.map(({ reward }) => reward),
    [1, 0, 1],
  );
});

test("a response that is late once is asked about again", async () => {
  const flag = JSON.stringify(join(dir, "was-here"));
  const use = write(
    "slow-once",
    `() => { if (existsSync(${flag})) return 1; writeFileSync(${flag}, ""); for (;;); }`,
    `import { existsSync, writeFileSync } from "node:fs";\n${PARTS}`,
  );
  const [judged] = await (await poolOf({ use })).judge(answered("x"));
  assert.deepEqual(judged!.verified["slow-once"], { score: 1, parts: {} });
});

test("rows that no response can be judged by are found before there is one", async () => {
  const pool = await poolOf({ use: "numeric" }, { use: "exact", with: { field: "answer" } });
  const prompts = [
    asked({ answer: "4" }, { place: "a:1" }),
    asked({}, { place: "a:2" }),
    asked({ answer: "four" }, { place: "a:3" }),
  ];
  assert.deepEqual(
    (await pool.faultyRows(prompts)).map(({ place, verifier, message }) => [place, verifier, message]),
    [
      ["a:2", "numeric", 'Error: no field "answer" (the row has: none)'],
      ["a:2", "exact", 'Error: no field "answer" (the row has: none)'],
      ["a:3", "numeric", 'Error: the field "answer" has no number in "four"; write it in digits'],
    ],
  );
});

test("a verifier that hangs on empty responses is refused after a few rows, not asked about each", async () => {
  const pool = new VerifierPool(await resolve({ use: write("stuck", "() => { for (;;); }") }), { deadlineMs: 20 });
  pools.push(pool);
  const prompts = Array.from({ length: 1000 }, (_, i) => asked({}, { place: `a:${i + 1}` }));
  await assert.rejects(pool.faultyRows(prompts), {
    name: "RecipeError",
    message:
      'verifier "stuck": no answer after 0.02 s, twice, on empty responses to 3 rows (the first is a:1); expected it to come to an end',
  });
});

test("a reward is the sum by weight, and counts only where every gate is at 1", async () => {
  const shares = [
    { label: "form", weight: 1, gate: true },
    { label: "answer", weight: 2, gate: false },
    { label: "length", weight: 0.5, gate: false },
  ];
  const verified = (form: number, answer: number, length: number): Record<string, Verified> => ({
    form: { score: form, parts: {} },
    answer: { score: answer, parts: {} },
    length: { score: length, parts: {} },
  });
  assert.equal(combine(shares, verified(1, 1, 1)), 2.5);
  assert.equal(combine(shares, verified(1, 0, 1)), 0.5);
  assert.equal(combine(shares, verified(0.9, 1, 1)), 0);
  // r1-zero: formatted but wrong, and right but not formatted, both earn nothing.
  const pool = await poolOf({ use: "format", gate: true }, { use: "numeric" });
  const judged = await pool.judge(answered("</think> <answer>4</answer>", "</think> <answer>5</answer>", "4"));
  assert.deepEqual(
    judged.map(({ reward }) => reward),
    [1, 0, 0],
  );
});

test("what a config names wrongly is refused with its place", async () => {
  writeFileSync(join(dir, "odd.ts"), "export const x = 1;\n");
  writeFileSync(join(dir, "bare.js"), 'export default { kind: "verifier", name: "bare" };\n');
  writeFileSync(join(dir, "broken.ts"), "export default (;\n");
  const stage =
    "import { defineFilter, keep, z } from 'sluice';\nexport default defineFilter({ name: 'f', module: import.meta.url, version: 1, params: z.object({}), score: () => ({}), keep: () => keep });\n";
  writeFileSync(join(dir, "stage.ts"), stage);
  const cases: [Use[], RegExp][] = [
    [
      [{ use: "nummeric" }],
      /verify\[0\]: unknown verifier "nummeric" \(built in: exact, f1, .*; a file of yours begins with \.\/\)/,
    ],
    [[{ use: "./none.ts" }], /verify\[0\]: no file "\.\/none\.ts" in /],
    [
      [{ use: "./odd.ts" }],
      /verify\[0\]: the default export of .*odd\.ts is missing; expected a verifier made by defineVerifier/,
    ],
    [[{ use: "./stage.ts" }], /the default export of .*stage\.ts is a filter; expected a verifier/],
    [[{ use: "./bare.js" }], /the verifier in .*bare\.js lacks "module"/],
    [[{ use: "./broken.ts" }], /verify\[0\]: cannot load .*broken\.ts/],
    [
      [{ use: "exact" }, { use: "numeric", with: { tolerance: -1 } }],
      /verify\[1\]: numeric\.tolerance: expected number to be >=0, found number \(-1\)/,
    ],
    [
      [{ use: "exact" }, { use: "exact" }],
      /verify\[1\]: grpo\.yaml: verify\[0\] is called "exact", too; give one of them a name with "as"/,
    ],
    [[{ use: "exact", as: "Mine!" }], /verify\[0\]: a verifier is called "Mine!"; expected lower-case letters/],
    [[{ use: "format", gate: true }], /verify: all are gates, which earn nothing/],
    [[], /verify: no verifier; expected one that scores/],
  ];
  for (const [uses, message] of cases) {
    await assert.rejects(resolve(...uses), (error: Error) => {
      assert.equal(error.name, "RecipeError");
      assert.match(error.message, message);
      assert.ok(error.message.startsWith("grpo.yaml: verify"), error.message);
      return true;
    });
  }
});

test("identity holds code, parameters and what a score counts for, and changes with the user's file", async () => {
  const use = write("mine", "() => 1");
  const [before, builtIn] = await resolve({ use, as: "a" }, { use: "exact", weight: 2 });
  assert.match(String(before!.identity.code), /^sha256:/);
  assert.ok(!JSON.stringify(before!.identity).includes(dir));
  assert.match(String(builtIn!.identity.code), /^sluice@/);
  assert.deepEqual(
    { ...builtIn!.identity, code: "" },
    {
      name: "exact",
      label: "exact",
      code: "",
      version: 1,
      params: { field: "answer", trim: true, ignoreCase: false },
      weight: 2,
      gate: false,
    },
  );
  assert.deepEqual([before!.apart, builtIn!.apart], [true, false]);
  write("mine", "() => 0");
  const [changed] = await resolve({ use, as: "a" });
  assert.notEqual(changed!.identity.code, before!.identity.code);
});
