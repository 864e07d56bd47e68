/** `sluice dedup`: what it keeps, cuts and tells, and that it is what a run keeps and cuts. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { gunzipSync, gzipSync, zstdDecompressSync } from "node:zlib";
import { registry } from "../../index.ts";
import { checkMethods, groupsOf } from "../../pipeline/cli/dedup/methods.ts";
import { ALLOWANCE, type Allowance, Partners } from "../../pipeline/cli/dedup/partners.ts";
import { Signatures } from "../../pipeline/cli/dedup/signatures.ts";
import { describe, type Summary } from "../../pipeline/cli/dedup/summary.ts";
import { dedupCommand } from "../../pipeline/cli/dedup.ts";
import { PieceFiles } from "../../pipeline/duplicates/piece-files.ts";
import { FormatError, RecipeError } from "../../pipeline/errors.ts";
import { seededRandom } from "../../pipeline/random.ts";
import type { Signature } from "../../pipeline/stage.ts";
import { Components } from "../../stages/dedup/components.ts";
import { duplicateProbability } from "../../stages/dedup/curve.ts";
import minhashDedup from "../../stages/dedup/minhash-dedup.ts";
import { shinglesOf } from "../../stages/dedup/shingles.ts";
import { setJaccard } from "../contracts/dedup.ts";
import { needsShared, sharedPath } from "../shared.ts";
import { prose, runRecipe, tempDir } from "./harness.ts";

const CLI = join(import.meta.dirname, "..", "..", "bin", "sluice.js");
const DIR = tempDir();
// The command resolves paths, and ./file.ts of methods, where the process is.
process.chdir(DIR);

interface PairLine {
  readonly a: unknown;
  readonly b: unknown;
  readonly similarity: number;
  readonly method: string;
  readonly removed: unknown;
  readonly cut?: unknown;
}
interface Told {
  readonly summary: Summary;
  readonly out: readonly string[];
  readonly pairs: readonly PairLine[];
  readonly clusters: readonly {
    readonly cluster: number;
    readonly ids: readonly unknown[];
    readonly kept: unknown[];
  }[];
}

let calls = 0;

function write(name: string, text: string | Uint8Array): string {
  writeFileSync(join(DIR, name), text);
  return name;
}
function jsonLines(...rows: readonly unknown[]): string {
  return write(`rows-${calls++}.jsonl`, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
}
const linesOf = (path: string) => readFileSync(join(DIR, path), "utf8").split("\n").slice(0, -1);

/** Runs the command in this process, and reads all that it wrote. */
async function dedup(file: string, args: readonly string[], withPairs = true): Promise<Told> {
  const name = `told-${calls++}`;
  const asked = withPairs ? ["--pairs", `${name}.pairs`, "--clusters", `${name}.clusters`] : [];
  const [summary] = await run(file, ...args, "--out", `${name}.out`, ...asked, "--json");
  const parsed = (path: string) => (withPairs ? linesOf(path).map((line) => JSON.parse(line)) : []);
  return {
    summary: JSON.parse(summary!),
    out: linesOf(`${name}.out`),
    pairs: parsed(`${name}.pairs`),
    clusters: parsed(`${name}.clusters`),
  };
}
/** Runs the command in this process. */
async function run(...args: readonly string[]): Promise<string[]> {
  const { log } = console;
  const printed: string[] = [];
  console.log = (line: string) => printed.push(line);
  try {
    const command = dedupCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => {} });
    await command.parseAsync([...args], { from: "user" });
  } finally {
    console.log = log;
  }
  return printed;
}
const idsOf = (lines: readonly string[]) => lines.map((line) => JSON.parse(line).id);
const MINHASH = ["--method", "minhash"];

/** A text of `words` words, of which the last `changed` are its own. */
function variant(seed: number, changed: number, words = 200): string {
  const random = seededRandom(seed);
  const word = (from: () => number) => `w${Math.floor(from() * 1e6)}`;
  const shared = seededRandom(7);
  return Array.from({ length: words }, (_, i) => word(i < words - changed ? shared : random)).join(" ");
}

