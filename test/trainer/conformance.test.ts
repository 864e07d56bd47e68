/** Conformance cases: all of the fixtures where they lie beside the checkout, a made-up one everywhere. */
import assert from "node:assert/strict";
import { cpSync, globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { conformanceCommand } from "../../pipeline/cli/conformance.ts";
import { onnxBackend } from "../../trainer/backends/onnx/onnx.ts";
import { referenceBackend } from "../../trainer/backends/reference.ts";
import { CASES } from "../../trainer/conformance/cases/index.ts";
import { type Outcome, runConformance } from "../../trainer/conformance/conformance.ts";
import { parseNpy } from "../../trainer/conformance/npy.ts";
import { needsShared, sharedPath } from "../shared.ts";

const FIXTURES = "fixtures/course";
const ENTROPY = "a5_2025/tests/_snapshots/test_compute_entropy/array";

let dir: string;
before(() => {
  dir = mkdtempSync(join(tmpdir(), "sluice-conformance-"));
});
after(() => rmSync(dir, { recursive: true, force: true }));

for (const backend of [referenceBackend(), await onnxBackend({ threads: 2 })]) {
  test(`every course fixture is met by ${backend.name}`, needsShared(FIXTURES), async () => {
    const outcomes = await outcomesOf(sharedPath(FIXTURES, "cases.json"), backend);
    assert.deepEqual(
      outcomes.filter(({ passes }) => !passes),
      [],
    );
    assert.deepEqual(outcomes.map((outcome) => outcome.case).sort(), [...CASES.keys()].sort());
    assert.equal(outcomes.length, 18);
    assert.ok(outcomes.every(({ backend: name, compared }) => name === backend.name && compared > 0));
    // The assignments allow 1e-2 for some of these, for kernels in half precision.
    const { largestError } = outcomes.find((outcome) => outcome.case === "flash fwd/bwd")!;
    assert.ok(largestError <= 1e-5, `flash: ${largestError}`);
    for (const outcome of outcomes.filter((one) => one.case.startsWith("a5 "))) {
      assert.ok(outcome.largestError <= 2e-6, `${outcome.case}: ${outcome.largestError}`);
    }
  });
}

test("every stored result of the fifth assignment has a case, but for two", needsShared(FIXTURES), () => {
  const all = JSON.parse(readFileSync(sharedPath(FIXTURES, "cases.json"), "utf8")) as {
    test: string;
    expected: string;
  }[];
  const expected = all.filter(({ test: name }) => name.startsWith("a5 ")).map((one) => `${one.expected}.npy`);
  const root = sharedPath(FIXTURES, "npy");
  const compared = new Set(globSync(expected, { cwd: root }).map((path) => basename(dirname(path))));
  assert.equal(compared.size, 22);
  const stored = readdirSync(join(root, "a5_2025/tests/_snapshots"));
  assert.deepEqual(stored.filter((name) => !compared.has(name)).sort(), [
    // Needs the weights of a model of the course.
    "test_get_response_log_probs",
    // Three arrays of ids, which `align/row-batch.test.ts` compares rows with.
    "test_tokenize_prompt_and_output",
  ]);
});

test("one wrong number in a course fixture fails its case, and that alone", needsShared(FIXTURES), async () => {
  const copy = join(dir, "copy");
  cpSync(sharedPath(FIXTURES, "npy"), join(copy, "npy"), { recursive: true });
  const path = join(copy, "npy/a1_2024/tests/fixtures/transformer_block_expected_output/tensor.npy");
  const bytes = readFileSync(path);
  bytes.writeFloatLE(bytes.readFloatLE(bytes.length - 4) + 1e-5, bytes.length - 4);
  writeFileSync(path, bytes);
  const all = JSON.parse(readFileSync(sharedPath(FIXTURES, "cases.json"), "utf8")) as { test: string }[];
  const some = all.filter(({ test: name }) => ["2024 rmsnorm", "2024 block", "a5 sft step"].includes(name));
  writeFileSync(join(copy, "cases.json"), JSON.stringify(some));
  const outcomes = await outcomesOf(join(copy, "cases.json"));
  assert.deepEqual(
    outcomes.map((outcome) => [outcome.case, outcome.passes]),
    [
      ["2024 rmsnorm", true],
      ["2024 block", false],
      ["a5 sft step", true],
    ],
  );
  assert.match(outcomes[1]!.fault!, /^transformer_block_expected_output\[65535\]: found \S+, expected \S+$/);
});

// All words are as likely as any other: the entropy is the logarithm of their number.
const LEVEL = Math.log(4);

test("a result within its tolerance passes, one without fails and is told by its place", async () => {
  for (const [expected, tolerance, passes] of [
    [[LEVEL, LEVEL], { atol: 1e-6 }, true],
    [[LEVEL, LEVEL + 0.5], { atol: 0.6 }, true],
    [[LEVEL, LEVEL + 0.5], { atol: 0.4 }, false],
    [[LEVEL, LEVEL + 0.5], { atol: 0, rtol: 0.3 }, true],
    [[LEVEL, LEVEL + 0.5], { atol: 0, rtol: 0.2 }, false],
    [[LEVEL, LEVEL + 5e-5], {}, true],
    [[LEVEL, LEVEL + 5e-4], {}, false],
    [[LEVEL, Number.NaN], { atol: 1e9 }, false],
    [[LEVEL, Number.POSITIVE_INFINITY], { atol: 1e9, rtol: 1 }, false],
  ] as const) {
    const [outcome] = await outcomesOf(entropyFixtures(expected, tolerance));
    assert.equal(outcome!.passes, passes, JSON.stringify([expected, tolerance]));
    assert.equal(outcome!.isDefaultAtol, !("atol" in tolerance));
    if (!passes) assert.match(outcome!.fault!, /^test_compute_entropy\[1\]: found 1\.386\d*, expected /);
  }
});

test("where no number is expected, none may be found", async () => {
  const path = entropyFixtures([Number.NaN, Number.NaN], {}, new Array(8).fill(Number.NaN));
  const [outcome] = await outcomesOf(path);
  assert.equal(outcome!.fault, undefined);
  assert.equal(outcome!.largestError, 0);
});

test("a result of another shape fails", async () => {
  const [outcome] = await outcomesOf(entropyFixtures([LEVEL], {}));
  assert.match(outcome!.fault!, /test_compute_entropy: found a result \[2\], expected \[1\]/);
  assert.equal(outcome!.passes, false);
});

test("fixtures that are not what they claim stop the run with a sentence", async () => {
  const path = entropyFixtures([LEVEL, LEVEL], {});
  const listed = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>[];
  for (const [text, message] of [
    ["{", /cases\.json: SyntaxError/],
    ["[{}]", /cases\.json: 0\.test: /],
    [JSON.stringify([{ ...listed[0], test: "2031 telepathy" }]), /unknown case "2031 telepathy" \(there are: 2024 rms/],
    [JSON.stringify([{ ...listed[0], inputs: ["generated/nowhere_*"] }]), /no array generated\/nowhere_\*\.npy in /],
  ] as const) {
    writeFileSync(path, text);
    await assert.rejects(outcomesOf(path), { name: "FormatError", message });
  }
  await assert.rejects(outcomesOf(join(dir, "none.json")), { name: "RecipeError", message: /none\.json: cannot be/ });
});

test("the command prints a line a case and the result, and its exit code tells whether all pass", async () => {
  const failing = entropyFixtures([LEVEL, LEVEL + 1], {});
  assert.deepEqual(await command(failing, "--backend", "reference", "--json"), {
    code: 1,
    lines: [
      '{"type":"case","case":"a5 entropy","backend":"reference","atol":0.0001,"rtol":0,"isDefaultAtol":true,"passes":false,' +
        '"largestError":1,"compared":2,"fault":"test_compute_entropy[1]: found 1.3862943649291992, expected 2.386294364929199"}',
      '{"type":"result","passed":0,"failed":1}',
    ],
  });
  const passing = entropyFixtures([LEVEL, LEVEL], { atol: 1e-6, rtol: 1e-4 });
  const { code, lines } = await command(passing);
  assert.equal(code, 0);
  assert.match(lines[0]!, /a5 entropy\s+reference\s+\S+\s+1e-6 \+ 1e-4 rel\s+pass\n.*onnx.*pass\n2 of 2 pass$/);
});

test("a .npy file is read back as numbers: both versions, every type, no axes", () => {
  const array = parseNpy(npy("<f4", "(2, 1)", Buffer.from(Float32Array.of(1.5, -2).buffer)), "x");
  assert.deepEqual(array, { type: "<f4", shape: [2, 1], values: Float64Array.of(1.5, -2) });
  const f8 = npy("<f8", "()", Buffer.from(Float64Array.of(Math.PI).buffer), 2);
  assert.deepEqual(parseNpy(f8, "x"), { type: "<f8", shape: [], values: Float64Array.of(Math.PI) });
  const i8 = npy("<i8", "(2,)", Buffer.from(BigInt64Array.of(-3n, 2n ** 53n - 1n).buffer));
  assert.deepEqual([...parseNpy(i8, "x").values], [-3, 2 ** 53 - 1]);
  const i4 = npy("<i4", "(1,)", Buffer.from(Int32Array.of(-7).buffer));
  assert.deepEqual([...parseNpy(i4, "x").values], [-7]);
  assert.deepEqual([...parseNpy(npy("|b1", "(3,)", Buffer.of(1, 0, 1)), "x").values], [1, 0, 1]);
  assert.deepEqual(parseNpy(npy("<f4", "(0, 4)", Buffer.of()), "x").shape, [0, 4]);
  // Bytes in the middle of others, at no multiple of an element.
  const shifted = Buffer.concat([Buffer.of(9), npy("<f4", "(1,)", Buffer.from(Float32Array.of(0.5).buffer))]);
  assert.deepEqual([...parseNpy(shifted.subarray(1), "x").values], [0.5]);
});

test("a damaged .npy file is refused, whatever is wrong with it", () => {
  const four = Buffer.alloc(4);
  const good = npy("<f4", "(1,)", four);
  for (const [bytes, message] of [
    [Buffer.of(), /no \.npy file/],
    [Buffer.from("PK\x03\x04 a zip of arrays"), /no \.npy file/],
    [good.subarray(0, 6), /version undefined/],
    [good.subarray(0, 9), /the file ends after 9 bytes, within its header/],
    [good.subarray(0, 40), /the header says that it has \d+ bytes, the file ends after 30/],
    [npy("<f4", "(1,)", four, 3), /\.npy of version 3\.0, expected 1 or 2/],
    [Buffer.concat([good.subarray(0, 6), Buffer.of(2, 0, 255, 255, 255, 255)]), /says that it has 4294967295 bytes/],
    [npy("<f4", "(2,)", four), /shape \(2\) of <f4 takes 8 bytes, found 4/],
    [npy("<f4", "(1,)", Buffer.alloc(5)), /takes 4 bytes, found 5/],
    [npy("<f4", "(99999999999, 99999999999)", four), /takes 3\.99\d*e\+22 bytes, found 4/],
    [npy("<f4", "(-1,)", four), /not that of an array of numbers/],
    [npy("<f4", "(1L,)", four), /not that of an array of numbers/],
    [npy("<f4", "(1,,1)", four), /is no shape/],
    [npy("<f4", "(1 1,)", four), /is no shape/],
    [npy(">f4", "(1,)", four), /elements are ">f4", expected one of <f4 <f8/],
    [npy("|O", "(1,)", four), /elements are "\|O"/],
    [npy("toString", "(1,)", four), /elements are "toString"/],
    [npy("|b1", "(1,)", Buffer.of(2)), /2 is no truth value/],
    [npy("<i8", "(1,)", Buffer.from(BigInt64Array.of(2n ** 60n).buffer)), /is beyond 2\^53/],
    [withHeader("{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }", four), /lie column by column/],
    [withHeader("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", four), /an array of numbers/],
    [withHeader("__import__('os')", four), /not that of an array of numbers/],
    [withHeader("{'shape': (".padEnd(60_000, "1, "), four), /not that of an array of numbers/],
  ] as const) {
    assert.throws(() => parseNpy(bytes, "some.npy"), { name: "FormatError", message }, String(message));
    assert.throws(() => parseNpy(bytes, "some.npy"), /^FormatError: some\.npy: /);
  }
});

async function outcomesOf(path: string, backend = referenceBackend()): Promise<Outcome[]> {
  return Array.fromAsync(runConformance(path, [backend]));
}

/** A `cases.json` of one case: the entropy of two rows of four logits. */
function entropyFixtures(
  expected: readonly number[],
  tolerance: { readonly atol?: number; readonly rtol?: number },
  logits: readonly number[] = new Array(8).fill(0),
): string {
  const root = mkdtempSync(join(dir, "made-"));
  writeArray(join(root, "npy/generated/a5_logits.npy"), "(2, 4)", logits);
  writeArray(join(root, `npy/${ENTROPY}.npy`), `(${expected.length},)`, expected);
  const path = join(root, "cases.json");
  const one = { test: "a5 entropy", inputs: ["generated/a5_logits"], expected: ENTROPY, ...tolerance };
  writeFileSync(path, JSON.stringify([one]));
  return path;
}

function writeArray(path: string, shape: string, values: readonly number[]): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, npy("<f4", shape, Buffer.from(Float32Array.from(values).buffer)));
}

function npy(type: string, shape: string, data: Buffer, major = 1): Buffer {
  return withHeader(`{'descr': '${type}', 'fortran_order': False, 'shape': ${shape}, }`, data, major);
}

function withHeader(header: string, data: Buffer, major = 1): Buffer {
  const length = Buffer.alloc(major === 1 ? 2 : 4);
  if (major === 1) length.writeUInt16LE(header.length + 1);
  else length.writeUInt32LE(header.length + 1);
  const magic = Buffer.from("\x93NUMPY", "latin1");
  return Buffer.concat([magic, Buffer.of(major, 0), length, Buffer.from(`${header}\n`), data]);
}

/** `sluice conformance …` in this process: what it logs, and the exit code it asks for. */
async function command(...args: string[]): Promise<{ code: unknown; lines: string[] }> {
  const { log } = console;
  const lines: string[] = [];
  console.log = (line: string) => lines.push(line);
  try {
    await conformanceCommand().exitOverride().parseAsync(args, { from: "user" });
  } finally {
    console.log = log;
  }
  const code = process.exitCode;
  process.exitCode = 0;
  return { code, lines };
}
