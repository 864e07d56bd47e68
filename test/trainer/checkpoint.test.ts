/** Safetensors files, and the checkpoints made of them. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { basename, join } from "node:path";
import { test } from "node:test";
import { digestOf } from "../../pipeline/canonical.ts";
import { FormatError, RecipeError, RetryError } from "../../pipeline/errors.ts";
import { hashFile } from "../../pipeline/io/durable.ts";
import { seededRandom } from "../../pipeline/random.ts";
import { averageCheckpoints } from "../../trainer/checkpoint/average.ts";
import {
  type Checkpoint,
  checkpointDigest,
  type FloatTensors,
  latestCheckpoint,
  listCheckpoints,
  loadCheckpoint,
  pruneCheckpoints,
  saveCheckpoint,
} from "../../trainer/checkpoint/checkpoint.ts";
import {
  encodeSafetensors,
  readSafetensors,
  type StoredTensors,
  writeSafetensors,
} from "../../trainer/checkpoint/safetensors.ts";
import { ShapeError } from "../../trainer/ir/tensor.ts";
import { tempFolder } from "../tokenizer/temp.ts";

const folder = tempFolder();
let made = 0;
const fresh = (): string => join(folder, String(made++));

// Safetensors

const TINY: StoredTensors = new Map([
  ["w", { shape: [2, 2], values: Float32Array.of(1, -2, 0.5, 3e38) }],
  ["10", { shape: [], values: Int32Array.of(-7) }],
  ["é", { shape: [1], values: Float64Array.of(0.1) }],
]);

/** The original (safetensors 0.8.0, Python) wrote these bytes. */
const GOLDEN = [
  "a800000000000000", // 168 bytes of header
  Buffer.from(
    '{"é":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[2,2],"data_offsets":[8,24]},"10":{"dtype":"I32","shape":[],"data_offsets":[24,28]}}',
  ).toString("hex"),
  "20".repeat(2),
  "9a9999999999b93f", // é
  "0000803f000000c00000003fe6b1617f", // w
  "f9ffffff", // 10
].join("");

const bytesOf = (tensors: StoredTensors): Buffer => Buffer.concat([...encodeSafetensors(tensors)]);

/** A file with this header, as JSON or as it stands, and so many bytes of data. */
function forge(header: object | string | Uint8Array, dataBytes = 0): string {
  const bytes =
    header instanceof Uint8Array ? header : Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeUInt32LE(bytes.length);
  const path = fresh();
  writeFileSync(path, Buffer.concat([length, bytes, Buffer.alloc(dataBytes)]));
  return path;
}

const f32 = (begin: number, end: number, ...shape: number[]) => ({ dtype: "F32", shape, data_offsets: [begin, end] });

test("a safetensors file has the bytes that the original writes, whatever order the tensors come in", async () => {
  assert.equal(bytesOf(TINY).toString("hex"), GOLDEN);
  assert.equal(bytesOf(new Map([...TINY].reverse())).toString("hex"), GOLDEN);
  const path = fresh();
  assert.deepEqual(await writeSafetensors(path, TINY), await hashFile(path));
  assert.equal(readFileSync(path, "hex"), GOLDEN);
  assert.deepEqual((await readSafetensors(path)).tensors, TINY);
});

test("every bit of every number comes back: infinities, signed zero, the payload of a NaN", async () => {
  const bits = Uint32Array.of(0x7f800000, 0xff800000, 0x80000000, 0x7fc00123, 1, 0x7f7fffff);
  const path = fresh();
  await writeSafetensors(path, new Map([["x", { shape: [2, 3], values: new Float32Array(bits.buffer) }]]));
  const { values } = (await readSafetensors(path)).tensors.get("x")!;
  assert.deepEqual(new Uint32Array(values.buffer), bits);
});