test("exact: lines that are kept are the bytes that they were, and a pair is told for every two that are alike", async () => {
  const lines = [
    '{"id":"a", "text":"one",  "n":1.0, "big":12345678901234567890}\r',
    '{"id":"b","text":"two"}',
    '{"text":"one","id":"c"}',
    "",
    '{"id":7,"text":"one","url":"http://example.org/ü"}',
    '{"id":"e","text":""}',
  ];
  const file = write("exact.jsonl", lines.join("\n")); // no line end at the end
  const { out, pairs, clusters, summary } = await dedup(file, ["--method", "exact"]);
  assert.deepEqual(out, [lines[0], lines[1], lines[5]]);
  const pair = { similarity: 1, method: "exact" };
  assert.deepEqual(pairs, [
    { a: "a", b: "c", ...pair, removed: "c" },
    { a: "a", b: 7, ...pair, removed: 7 },
    { a: "c", b: 7, ...pair, removed: null },
  ]);
  assert.deepEqual(clusters, [{ cluster: 0, ids: ["a", "c", 7], kept: ["a"] }]);
  assert.deepEqual(
    [summary.documents, summary.kept, summary.removed],
    [5, 3, [{ method: "exact", reason: "exact-duplicate", documents: 2 }]],
  );
});

test("minhash: pairs are all that are alike, also of two that go, or that both stay", async () => {
  // b is like a and c, which are not like each other: each step changes words that the other does not.
  const words = variant(1, 0).split(" ");
  const edited = (from: number, to: number) => words.map((w, i) => (i >= from && i < to ? `${w}x` : w)).join(" ");
  const texts = { a: edited(0, 14), b: words.join(" "), c: edited(180, 200), d: edited(0, 14), e: prose(3) };
  const file = jsonLines(...Object.entries(texts).map(([id, text]) => ({ id, text })));
  const shingles = (id: unknown) => new Set(shinglesOf(texts[id as keyof typeof texts], 5));
  const { out, pairs, clusters } = await dedup(file, [...MINHASH, "--threshold", "0.8"]);
  const expected = [
    ["a", "b", "b"],
    ["a", "d", "d"],
    ["b", "c", null],
    ["b", "d", null],
  ] as const;
  assert.deepEqual(
    pairs.map(({ a, b, removed }) => [a, b, removed]).toSorted(),
    expected.map((pair) => [...pair]).toSorted(),
  );
  for (const { a, b, similarity } of pairs) {
    assert.ok(Math.abs(similarity - setJaccard(shingles(a), shingles(b))) < 1e-6, `${a} ${b}`);
  }
  assert.deepEqual(idsOf(out), ["a", "c", "e"]);
  assert.deepEqual(clusters, [{ cluster: 0, ids: ["a", "b", "c", "d"], kept: ["a", "c"] }]);
});

test("documents without a date are told with keep: newest", async () => {
  const rows = [
    { id: 1, text: "a" },
    { id: 2, text: "a", date: "2020-01-01" },
    { id: 3, text: "b", date: "soon" },
  ];
  const { summary, out } = await dedup(jsonLines(...rows), ["--method", "exact", "--keep", "newest"]);
  assert.deepEqual(summary.notes, ["--keep newest: 2 documents without a date that can be read, which rank last"]);
  assert.deepEqual(
    out.map((line) => JSON.parse(line).id),
    [2, 3],
  );
});

test("keep: the longest, the newest by its date, or the best by a field stays, whatever the order of the input", async () => {
  const rows = [
    { id: "a", text: variant(1, 0), date: "2020-03-01", score: 0.2, url: "http://a.org/" },
    { id: "b", text: `${variant(1, 0)} and more`, date: "2014-01-01", score: 0.1, url: "http://b.org/" },
    { id: "c", text: variant(2, 5, 200), date: "2024-05-28", score: 0.1, url: "http://c.org/" },
    { id: "d", text: variant(3, 5, 200), date: "", score: 0.9, url: "http://d.org/" },
    { id: "z", text: prose(9), date: "", score: 0, url: "" },
  ];
  const keep = async (args: readonly string[], order: readonly unknown[]) =>
    idsOf((await dedup(jsonLines(...order), [...MINHASH, ...args])).out).toSorted();
  for (const order of [rows, rows.toReversed()]) {
    assert.deepEqual(await keep(["--keep", "longest"], order), ["b", "z"]);
    assert.deepEqual(await keep(["--keep", "newest"], order), ["c", "z"]);
    assert.deepEqual(await keep(["--keep", "best", "--best-by", "score"], order), ["d", "z"]);
  }
  assert.deepEqual(await keep([], rows), ["a", "z"]);
  assert.deepEqual(await keep([], rows.toReversed()), ["d", "z"]);
});

test("line: passages are cut, other fields stay as they were written, and what is left empty goes", async () => {
  const menu = "This is the menu of the site, home and news";
  const rows = [
    `{"id":"a","big":12345678901234567890,"text":${JSON.stringify(`${menu}\nA line of its own that is long\n`)},"x":1.50}`,
    `{"id":"b","text":${JSON.stringify(`${menu}\n`)}}`,
    `{"id":"c","text":${JSON.stringify(`${menu}\nAnother line of its own, long too\n`)}, "y":"é"}`,
    '{"id":"e","text":""}',
  ];
  const file = write("lines.jsonl", `${rows.join("\n")}\n`);
  const { out, pairs, summary } = await dedup(file, ["--method", "line"]);
  assert.deepEqual(out, [rows[0], '{"id":"c","text":"Another line of its own, long too\\n","y":"é"}', rows[3]]);
  const [b, c] = pairs;
  assert.deepEqual(b, { a: "a", b: "b", similarity: 1, method: "line", removed: "b", cut: "b" });
  const share = (menu.length + 1) / JSON.parse(rows[2]!).text.length;
  assert.deepEqual(c, {
    a: "a",
    b: "c",
    similarity: Math.round(share * 1e6) / 1e6,
    method: "line",
    removed: null,
    cut: "c",
  });
  assert.deepEqual(summary.cut, [{ method: "line", documents: 2, passages: 2, characters: 2 * (menu.length + 1) }]);

  const inside = await dedup(jsonLines({ id: "a", text: `${menu}\n${menu}\n` }), ["--method", "line"]);
  assert.deepEqual([inside.pairs, JSON.parse(inside.out[0]!).text], [[], `${menu}\n`]);

  const kept = await dedup(file, ["--method", "line", "--keep-empty", "--with", "copies=none"]);
  assert.deepEqual(
    kept.out.map((line) => JSON.parse(line).text),
    ["A line of its own that is long\n", "", "Another line of its own, long too\n", ""],
  );
  assert.match(kept.out[0]!, /"big":12345678901234567890,.*"x":1\.50/);
});

test("methods run in order, each on what the one before left", async () => {
  const twin = "The line that both of these have in common";
  const rows = [
    { id: "a", text: "one\n" },
    { id: "b", text: "one\n" },
    { id: "c", text: `${twin}\nshort c` },
    { id: "d", text: `${twin}\nshort c` },
    { id: "e", text: `${twin}\nshort e` },
    { id: "f", text: "short e" },
  ];
  const { out, pairs, summary } = await dedup(jsonLines(...rows), ["--method", "exact,line"]);
  assert.deepEqual(idsOf(out), ["a", "c", "e", "f"]);
  assert.deepEqual(
    pairs.map(({ a, b, method }) => [a, b, method]),
    [
      ["a", "b", "exact"],
      ["c", "d", "exact"],
      ["c", "e", "line"],
    ],
  );
  const near = [variant(1, 0), variant(1, 0), variant(1, 3)].map((text, id) => ({ id, text }));
  assert.deepEqual(
    (await dedup(jsonLines(...near), ["--method", "exact,minhash"])).pairs.map(({ a, b, method }) => [a, b, method]),
    [
      [0, 1, "exact"],
      [0, 2, "minhash"],
    ],
    "minhash does not see what exact removed",
  );
  const again = await dedup(jsonLines(...rows), ["--method", "line,exact"]);
  assert.deepEqual(idsOf(again.out), ["a", "c", "d", "e"], "c keeps the line, and f is like what is left of e");
  assert.equal(summary.kept, 4);
});