test("no tensors, tensors of nothing, odd names and metadata come back", async () => {
  const nothing = fresh();
  await writeSafetensors(nothing, new Map());
  assert.equal(readFileSync(nothing, "latin1"), "\b\0\0\0\0\0\0\0{}      ");
  assert.deepEqual(await readSafetensors(nothing), { tensors: new Map(), metadata: {} });

  const odd: StoredTensors = new Map(
    ["", "0", "a b", 'quote " and \\', "__proto__", "constructor", "\u{1f600}", "\uffff"].map((name, n) => [
      name,
      { shape: [n, 3], values: new Float32Array(3 * n).fill(n) },
    ]),
  );
  const path = fresh();
  await writeSafetensors(path, odd, { b: "2", a: "1" });
  const found = await readSafetensors(path);
  assert.deepEqual(new Map([...found.tensors].sort()), new Map([...odd].sort()));
  assert.deepEqual(found.metadata, { a: "1", b: "2" });
  // By UTF-8, not by UTF-16: U+FFFF before U+1F600.
  assert.deepEqual([...found.tensors.keys()].slice(-2), ["\uffff", "\u{1f600}"]);
});

test("views of a larger buffer are written without what lies around them", async () => {
  const values = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
  const path = fresh();
  await writeSafetensors(path, new Map([["x", { shape: [2], values }]]));
  assert.deepEqual([...(await readSafetensors(path)).tensors.get("x")!.values], [2, 3]);
});

test("what other writers do is read: no alignment, tensors in any order, fields that are not known", async () => {
  const path = forge({ b: f32(4, 8, 1), a: { ...f32(0, 4, 1), note: "x" }, none: f32(4, 4, 0) }, 8);
  assert.deepEqual([...(await readSafetensors(path)).tensors.keys()], ["a", "none", "b"]);
});

test("tensors that do not fill their shape, and names that the format cannot hold, are refused", () => {
  const values = Float32Array.of(1, 2, 3);
  assert.throws(() => bytesOf(new Map([["x", { shape: [2, 2], values }]])), ShapeError);
  for (const name of ["__metadata__", "\ud800"]) {
    assert.throws(() => bytesOf(new Map([[name, { shape: [3], values }]])), RecipeError);
  }
});

const cut = (bytes: number): string => {
  const path = fresh();
  writeFileSync(path, Buffer.from(GOLDEN, "hex").subarray(0, bytes));
  return path;
};

const REFUSED: readonly (readonly [what: string, path: () => string, message: RegExp])[] = [
  ["a file without a length", () => cut(7), /cut short: found 7 bytes, expected at least the 8/],
  ["a header longer than the file", () => cut(100), /cut short: found 100 bytes, expected a header of 168/],
  ["a file that ends in a tensor", () => cut(8 + 168 + 21), /cut short: found 21 bytes of data, expected 24 .* "w"/],
  [
    "a header of more than 100 MB",
    () => {
      const path = fresh();
      writeFileSync(path, Buffer.from("01e1f50500000000", "hex"));
      return path;
    },
    /found a header of 100000001 bytes, expected at most 100000000/,
  ],
  ["a header that is no JSON", () => forge("{oops"), /its header is no JSON/],
  ["a header that is no UTF-8", () => forge(Uint8Array.of(0x7b, 0xff, 0x7d)), /its header is no JSON/],
  ["a header that is no object", () => forge("[]"), /its header begins with "\[\]", expected "{"/],
  ["a header behind spaces", () => forge(" {}"), /its header begins with " {}", expected "{"/],
  ["a tensor that is no object", () => forge({ a: 1 }), /"a": expected object, found number \(1\)/],
  ["a shape that is none", () => forge({ a: { ...f32(0, 4), shape: [1.5] } }, 4), /"a"\.shape\[0\]: expected int/],
  ["a negative size", () => forge({ a: f32(0, 4, -1) }, 4), /"a"\.shape\[0\]: expected/],
  ["a tensor without offsets", () => forge({ a: { dtype: "F32", shape: [] } }), /"a"\.data_offsets: expected/],
  ["metadata that is no text", () => forge({ __metadata__: { a: 1 } }), /"__metadata__"\.a: expected string/],
  [
    "a dtype that is not read",
    () => forge({ a: { ...f32(0, 2, 1), dtype: "F16" } }, 2),
    /tensor "a": found dtype "F16", expected one of F64, F32, I32; convert/,
  ],
  ["a dtype of JavaScript's", () => forge({ a: { ...f32(0, 2, 1), dtype: "toString" } }, 2), /found dtype "toString"/],
  ["offsets that are no shape's", () => forge({ a: f32(0, 8, 3) }, 8), /"a": found 8 bytes, expected 12 for F32 \[3\]/],
  ["offsets that run backwards", () => forge({ a: f32(8, 4, 1) }, 8), /"a": found -4 bytes, expected 4/],
  ["a shape beyond all numbers", () => forge({ a: f32(0, 8, 2 ** 40, 2 ** 40) }, 8), /found 8 bytes, expected 4.8/],
  ["tensors that overlap", () => forge({ a: f32(0, 8, 2), b: f32(4, 12, 2) }, 12), /"b" overlaps tensor "a"/],
  [
    "a gap",
    () => forge({ a: f32(0, 4, 1), b: f32(8, 12, 1) }, 12),
    /"b": found its begin at byte 8 of the data, expected 4/,
  ],
  ["a gap in front", () => forge({ a: f32(4, 8, 1) }, 8), /"a": found its begin at byte 4 of the data, expected 0/],
  ["offsets beyond the file", () => forge({ a: f32(0, 4, 1) }, 3), /found 3 bytes of data, expected 4/],
  ["bytes behind the last tensor", () => forge({ a: f32(0, 4, 1) }, 5), /found 1 bytes behind the last tensor/],
  [
    "a name that comes twice",
    () =>
      forge(
        '{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}, "\\u0061" : {"dtype":"F32","shape":[0],"data_offsets":[0,0]}}',
      ),
    /the header has the name "a" twice/,
  ],
  [
    "a field that comes twice",
    () => forge('{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0],"dtype":"F32"}}'),
    /the header has the name "dtype" twice/,
  ],
];

for (const [what, path, message] of REFUSED) {
  test(`reading safetensors refuses ${what}`, async () => {
    const file = path();
    await assert.rejects(readSafetensors(file), (error: Error) => {
      assert.ok(error instanceof FormatError, String(error));
      assert.match(error.message, message);
      assert.ok(error.message.startsWith(file) && !error.message.includes("\n"), error.message);
      return true;
    });
  });
}

test("a file that is cut anywhere is refused", async () => {
  for (let bytes = 0; bytes < GOLDEN.length / 2; bytes++)
    await assert.rejects(readSafetensors(cut(bytes)), FormatError);
});

// Checkpoints

const HASH = "5".repeat(64);

/** Parameters that hang on the step alone. */
function checkpointAt(step: number, changes: Partial<Checkpoint> = {}): Checkpoint {
  const random = seededRandom(step);
  const tensors = (): FloatTensors =>
    new Map([
      ["embed", { shape: [4, 3], values: Float32Array.from({ length: 12 }, random) }],
      ["layer.0/scale", { shape: [3], values: Float32Array.from({ length: 3 }, random) }],
    ]);
  return {
    parameters: tensors(),
    moments: { first: tensors(), second: tensors() },
    step,
    rowsTaken: 8 * step,
    tokensSeen: 8 * 127 * step,
    random: { seed: 7, state: [1, 2, 3] },
    losses: [{ step, lossNats: 1 / (step + 1) }],
    config: { model: { layers: 1 }, rate: 3e-4, name: null },
    shards: [HASH],
    tokenizer: { name: "gpt2", digest: HASH },
    measured: { seconds: 1.5, host: "a" },
    ...changes,
  };
}

async function rootOf(...steps: number[]): Promise<string> {
  const root = fresh();
  for (const step of steps) await saveCheckpoint(root, checkpointAt(step));
  return root;
}