test("hostile text goes through every method, and what nothing is cut from keeps its bytes", async () => {
  const texts = ["\n".repeat(100_000), "x".repeat(300_000), "字".repeat(5000), "שלום \u202e עולם", ""];
  const rows = [
    ...texts.map((text, id) => JSON.stringify({ id, text })),
    '{"id":5,"text":"\\ud800 \\u0000 half a pair"}',
  ];
  const file = write("hostile.jsonl", rows.join("\n"));
  for (const method of ["exact,minhash", "line", "paragraph", "ngram", "substring"]) {
    const few = method === "ngram" ? ["--with", "expectedNgrams=1000000"] : [];
    const { out, summary } = await dedup(file, ["--method", method, ...few]);
    assert.equal(summary.failed + summary.unread, 0, method);
    for (const id of [3, 4, 5]) assert.ok(out.includes(rows[id]!), `${method}: ${id}`);
  }
});

test("without verification pairs are candidates, and the summary says so", async () => {
  const file = jsonLines(
    { id: 1, text: variant(1, 0) },
    { id: 2, text: variant(1, 20) },
    { id: 3, text: variant(1, 0) },
  );
  const { pairs, summary } = await dedup(file, [...MINHASH, "--no-verify"]);
  assert.ok(pairs.length >= 1 && pairs.every(({ method }) => method === "minhash-unverified"));
  assert.equal(summary.unverified, true);
  assert.match(
    describe(summary),
    /^kept \d of 3 documents; removed .*\(minhash near-duplicate-unverified \d\); \d pairs?; /,
  );
  assert.match(describe(summary), /\nunverified: /);
});

test("equal documents, and those that differ in a word, cost linear work: pairs beyond are left out, and links are not", () => {
  const files = new PieceFiles();
  const signatures = new Signatures(join(DIR, "evidence"), files);
  const params = minhashDedup().params;
  const sign = minhashDedup.setup!(params, { seed: 1, resolvePath: (path) => path }) as {
    sign(text: string): Signature;
  };
  const base = variant(1, 0, 300);
  const kinds = Array.from({ length: 400 }, (_, n) => signatures.add(sign.sign(n < 200 ? base : `${base} x${n}`)));
  signatures.seal();
  assert.equal(signatures.kinds, 201);
  const pairsWith = (allowance: Allowance) => {
    const components = new Components();
    const stage = { definition: minhashDedup, params };
    const partners = new Partners(stage, signatures, (one, other) => components.join(one, other), allowance);
    const pairs = kinds.reduce((sum, kind, n) => sum + partners.add(n, kind).length, 0);
    return {
      pairs,
      limited: partners.documentsLimited,
      clusters: [...components.clusters()].map(({ length }) => length),
    };
  };
  assert.deepEqual(pairsWith(ALLOWANCE), { pairs: (400 * 399) / 2, limited: 0, clusters: [400] });
  const tight = { free: 100, comparisonsPerDocument: 8, pairsPerDocument: 4 };
  const { pairs, limited, clusters } = pairsWith(tight);
  assert.equal(pairs, 100 + 4 * 400);
  assert.ok(limited > 350);
  assert.deepEqual(clusters, [400]);
  files.close();
});