const stepsIn = (root: string): string[] => readdirSync(root).sort();

test("a checkpoint comes back as it was saved", async () => {
  const root = join(fresh(), "deep", "er");
  const saved = await saveCheckpoint(root, checkpointAt(1234));
  assert.equal(saved, join(root, "step-00001234"));
  assert.deepEqual(stepsIn(root), ["step-00001234"]);
  assert.deepEqual(stepsIn(saved), ["model.safetensors", "optimizer.safetensors", "state.json"]);
  const { folder: from, sluice, configHash, digest, ...rest } = await loadCheckpoint(saved);
  assert.deepEqual(rest, checkpointAt(1234));
  assert.equal(from, saved);
  assert.match(sluice, /^\d+\.\d+\.\d+/);
  assert.equal(configHash, digestOf(checkpointAt(1234).config));
  assert.equal(digest, checkpointDigest(rest));
  // What was loaded can be saved as it is.
  const again = await saveCheckpoint(fresh(), await loadCheckpoint(saved));
  assert.equal(readFileSync(join(again, "state.json"), "utf8"), readFileSync(join(saved, "state.json"), "utf8"));
});

test("a parameter may lack moments; a moment may not lack its parameter", async () => {
  const { parameters } = checkpointAt(1);
  const none = { first: new Map(), second: new Map() };
  const saved = await saveCheckpoint(fresh(), checkpointAt(1, { moments: none }));
  assert.deepEqual((await loadCheckpoint(saved)).moments, none);
  for (const [name, shape] of [
    ["other", [3]],
    ["embed", [3]],
  ] as const) {
    const first = new Map([[name, { shape, values: new Float32Array(3) }]]);
    const root = fresh();
    await assert.rejects(
      saveCheckpoint(root, checkpointAt(1, { parameters, moments: { ...none, first } })),
      ShapeError,
    );
    assert.ok(!existsSync(root));
  }
});

test("the digest hangs on parameters, moments, step and rows taken, and on nothing else", () => {
  const { parameters, moments } = checkpointAt(1);
  const digest = checkpointDigest(checkpointAt(1));
  const same: Partial<Checkpoint>[] = [
    { measured: { seconds: 99, host: "b" } },
    { losses: [], tokensSeen: 0, config: {}, random: null },
    { parameters: new Map([...parameters].reverse()) },
  ];
  for (const changes of same) assert.equal(checkpointDigest(checkpointAt(1, changes)), digest);
  const nudged = (tensors: FloatTensors): FloatTensors =>
    new Map([...tensors].map(([name, { shape, values }]) => [name, { shape, values: values.map((x) => -x) }]));
  const others: Partial<Checkpoint>[] = [
    { step: 2 },
    { rowsTaken: 9 },
    { parameters: nudged(parameters) },
    { moments: { ...moments, first: nudged(moments.first) } },
    { moments: { first: moments.second, second: moments.first } },
    { moments: { ...moments, second: new Map() } },
    { parameters: new Map([...parameters, ["more", { shape: [0], values: new Float32Array(0) }]]) },
  ];
  const digests = others.map((changes) => checkpointDigest({ ...checkpointAt(1), ...changes }));
  assert.equal(new Set([digest, ...digests]).size, others.length + 1);
});

test("what JSON would not give back is refused before anything is written", async () => {
  const refused: readonly (readonly [Partial<Checkpoint>, RegExp])[] = [
    [{ losses: [{ step: 1, lossNats: Number.NaN }] }, /checkpoint\.losses\[0\]\.lossNats: expected number/],
    [{ random: new Uint32Array(2) }, /checkpoint\.random: expected plain data/],
    [{ config: { rate: undefined } }, /checkpoint\.config: expected plain data/],
    [{ measured: { seconds: Number.POSITIVE_INFINITY } }, /checkpoint\.measured\.seconds: expected plain data/],
    [{ step: -1 }, /checkpoint\.step: expected/],
    [{ tokenizer: { name: "gpt2", digest: "abc" } }, /checkpoint\.tokenizer\.digest: expected 64 hex digits/],
  ];
  for (const [changes, message] of refused) {
    const root = fresh();
    await assert.rejects(saveCheckpoint(root, checkpointAt(1, changes)), (error: Error) => {
      assert.ok(error instanceof RecipeError);
      assert.match(error.message, message);
      return true;
    });
    assert.ok(!existsSync(root));
  }
});

test("the latest is the highest step, also beyond eight digits; other names are nobody's checkpoint", async () => {
  assert.equal(await latestCheckpoint(fresh()), undefined);
  const root = await rootOf(99_999_999, 7, 100_000_000);
  for (const name of ["step-9", "best", "step-999999999.bak", ".step-999999999.tmp"]) {
    cpSync(join(root, "step-100000000"), join(root, name), { recursive: true });
  }
  writeFileSync(join(root, "step-999999999"), "a file");
  assert.equal(await latestCheckpoint(root), join(root, "step-100000000"));
  assert.deepEqual(
    (await listCheckpoints(root)).map((path) => basename(path)),
    ["step-00000007", "step-99999999", "step-100000000"],
  );
});

test("a checkpoint of the same step is replaced", async () => {
  const root = await rootOf(1, 2);
  const saved = await saveCheckpoint(root, checkpointAt(2, { rowsTaken: 5 }));
  assert.equal((await loadCheckpoint(saved)).rowsTaken, 5);
  assert.deepEqual(stepsIn(root), ["step-00000001", "step-00000002"]);
});

const FILES = ["model.safetensors", "optimizer.safetensors", "state.json"] as const;

for (const file of FILES) {
  test(`a ${file} that is damaged is refused by its name, with the older checkpoint to resume from`, async () => {
    const damages: readonly (readonly [(path: string) => void, RegExp])[] = [
      [(path) => truncateSync(path, readFileSync(path).length - 3), /: cut short/],
      [(path) => truncateSync(path, 0), /: cut short/],
      [
        (path) => writeFileSync(path, readFileSync(path, "latin1").replace(/[0-9](?=[^0-9]*$)/, "~"), "latin1"),
        /changed|expected/,
      ],
      [(path) => rmSync(path), /: found no such file/],
    ];
    for (const [damage, message] of damages) {
      const root = await rootOf(10, 20, 30);
      const path = join(root, "step-00000030", file);
      damage(path);
      const expectRefusal = (remedy: string): Promise<void> =>
        assert.rejects(loadCheckpoint(join(root, "step-00000030")), (error: Error) => {
          assert.ok(error instanceof FormatError, String(error));
          assert.match(error.message, message);
          assert.ok(error.message.startsWith(path) && !error.message.includes("\n"), error.message);
          assert.ok(error.message.endsWith(remedy), error.message);
          return true;
        });
      await expectRefusal(`; resume from ${join(root, "step-00000020")}`);
      assert.equal(await latestCheckpoint(root), join(root, "step-00000020"));
      rmSync(join(root, "step-00000020", "model.safetensors"));
      await expectRefusal(`; resume from ${join(root, "step-00000010")}`);
      rmSync(join(root, "step-00000010"), { recursive: true });
      await expectRefusal("copy it again, or train from the start");
      assert.equal(await latestCheckpoint(root), undefined);
    }
  });
}

test("what to resume from is older than what is damaged, whatever newer ones there are", async () => {
  const root = await rootOf(10, 20, 30);
  const damaged = join(root, "step-00000020");
  rmSync(join(damaged, "state.json"));
  await assert.rejects(loadCheckpoint(damaged), new RegExp(`; resume from ${join(root, "step-00000010")}$`));
  assert.equal(await latestCheckpoint(root), join(root, "step-00000030"));
});