test("rows that are no documents are counted by their lines; documents without an id have the page's", async () => {
  const file = write("bad.jsonl", '{"id":"a","text":"one"}\n\n{"id":\n{"id":"x"}\n{"text":"two"}\n[]\n');
  const { out, summary } = await dedup(file, ["--method", "exact"]);
  assert.deepEqual(out, ['{"id":"a","text":"one"}', '{"text":"two"}']);
  assert.deepEqual(
    [summary.documents, summary.unread, summary.unreadRows],
    [2, 3, ["bad.jsonl:3: bad-json", "bad.jsonl:4: no-text", "bad.jsonl:6: no-text"]],
  );
});

test("two documents of one id cannot be told apart in pairs, and are kept apart without them", async () => {
  const file = jsonLines(
    { id: "a", text: "one" },
    { id: 1, text: "two" },
    { id: "1", text: "two" },
    { id: "a", text: "3" },
  );
  await assert.rejects(dedup(file, ["--method", "exact"]), (error) => {
    assert.ok(error instanceof FormatError);
    assert.match(error.message, /:4: found the id "a", which line 1 has, too; expected an id of its own/);
    return true;
  });
  assert.deepEqual(idsOf((await dedup(file, ["--method", "exact"], false)).out), ["a", 1, "a"]);
});

test("compressed input and output, and standard input", async () => {
  const rows = [
    { id: 1, text: "a" },
    { id: 2, text: "a" },
    { id: 3, text: "b" },
  ];
  const text = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  const kept = '{"id":1,"text":"a"}\n{"id":3,"text":"b"}\n';
  const file = write("in.jsonl.gz", gzipSync(text));
  const { summary } = await dedup(file, ["--method", "exact"]);
  assert.match(
    describe(summary),
    /^kept 2 of 3 documents; removed 1, 33\.3 % \(exact exact-duplicate 1\); 1 pair; 1 cluster; /,
  );
  await run(file, "--method", "exact", "--out", "o.jsonl.zst", "--pairs", "p.jsonl.gz", "--json");
  assert.equal(zstdDecompressSync(readFileSync("o.jsonl.zst")).toString(), kept);
  assert.match(gunzipSync(readFileSync("p.jsonl.gz")).toString(), /^\{"a": 1, "b": 2, /);

  const child = spawn(process.execPath, [CLI, "dedup", "--method", "exact", "--out", "-", "-"], { cwd: DIR });
  child.stdin.end(`${text}bad\n`);
  const [stdout, stderr] = await Promise.all([child.stdout.toArray(), child.stderr.toArray()]);
  assert.equal(stdout.join(""), kept);
  assert.match(stderr.join(""), /^kept 2 of 3 documents; .*\nnot read: 1 row \(-:4: bad-json\)\n$/);
});

test("it leaves nothing when its terminal goes", async () => {
  mkdirSync("hangup");
  const options = { cwd: join(DIR, "hangup"), env: { ...process.env, TMPDIR: join(DIR, "hangup") } };
  const child = spawn(process.execPath, [CLI, "dedup", "--method", "exact", "--out", "o", "-"], options);
  while (!existsSync(join("hangup", `.o.${child.pid}.tmp`))) await setTimeout(20);
  child.kill("SIGHUP");
  await once(child, "exit");
  assert.deepEqual(readdirSync("hangup"), []);
});

test("of a run that fails nothing is left; a file that ends too early is read, and told", async () => {
  mkdirSync("folder");
  const rows = Array.from({ length: 50 }, (_, id) => `${JSON.stringify({ id, text: prose(id) })}\n`).join("");
  const cut = write("cut.jsonl.gz", gzipSync(rows).subarray(0, 4000));
  await assert.rejects(
    run(cut, "--method", "exact", "--out", "folder/read.jsonl", "--json"),
    /cut\.jsonl\.gz @ \d+: gzip-truncated/,
  );
  assert.ok(linesOf("folder/read.jsonl").length > 5);
  const file = jsonLines({ id: 1, text: "a" }, { id: 1, text: "b" });
  await assert.rejects(
    run(file, "--method", "exact", "--out", "folder/out.jsonl", "--pairs", "folder/pairs.jsonl"),
    FormatError,
  );
  assert.deepEqual(readdirSync("folder"), ["read.jsonl"]);
});

write(
  "first-word.ts",
  `import { defineDedup, z } from "sluice";
export default defineDedup({
  name: "first-word", module: import.meta.url, version: 1, params: z.object({ chars: z.number().default(3) }),
  sign: ({ text }, { chars }) => {
    if (text === "boom") throw new Error("no booms");
    return text === "" ? null : { keys: Uint32Array.from([...text.slice(0, chars)].map((c) => c.charCodeAt(0))) };
  },
  openIndex: () => {
    const seen = [];
    return {
      find: (keys) => { const twin = seen.indexOf(String(keys)); return twin < 0 ? undefined : { twin, reason: "same-start", similarity: 0.5 }; },
      add: (keys) => { seen.push(String(keys)); },
      bytes: 0,
    };
  },
});`,
);

test("a stage of one's own; where it throws, and what it does not tell of its pairs", async () => {
  const texts = ["abcd", "abce", "", "", "boom", "abcf", "xyz1"];
  const { out, pairs, summary } = await dedup(jsonLines(...texts.map((text, id) => ({ id, text }))), [
    "--method",
    "./first-word.ts",
  ]);
  assert.deepEqual(idsOf(out), [0, 2, 3, 6]);
  assert.deepEqual(
    pairs.map(({ a, b, removed, method }) => [a, b, removed, method]),
    [
      [0, 1, 1, "first-word"],
      [0, 5, 5, "first-word"],
      [1, 5, null, "first-word"],
    ],
    "documents of one signature are known to be pairs",
  );
  assert.equal(summary.failed, 1);
  assert.match(summary.failures[0]!, /^4: first-word threw on page [0-9a-f]{32}: Error: no booms/);
  assert.match(summary.limits.join(), /first-word: pairs that decided nothing: the stage does not tell its keyWords/);
});

test("a threshold is that of the measure, and of every method that has one", async () => {
  const paramsOf = async (method: string, settings: readonly string[] = []) =>
    (await checkMethods({ method, threshold: 0.6, with: settings }, registry, DIR)).map(({ spec }) => spec.params);
  const [contained] = (await paramsOf("minhash", ["measure=containment"])) as { [name: string]: unknown }[];
  assert.deepEqual([contained!.minContainment, contained!.minJaccard], [0.6, 0.8]);
  const [exact, minhash, ngram] = (await paramsOf("exact,minhash,ngram")) as { [name: string]: unknown }[];
  assert.deepEqual([exact!.minJaccard, minhash!.minJaccard, ngram!.threshold], [undefined, 0.6, 0.6]);
});

test("what cannot be run is refused before anything is read", async () => {
  for (const [args, message] of [
    [
      { method: "exat" },
      /--method: unknown method "exat" \(built in: exact, minhash, line, [a-z, ]*; a file of yours begins with/,
    ],
    [{ method: "length" }, /--method: "length" looks at one document alone; expected a stage that compares documents/],
    [{ method: "exact,exact-dedup" }, /--method: "exact-dedup" twice/],
    [{ method: "exact", threshold: 0.5 }, /--threshold: found exact; expected a stage with the parameter minJaccard/],
    [{ method: "minhash", threshold: 0 }, /minhash-dedup\.minJaccard: expected number to be >0, found number \(0\)/],
    [{ method: "minhash", with: ["bandz=3"] }, /minhash-dedup: unknown parameter "bandz" \(it has: .*bands, /],
    [
      { method: "exact,minhash", with: ["bands=3"] },
      /--with bands=3: expected a stage that --method names \(exact, minhash\)/,
    ],
    [{ method: "minhash", with: ["saveIndex=true"] }, /--with minhash-dedup\.saveIndex: belongs to runs of recipes/],
    [{ method: "minhash", with: ["bestBy=a.b"] }, /--with minhash-dedup\.bestBy: expected --best-by/],
    [
      { method: "exact,minhash", with: ["exact.keep=longest"] },
      /exact keeps the longest of like documents, and minhash the first/,
    ],
  ] as const) {
    await assert.rejects(
      checkMethods(args, registry, DIR).then(groupsOf),
      (error) => {
        assert.ok(error instanceof RecipeError, String(error));
        assert.match(error.message, message);
        return true;
      },
      String(message),
    );
  }
  const file = jsonLines({ id: 1, text: "a" });
  symlinkSync(".", "linked");
  for (const [args, message] of [
    [[file, "--method", "exact", "--out", file], /--out rows-\d+\.jsonl: is the input/],
    [["rows-*.jsonl", "--method", "exact", "--pairs", file], /--pairs rows-\d+\.jsonl: is the input/],
    [[file, "--method", "exact", "--out", "o", "--pairs", "o"], /--pairs: --out writes to o, too/],
    [[file, "--method", "exact", "--out", "o", "--clusters", "./o"], /--clusters: --out writes to \.\/o, too/],
    [[file, "--method", "exact", "--out", "linked/o", "--pairs", "o"], /--pairs: --out writes to o, too/],
    [[file, "--method", "exact", "--out", "-", "--json"], /--json: --out writes to standard output, too/],
    [[file, "--method", "exact", "--keep", "best"], /--keep best: expected --best-by/],
    [[file, "--method", "exact", "--best-by", "n"], /--best-by: is read with --keep best alone/],
    [[file, "--method", "exact", "--keep", "best", "--best-by", "n"], /--best-by n: no document has a number/],
    [["--method", "exact"], /expected a file of JSON Lines/],
    [["--method", "exact", "--curve"], /--curve: "exact-dedup" is not banded/],
    [["absent.jsonl", "--method", "exact"], /no such file: "absent\.jsonl"/],
  ] as const) {
    await assert.rejects(
      dedupCommand()
        .exitOverride()
        .parseAsync([...args], { from: "user" }),
      message,
    );
  }
});

test("what it keeps and cuts is what a run of the same stages keeps and cuts", async () => {
  const random = seededRandom(5);
  const rows = Array.from({ length: 240 }, (_, id) => {
    const seed = Math.floor(random() * 80);
    const text = random() < 0.3 ? prose(seed) : `${prose(seed)}\n${prose(1000 + id, 12 * Math.ceil(2 * random()))}`;
    return { id: `d${id}`, text, url: `http://example.org/${id}`, date: `20${10 + (id % 9)}-01-01` };
  });
  write("same.jsonl", rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  for (const [method, keep, stages] of [
    ["exact,minhash", "longest", ["exact-dedup", "minhash-dedup"]],
    ["minhash,line", "first", ["minhash-dedup", "line-dedup"]],
  ] as const) {
    const recipe = {
      source: { use: "jsonl", with: { files: ["same.jsonl"], spanBytes: 50_000 } },
      stages: stages.map((use) => ({ use, with: use === "line-dedup" ? {} : { keep } })),
      sink: { use: "jsonl", with: { dir: "out" } },
    };
    write("same.json", JSON.stringify(recipe));
    const manifest = await runRecipe("same.json", DIR, ["--force", "--cache", "off", "--workers", "1"]);
    const kept = manifest.artifacts
      .filter(({ kind }) => kind === "data")
      .flatMap(({ path }) => linesOf(join("out", path)).map((line) => JSON.parse(line)))
      .map(({ text, tags }) => [tags["source.id"], text]);
    const { out } = await dedup("same.jsonl", ["--method", method, "--keep", keep]);
    const ours = out.map((line) => JSON.parse(line)).map(({ id, text }) => [id, text]);
    assert.deepEqual(
      ours.map(([id]) => id),
      kept.map(([id]) => id),
      method,
    );
    assert.deepEqual(ours, kept, method);
    assert.ok(ours.length < rows.length && ours.length > 40);
  }
});

const JACCARD = ["data/dedup/jaccard-docs.jsonl.gz", "data/dedup/jaccard-pairs.jsonl.gz"] as const;
test(
  "the labelled pairs: none that is not one, and as many by similarity as the configuration promises",
  needsShared(...JACCARD),
  async () => {
    interface Labelled {
      readonly a: string;
      readonly b: string;
      readonly jaccard: number;
    }
    const labelled = gunzipSync(readFileSync(sharedPath(JACCARD[1])))
      .toString()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Labelled);
    const similarity = new Map(labelled.map(({ a, b, jaccard }) => [`${a} ${b}`, jaccard]));
    for (const [bands, rows] of [
      [14, 8],
      [20, 5],
    ] as const) {
      const shape = ["--with", `bands=${bands}`, "--with", `rows=${rows}`];
      const { pairs } = await dedup(sharedPath(JACCARD[0]), [...MINHASH, "--threshold", "0.3", ...shape]);
      const found = new Map(pairs.map((pair) => [`${pair.a} ${pair.b}`, pair.similarity]));
      assert.equal(found.size, pairs.length, "no pair twice");
      for (const [pair, told] of found) {
        // The labels have four digits.
        assert.ok(Math.abs(told - (similarity.get(pair) ?? 0)) < 6e-5, `${pair}: ${told}`);
      }
      for (let tenth = 3; tenth <= 10; tenth++) {
        const bucket = [...similarity].filter(([, s]) => Math.floor(s * 10) === tenth);
        const chances = bucket.map(([, s]) => duplicateProbability(s, bands, rows));
        const expected = chances.reduce((sum, p) => sum + p, 0);
        const deviation = Math.sqrt(chances.reduce((sum, p) => sum + p * (1 - p), 0));
        const hits = bucket.filter(([pair]) => found.has(pair)).length;
        // Pairs of one cluster are not independent of each other.
        assert.ok(
          Math.abs(hits - expected) <= 3 * deviation + 0.5,
          `${tenth / 10}: ${hits} of ${bucket.length}, ${expected} expected`,
        );
      }
    }
    const { pairs } = await dedup(sharedPath(JACCARD[0]), [...MINHASH]);
    const above = [...similarity].filter(([, s]) => s >= 0.8).length;
    assert.ok(pairs.every(({ a, b }) => similarity.get(`${a} ${b}`)! >= 0.8));
    assert.ok(pairs.length >= above - 3, `${pairs.length} of ${above}`);
  },
);

const CS336 = "data/dedup/cs336-a4";
test(
  "CS336, assignment 4: lines that repeat go in all their copies; of three licences two are alike",
  needsShared(CS336),
  async () => {
    const textsOf = (folder: string) =>
      readdirSync(sharedPath(CS336, folder))
        .toSorted()
        .map((id) => ({ id, text: readFileSync(sharedPath(CS336, folder, id), "utf8") }));
    const lines = jsonLines(...textsOf("documents_with_line_duplicates"));
    const settings = ["copies=none", "minChars=1"].flatMap((setting) => ["--with", setting]);
    const { out } = await dedup(lines, ["--method", "line", ...settings, "--keep-empty"]);
    assert.deepEqual(
      out.map((line) => JSON.parse(line)),
      textsOf("documents_line_deduplicated"),
    );
    const licences = jsonLines(...textsOf("documents_with_fuzzy_duplicates"));
    for (const [file, bands, kept] of [
      [lines, 10, 4],
      [licences, 50, 2],
    ] as const) {
      const shape = ["--with", `bands=${bands}`, "--with", "rows=10"];
      assert.equal((await dedup(file, [...MINHASH, ...shape])).out.length, kept);
    }
  },
);