test("any byte that changes is noticed", async () => {
  const root = await rootOf(1);
  const saved = join(root, "step-00000001");
  for (const file of FILES) {
    const path = join(saved, file);
    const bytes = readFileSync(path);
    for (let at = 0; at < bytes.length; at += 7) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      // Blanks between the fields of JSON carry nothing.
      if (file === "state.json" && bytes[at] === 0x20) continue;
      writeFileSync(path, changed);
      await assert.rejects(loadCheckpoint(saved), FormatError, `${file} @ ${at}`);
    }
    writeFileSync(path, bytes);
  }
  await loadCheckpoint(saved);
});

test("a field of the state that changes is noticed, and another format is named", async () => {
  const root = await rootOf(1);
  const path = join(root, "step-00000001", "state.json");
  const state = JSON.parse(readFileSync(path, "utf8"));
  const changes: readonly (readonly [object, RegExp])[] = [
    [{ rowsTaken: 9 }, /changed since it was written: found the seal/],
    [{ config: {} }, /changed since it was written/],
    [{ measured: {} }, /changed since it was written/],
    [{ format: 2 }, /found checkpoint format 2, this release reads 1/],
    [{ step: "1" }, /state\.step: expected number, found string \("1"\)/],
    [{ more: 1 }, /unknown parameter "more"/],
  ];
  for (const [change, message] of changes) {
    writeFileSync(path, JSON.stringify({ ...state, ...change }));
    await assert.rejects(loadCheckpoint(join(root, "step-00000001")), { name: "FormatError", message });
  }
});

test("pruning keeps the newest, and never the last whole one alone with damaged ones", async () => {
  const root = await rootOf(1, 2, 3, 4, 5);
  writeFileSync(join(root, "notes.txt"), "");
  await pruneCheckpoints(root, 3);
  assert.deepEqual(stepsIn(root), ["notes.txt", "step-00000003", "step-00000004", "step-00000005"]);
  await pruneCheckpoints(root, 5);
  assert.equal(stepsIn(root).length, 4);
  truncateSync(join(root, "step-00000005", "model.safetensors"), 10);
  await pruneCheckpoints(root, 1);
  assert.deepEqual(stepsIn(root), ["notes.txt", "step-00000004", "step-00000005"]);
  await assert.rejects(pruneCheckpoints(root, 0), RecipeError);
});

test("an average is the mean of the parameters, summed in double precision", async () => {
  const root = fresh();
  // In single precision 2^24 + 1 + 1 stays 2^24.
  const values = [2 ** 24, 1, 1].map((x) => Float32Array.of(x, -x));
  const folders: string[] = [];
  for (const [step, x] of values.entries()) {
    const parameters = new Map([["w", { shape: [2], values: x }]]);
    folders.push(
      await saveCheckpoint(root, checkpointAt(step, { parameters, moments: { first: new Map(), second: new Map() } })),
    );
  }
  const mean = Math.fround((2 ** 24 + 2) / 3);
  assert.notEqual(mean, Math.fround(2 ** 24 / 3));
  assert.deepEqual(
    await averageCheckpoints(folders),
    new Map([["w", { shape: [2], values: Float32Array.of(mean, -mean) }]]),
  );
  assert.deepEqual(await averageCheckpoints([folders[0]!]), (await loadCheckpoint(folders[0]!)).parameters);
  // The moments are not needed.
  rmSync(join(folders[1]!, "optimizer.safetensors"));
  assert.equal((await averageCheckpoints(folders)).size, 1);
});

test("averaging refuses other configs, names and shapes, damaged parameters, and nothing at all", async () => {
  const [first] = await listCheckpoints(await rootOf(1));
  const moments = { first: new Map(), second: new Map() };
  const { parameters } = checkpointAt(2);
  const reshaped = new Map([...parameters, ["embed", { shape: [3, 4], values: new Float32Array(12) }]]);
  const refused: readonly (readonly [Partial<Checkpoint>, RegExp])[] = [
    [{ config: { rate: 1 } }, /has the config [0-9a-f]{12}…, .* expected checkpoints of one run/],
    [{ parameters: reshaped }, /parameter embed: .* has \[3, 4\], .* has \[4, 3\]/],
    [{ parameters: new Map([...parameters].slice(1)) }, /parameter embed: .* has none, .* has \[4, 3\]/],
    [
      { parameters: new Map([...parameters, ["more", { shape: [], values: new Float32Array(1) }]]) },
      /parameter more: /,
    ],
  ];
  for (const [changes, message] of refused) {
    const other = await saveCheckpoint(fresh(), checkpointAt(2, { moments, ...changes }));
    await assert.rejects(averageCheckpoints([first!, other]), { name: "RecipeError", message });
  }
  await assert.rejects(averageCheckpoints([]), RecipeError);
  const damaged = await saveCheckpoint(fresh(), checkpointAt(2));
  truncateSync(join(damaged, "model.safetensors"), 10);
  await assert.rejects(averageCheckpoints([first!, damaged]), {
    name: "FormatError",
    message: /model.safetensors: cut/,
  });
});

// Interruptions

test("a half-written checkpoint is never taken for whole, and the next save removes it", async () => {
  const root = await rootOf(1);
  for (const name of [".step-00000002.tmp", ".step-00000001.old.tmp"]) {
    mkdirSync(join(root, name));
    writeFileSync(join(root, name, "model.safetensors"), "half");
  }
  // What else lies there is somebody's.
  mkdirSync(join(root, ".step-notes.tmp"));
  assert.equal(await latestCheckpoint(root), join(root, "step-00000001"));
  await saveCheckpoint(root, checkpointAt(3));
  assert.deepEqual(stepsIn(root), [".step-notes.tmp", "step-00000001", "step-00000003"]);
});

test("a full disk leaves the earlier checkpoints as they were, and is told with the file's name", async (t) => {
  const probe = await open(import.meta.filename);
  const handles = Object.getPrototypeOf(probe) as FileHandle;
  await probe.close();
  for (const method of ["writeFile", "sync"] as const) {
    for (const [n, file] of FILES.entries()) {
      const root = await rootOf(1, 2);
      const before = await loadCheckpoint(join(root, "step-00000002"));
      const original = handles[method] as (...args: unknown[]) => Promise<void>;
      let failed = "";
      const mocked = t.mock.method(handles, method, async function (this: FileHandle, ...args: unknown[]) {
        const temporary = join(root, ".step-00000003.tmp");
        const current = existsSync(temporary) ? readdirSync(temporary).length - 1 : -1;
        if (current !== n) return original.apply(this, args);
        failed = FILES[current]!;
        throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
      });
      await assert.rejects(saveCheckpoint(root, checkpointAt(3)), (error: Error) => {
        assert.ok(error instanceof RetryError, String(error));
        const path = join(root, "step-00000003", file);
        assert.ok(error.message.startsWith(`${path}: cannot be written (ENOSPC`), error.message);
        return true;
      });
      mocked.mock.restore();
      assert.equal(failed, file);
      assert.deepEqual(stepsIn(root), ["step-00000001", "step-00000002"]);
      assert.equal(await latestCheckpoint(root), join(root, "step-00000002"));
      assert.deepEqual(await loadCheckpoint(join(root, "step-00000002")), before);
    }
  }
});

const CHECKPOINT = new URL("../../trainer/checkpoint/checkpoint.ts", import.meta.url).href;

/** Saves one step after another, parameters all equal to the step, and tells each that is done. */
const SAVE_FOREVER = `
  const { pruneCheckpoints, saveCheckpoint } = await import(${JSON.stringify(CHECKPOINT)});
  const [root, from, to, elements] = process.argv.slice(1);
  for (let step = Number(from); step <= Number(to); step++) {
    const tensors = new Map([["w", { shape: [Number(elements)], values: new Float32Array(Number(elements)).fill(step) }]]);
    await saveCheckpoint(root, {
      parameters: tensors, moments: { first: tensors, second: tensors }, step, rowsTaken: step, tokensSeen: step,
      random: null, losses: [], config: {}, shards: [], tokenizer: { name: "t", digest: "${HASH}" }, measured: {},
    });
    await pruneCheckpoints(root, 2);
    console.log(step);
  }
`;

/** Ends when the process has: by itself, by a failpoint, or killed so long after its first save. */
function saveIn(
  root: string,
  steps: { from: number; to: number; elements: number },
  { failpoint = "", killAfterMs }: { failpoint?: string; killAfterMs?: number },
): Promise<{ saved: number; signal: string | null }> {
  return new Promise((resolve, reject) => {
    const args = [root, steps.from, steps.to, steps.elements].map(String);
    const child = spawn(process.execPath, ["--input-type=module", "-e", SAVE_FOREVER, "--", ...args], {
      env: { ...process.env, SLUICE_FAILPOINT: failpoint },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let told = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (told === "" && killAfterMs !== undefined) setTimeout(() => child.kill("SIGKILL"), killAfterMs);
      told += text;
    });
    child.on("error", reject).on("close", (_code, signal) => {
      const whole = told.slice(0, told.lastIndexOf("\n") + 1).trim();
      resolve({ saved: whole === "" ? -1 : Number(whole.split("\n").at(-1)), signal });
    });
  });
}

async function expectLatest(root: string, atLeast: number): Promise<number> {
  const latest = await latestCheckpoint(root);
  assert.ok(latest !== undefined, "there is a checkpoint");
  const { step, parameters, moments } = await loadCheckpoint(latest);
  assert.ok(step >= atLeast, `step ${step}, and ${atLeast} had been saved`);
  for (const tensors of [parameters, moments.first, moments.second]) {
    assert.ok(tensors.get("w")!.values.every((x) => x === step));
  }
  // Not only the latest: nothing that bears a checkpoint's name is half of one.
  for (const folder of await listCheckpoints(root)) await loadCheckpoint(folder);
  return step;
}

test("a process killed at any time during its saves leaves a whole checkpoint, no older than its last", async (t) => {
  const root = fresh();
  const seed = Number(process.env.SEED ?? 20_240_611);
  t.diagnostic(`SEED=${seed}`);
  const random = seededRandom(seed);
  let from = 1;
  for (let kill = 0; kill < 6; kill++) {
    const killAfterMs = Math.floor(120 * random());
    const { saved, signal } = await saveIn(root, { from, to: from + 1e6, elements: 200_000 }, { killAfterMs });
    assert.equal(signal, "SIGKILL");
    from = (await expectLatest(root, saved)) + 1;
  }
  await saveCheckpoint(root, checkpointAt(from));
  assert.deepEqual(
    stepsIn(root).filter((name) => name.startsWith(".")),
    [],
  );
});

test("a process killed around a rename leaves a whole checkpoint", async () => {
  const two = fresh();
  assert.equal((await saveIn(two, { from: 1, to: 2, elements: 5 }, {})).saved, 2);
  for (const [steps, passages] of [
    // New steps: before and after the rename, and from the third on within pruning.
    [{ from: 3, to: 5, elements: 5 }, 8],
    // A step that is there: before, between and after two renames.
    [{ from: 2, to: 2, elements: 5 }, 3],
  ] as const) {
    for (let passage = 1; passage <= passages; passage++) {
      const root = fresh();
      cpSync(two, root, { recursive: true });
      const { saved, signal } = await saveIn(root, steps, { failpoint: `rename@${passage}` });
      assert.equal(signal, "SIGKILL", `the failpoint was reached: ${passage}`);
      await expectLatest(root, Math.max(saved, 1));
      await saveCheckpoint(root, checkpointAt(6));
      assert.ok(stepsIn(root).every((name) => !name.startsWith(".")));
    }
  }
});
