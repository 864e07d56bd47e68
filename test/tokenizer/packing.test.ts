/** `sluice pack`, from shards to rows. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { packCommand } from "../../pipeline/cli/pack.ts";
import { FormatError, RecipeError, RetryError } from "../../pipeline/errors.ts";
import { PackedRows } from "../../pipeline/packed/packed-rows.ts";
import type { PackingManifest } from "../../pipeline/packed/packing-manifest.ts";
import { isHeldOut, type PageSample } from "../../pipeline/page-sample.ts";
import { seededRandom } from "../../pipeline/random.ts";
import { createShard, packTokens, type ShardTokenizer } from "../../pipeline/shard.ts";
import { type PackOptions, pack } from "../../tokenizer/packing/pack.ts";
import { tempFolder } from "./temp.ts";

const folder = tempFolder();
let made = 0;
const fresh = (name: string): string => join(folder, `${name}-${made++}`);

const tokenizerOf = (vocabSize: number): ShardTokenizer => ({
  name: `v${vocabSize}`,
  vocabSize,
  endOfText: vocabSize - 1,
  digest: vocabSize.toString(16).padStart(64, "0"),
});
const SMALL = tokenizerOf(1000);

/** Documents of page-like lengths, some of end-of-text alone, one that is far longer than the rest. */
function someDocuments(count: number, seed = 1, { vocabSize, endOfText } = SMALL): number[][] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, n) => {
    const length = n === 3 ? 0 : n === 5 ? 5000 : Math.floor(400 * random() ** 3);
    return [...Array.from({ length }, () => Math.floor(random() * (vocabSize - 1))), endOfText];
  });
}

/** Writes documents to `shardCount` shards; a document's id is its number, wherever it lies. */
async function writeShards(documents: readonly number[][], shardCount = 1, tokenizer = SMALL): Promise<string[]> {
  const paths: string[] = [];
  const dir = fresh("shards");
  mkdirSync(dir);
  const perShard = Math.ceil(documents.length / shardCount);
  for (let first = 0; first < documents.length; first += perShard) {
    const path = join(dir, `${String(paths.length).padStart(5, "0")}.tok`);
    const writer = await createShard(path, tokenizer);
    for (const [n, ids] of documents.slice(first, first + perShard).entries()) {
      const id = (first + n).toString(16).padStart(32, "0");
      await writer.add({ id, url: "", file: "f", offset: first + n }, packTokens(ids, writer.tokenBytes));
    }
    await writer.finish();
    paths.push(path);
  }
  return paths;
}

const packPaths = (paths: readonly string[], options: Partial<PackOptions> = {}): Promise<PackingManifest> =>
  pack({
    shards: paths.map((path) => ({ path })),
    outDir: fresh("packed"),
    length: 127,
    strategy: "best-fit",
    ...options,
  });

/** The rows' bytes; manifests also tell what they were made of. */
const rowsOf = (manifest: PackingManifest): string[] => manifest.files.map(({ sha256 }) => sha256);

let documents: number[][];
let paths: string[];

before(async () => {
  documents = someDocuments(600);
  paths = await writeShards(documents);
});

test("every piece of every row is where its document says, for every way to pack", async () => {
  const total = documents.reduce((sum, ids) => sum + ids.length, 0);
  for (const options of [
    { strategy: "concatenate" },
    { strategy: "concatenate", shuffleDocuments: false },
    { strategy: "best-fit", fill: "crop" },
    { strategy: "best-fit", fill: "pad", shuffleRows: true },
    { strategy: "best-fit", fill: "pad", bufferDocuments: 3, shuffleDocuments: false },
  ] as const) {
    const outDir = fresh("packed");
    const { counts } = await packPaths(paths, { ...options, outDir });
    const rows = PackedRows.open(outDir);
    await rows.verify();
    assert.equal(rows.rowCount, counts.rows);
    let kept = 0;
    let whole = 0;
    for (let n = 0; n < rows.rowCount; n++) {
      const { tokens, pieces, documentStarts, usedTokens } = rows.row(n);
      assert.equal(tokens.length, 128);
      for (const [p, { document, start, length }] of pieces.entries()) {
        const at = documentStarts[p]!;
        assert.deepEqual([...tokens.subarray(at, at + length)], documents[document]!.slice(start, start + length));
        if (length === documents[document]!.length) whole++;
      }
      assert.ok(tokens.subarray(usedTokens).every((token) => token === SMALL.endOfText));
      kept += usedTokens;
    }
    rows.close();
    assert.equal(whole, counts.documentsWhole);
    assert.equal(kept, counts.tokensKept);
    assert.equal(counts.tokensIn, total);
    assert.equal(total, kept + counts.tokensCropped + counts.tokensRemainder);
    assert.equal(counts.rows * 128, kept + counts.tokensPadded);
  }
});

test("without shuffling, concatenated rows are the shards' tokens in order", async () => {
  const outDir = fresh("packed");
  const { identity } = await packPaths(paths, { outDir, strategy: "concatenate", shuffleDocuments: false });
  assert.equal(identity.seed, null);
  const rows = PackedRows.open(outDir);
  const tokens = Array.from({ length: rows.rowCount }, (_, n) => [...rows.row(n).tokens]).flat();
  rows.close();
  assert.deepEqual(tokens, documents.flat().slice(0, tokens.length));
});

test("the order follows from the seed: not from the number of shards, nor from the memory", async () => {
  const many = someDocuments(12_000, 2);
  const inOne = await writeShards(many, 1);
  const inSeven = await writeShards(many, 7);
  const options = { shuffleRows: true, seed: 3, bufferDocuments: 64, fill: "pad" } as const;
  const expected = await packPaths(inOne, options);
  assert.ok(expected.counts.tokensIn * 2 > 2.3e6, "more than the memory below holds");
  assert.deepEqual(rowsOf(await packPaths(inSeven, options)), rowsOf(expected));
  for (const memoryBytes of [2.3e6, 5e6]) {
    const manifest = await packPaths(inSeven, { ...options, memoryBytes });
    assert.deepEqual(rowsOf(manifest), rowsOf(expected), `${memoryBytes} bytes`);
  }
  assert.notDeepEqual(rowsOf(await packPaths(inOne, { ...options, seed: 4 })), rowsOf(expected));
  assert.notDeepEqual(rowsOf(await packPaths(inOne, { ...options, shuffleRows: false })), rowsOf(expected));
});

test("leaving documents out leaves the order of the others as it was", async () => {
  const order = async (from: readonly number[][]): Promise<number[]> => {
    const outDir = fresh("packed");
    const options = { outDir, length: 2, strategy: "concatenate" } as const;
    await packPaths(await writeShards(from), options);
    const rows = PackedRows.open(outDir);
    const seen = new Set<number>();
    for (let n = 0; n < rows.rowCount; n++) for (const { document } of rows.row(n).pieces) seen.add(document);
    rows.close();
    return [...seen];
  };
  // The ids of the first hundred are the same in both.
  const all = await order(documents.slice(0, 200));
  const fewer = await order(documents.slice(0, 100));
  assert.deepEqual(
    fewer.filter((n) => n < 95),
    all.filter((n) => n < 100 && n < 95 && fewer.includes(n)),
  );
});

test("a sample of the pages is the same in every corpus that has them, and never holds what is held out", async () => {
  const idOf = (n: number): string => n.toString(16).padStart(32, "0");
  const packed = async (shards: string[], sample: PageSample): Promise<Set<number>> => {
    const outDir = fresh("sampled");
    const { counts } = await packPaths(shards, { outDir, sample, strategy: "best-fit", fill: "pad" });
    const rows = PackedRows.open(outDir);
    const seen = new Set<number>();
    for (let n = 0; n < rows.rowCount; n++) for (const { document } of rows.row(n).pieces) seen.add(document);
    rows.close();
    assert.equal(counts.documents, seen.size);
    return seen;
  };
  const one = await packed(paths, { seed: 1, share: 0.5, heldOut: 0.1 });
  const other = await packed(paths, { seed: 2, share: 0.5, heldOut: 0.1 });
  const fewer = await packed(await writeShards(documents.slice(0, 300), 3), { seed: 1, share: 0.5, heldOut: 0.1 });
  assert.deepEqual(fewer, new Set([...one].filter((n) => n < 300)));
  assert.ok(one.size > 220 && one.size < 320, `${one.size} of 600 pages, expected about 270`);
  const both = [...one].filter((n) => other.has(n)).length;
  assert.ok(both > 90 && both < 180, `${both} pages in both samples, expected about 135`);
  for (const n of [...one, ...other]) assert.ok(!isHeldOut(idOf(n), 0.1));
  const all = await packed(paths, { seed: 1, share: 1, heldOut: 0 });
  assert.equal(all.size, 600);
});

test("the same inputs give the same bytes, the manifest included", async () => {
  const [a, b] = [fresh("packed"), fresh("packed")];
  for (const outDir of [a, b]) await packPaths(paths, { outDir, shuffleRows: true });
  assert.deepEqual(readdirSync(a).sort(), ["packing.json", "rows"]);
  for (const name of ["packing.json", "rows/00000.rows"]) {
    assert.ok(readFileSync(join(a, name)).equals(readFileSync(join(b, name))), name);
  }
  assert.ok(!readFileSync(join(a, "packing.json"), "utf8").includes(folder), "no path of this machine");
});

test("vocabularies that need four bytes", async () => {
  const wide = tokenizerOf(100_000);
  const ids = someDocuments(50, 3, wide);
  const outDir = fresh("packed");
  const { counts } = await packPaths(await writeShards(ids, 2, wide), { outDir, fill: "pad" });
  const rows = PackedRows.open(outDir);
  await rows.verify();
  assert.ok(rows.row(0).tokens instanceof Uint32Array);
  assert.equal(counts.tokensKept, ids.flat().length);
  rows.close();
});

test("a document longer than what is read at once", async () => {
  const long = Array.from({ length: 700_000 }, (_, n) => n % 999).concat(999);
  const withLong = [[1, 999], long, [2, 3, 999]];
  const shards = await writeShards(withLong, 1);
  for (const shuffleDocuments of [true, false]) {
    for (const length of [1023, 400_000]) {
      const outDir = fresh("packed");
      const { counts } = await packPaths(shards, {
        outDir,
        length,
        fill: "pad",
        shuffleDocuments,
        bufferDocuments: 16,
      });
      assert.equal(counts.tokensKept, 700_006);
      const rows = PackedRows.open(outDir);
      for (let n = 0; n < rows.rowCount; n++) {
        const { tokens, pieces, documentStarts } = rows.row(n);
        for (const [p, { document, start, length: pieceTokens }] of pieces.entries()) {
          const found = tokens.subarray(documentStarts[p], documentStarts[p]! + pieceTokens);
          assert.ok(found.every((token, t) => token === withLong[document]![start + t]));
        }
      }
      rows.close();
    }
  }
});

test("what cannot be packed is refused, and nothing is left behind", async () => {
  const outDir = fresh("refused");
  const attempt = (options: Partial<PackOptions>): Promise<PackingManifest> => packPaths(paths, { outDir, ...options });
  await assert.rejects(
    attempt({ shards: [] }),
    new RecipeError("pack: no shards given; expected one or more .tok files"),
  );
  await assert.rejects(attempt({ length: 1 }), /pack: length 1: expected a whole number from 2 to /);
  await assert.rejects(
    attempt({ memoryBytes: 1e6 }),
    /pack: memory of 1 MB: this needs \d+ \(\d+ of it for the buffer/,
  );
  await assert.rejects(
    attempt({ length: 1e6, strategy: "concatenate" }),
    /tokens fill no row of 1000001; give more shards/,
  );
  const other = await writeShards([[1, 1999]], 1, tokenizerOf(2000));
  await assert.rejects(
    attempt({ shards: [...paths, ...other].map((path) => ({ path })) }),
    /tokenizer v2000 0{12}…, but .*\.tok has v1000 0{12}…; pack shards of one tokenizer at a time/,
  );
  const run = { id: "r", path: "data/00000.tok", sha256: "f".repeat(64) };
  await assert.rejects(
    attempt({ shards: [{ path: paths[0]!, run }] }),
    /sha256 .*, the run's manifest says ffffffffffff…/,
  );

  const foreign = await writeShards([[1, 999]]);
  const bytes = readFileSync(foreign[0]!);
  bytes.writeUInt16LE(1000, 256);
  writeFileSync(foreign[0]!, bytes);
  await assert.rejects(attempt({ shards: [{ path: foreign[0]! }] }), FormatError);

  const stop = AbortSignal.abort(new RetryError("stopped"));
  await assert.rejects(attempt({ signal: stop }), new RetryError("stopped"));
  assert.ok(!existsSync(outDir));
});

test("a pack that is stopped half-way leaves nothing", async () => {
  for (const phase of ["checking", "shuffling", "packing"]) {
    const outDir = fresh("stopped");
    mkdirSync(outDir);
    const stop = new AbortController();
    const stopped = packPaths(await writeShards(someDocuments(12_000, 2)), {
      outDir,
      shuffleRows: true,
      memoryBytes: 4e6,
      bufferDocuments: 64,
      signal: stop.signal,
      onProgress: (progress) => {
        if (progress.phase === phase) stop.abort(new RetryError("stopped"));
      },
    });
    await assert.rejects(stopped, new RetryError("stopped"), phase);
    assert.deepEqual(readdirSync(outDir), []);
  }
});

test("only a new or empty folder is written to", async () => {
  const empty = fresh("empty");
  mkdirSync(empty);
  await packPaths(paths, { outDir: empty });
  await assert.rejects(packPaths(paths, { outDir: empty }), /found a finished pack; expected a new or empty folder/);
  const taken = fresh("taken");
  mkdirSync(join(taken, "rows"), { recursive: true });
  await assert.rejects(packPaths(paths, { outDir: taken }), /found rows; expected a new or empty folder/);
  const file = fresh("file");
  writeFileSync(file, "");
  await assert.rejects(packPaths(paths, { outDir: file }), RecipeError);
  const busy = fresh("busy");
  mkdirSync(join(busy, `.sluice-pack-${process.ppid}`), { recursive: true });
  await assert.rejects(packPaths(paths, { outDir: busy }), RetryError);
  assert.deepEqual(
    readdirSync(busy),
    [`.sluice-pack-${process.ppid}`],
    "what another process does there is left alone",
  );
});

test("a folder that has lost or changed something is refused", async () => {
  const outDir = fresh("packed");
  await packPaths(paths, { outDir });
  const [manifestPath, rowsPath] = [join(outDir, "packing.json"), join(outDir, "rows", "00000.rows")];
  const [manifest, rows] = [readFileSync(manifestPath), readFileSync(rowsPath)];

  const edited = JSON.parse(manifest.toString()) as PackingManifest;
  for (const [change, expected] of [
    [{ ...edited, identity: { ...edited.identity, length: 128 } }, /its id does not match its identity/],
    [{ ...edited, counts: { ...edited.counts, rows: 1 } }, /rows, the manifest says 1/],
    [{ ...edited, files: [...edited.files, { ...edited.files[0]!, path: "rows/9.rows" }] }, /9\.rows: missing/],
    [{ ...edited, format: 2 }, /format 2, this version reads 1/],
    [{}, /no field "identity"/],
  ] as const) {
    writeFileSync(manifestPath, JSON.stringify(change));
    assert.throws(() => PackedRows.open(outDir), expected);
  }
  writeFileSync(manifestPath, manifest);
  // A file of the same shape from another pack.
  const other = fresh("packed");
  await packPaths(paths, { outDir: other, fill: "pad", shuffleRows: true });
  const twin = fresh("packed");
  await packPaths(paths, { outDir: twin, fill: "pad", shuffleRows: true, seed: 1 });
  writeFileSync(join(other, "rows", "00000.rows"), readFileSync(join(twin, "rows", "00000.rows")));
  await assert.rejects(async () => {
    const packed = PackedRows.open(other);
    try {
      await packed.verify();
    } finally {
      packed.close();
    }
  }, FormatError);

  const opened = PackedRows.open(outDir);
  assert.throws(() => opened.expectTokenizer("f".repeat(64)), /does not match the tokenizer ffffffffffff…/);
  opened.expectTokenizer(SMALL.digest);
  assert.throws(() => opened.row(opened.rowCount), RangeError);
  opened.close();
  writeFileSync(rowsPath, rows.subarray(0, 1000));
  assert.throws(() => PackedRows.open(outDir), /00000\.rows: cut short/);
  assert.throws(() => PackedRows.open(fresh("nothing")), /no packing\.json; found no such folder/);
});

const COMMAND = pathToFileURL(join(import.meta.dirname, "..", "..", "pipeline", "cli", "pack.ts")).href;
/** The command by itself, with the errors as `main.ts` words them. */
const SCRIPT = `
  const { packCommand } = await import(${JSON.stringify(COMMAND)});
  try { await packCommand().exitOverride().parseAsync(process.argv.slice(1), { from: "user" }); }
  catch (error) { if (error.exitCode !== 0) { console.error("sluice: " + error.message); process.exitCode = 1; } }
`;

function sluicePack(
  args: readonly string[],
  options: { env?: Record<string, string> } = {},
): Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", SCRIPT, "--", ...args], {
      env: { ...process.env, ...options.env },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject).on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** The command in this process, for arguments that it refuses. */
function parse(args: readonly string[], writeOut: (text: string) => void = () => {}): Promise<unknown> {
  const quiet = packCommand()
    .exitOverride()
    .configureOutput({ writeOut, writeErr: () => {} });
  return quiet.parseAsync([...args], { from: "user" });
}

test("sluice pack: a summary, or the manifest as JSON", async () => {
  const out = fresh("packed");
  const { code, stdout, stderr } = await sluicePack([...paths, "--length", "127", "--seed", "7", "--out", out]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /rows of 127 \+ 1 tokens \(best-fit, pad\) from 600 documents/);
  assert.match(stdout, /cropped +[\d,]+ +\d+\.\d %/);
  const again = fresh("packed");
  const args = ["--length", "127", "--seed", "7", "--memory", "100", "--out", again, "--json"];
  const json = JSON.parse((await sluicePack([...paths, ...args])).stdout) as PackingManifest & { type: string };
  const manifest = JSON.parse(readFileSync(join(out, "packing.json"), "utf8")) as PackingManifest;
  assert.deepEqual(json, { type: "done", ...manifest });
});

test("sluice pack: flags that cannot be meant are refused", async () => {
  const out = fresh("packed");
  const shard = paths[0]!;
  for (const [args, expected] of [
    [[shard, "--length", "1"], /expected a whole number from 2, found "1"/],
    [[shard, shard, "--length", "64"], /a shard is given twice/],
    [[shard, "--length", "64", "--strategy", "concatenate", "--fill", "pad"], /--fill: only best-fit packing has it/],
    [[shard, "--length", "64", "--no-shuffle", "--seed", "1"], /--seed: nothing is shuffled/],
    [[shard, "--length", "64", "--strategy", "first-fit"], /Allowed choices are concatenate, best-fit/],
    [[fresh("missing"), "--length", "64"], /no such file or folder/],
    [[folder, "--length", "64"], /no manifest\.json/],
  ] as const) {
    await assert.rejects(parse([...args, "--out", out]), expected, args.join(" "));
  }
  assert.ok(!existsSync(out));
  let help = "";
  await assert.rejects(
    parse(["--help"], (text) => {
      help += text;
    }),
  );
  assert.match(help, /sluice pack out --length 2048 --out packed/);
});

test("killed at any moment, a pack leaves nothing that looks whole, and packing again succeeds", async (t) => {
  const undisturbed = fresh("packed");
  const args = [...paths, "--length", "127", "--shuffle-rows"];
  await packPaths(paths, { outDir: undisturbed, shuffleRows: true });
  for (const moment of ["write@400", "rename@2", "manifest@1"]) {
    await t.test(moment, async () => {
      const out = fresh("killed");
      const killed = await sluicePack([...args, "--out", out], { env: { SLUICE_FAILPOINT: moment } });
      assert.equal(killed.signal, "SIGKILL", killed.stderr);
      const isWhole = moment.startsWith("manifest");
      assert.equal(existsSync(join(out, "packing.json")), isWhole);
      if (isWhole) {
        PackedRows.open(out).close();
        return;
      }
      assert.throws(() => PackedRows.open(out), /no packing\.json; found a folder without a finished pack/);
      await packPaths(paths, { outDir: out, shuffleRows: true });
      assert.deepEqual(readdirSync(out).sort(), ["packing.json", "rows"]);
      for (const name of ["packing.json", "rows/00000.rows"]) {
        assert.ok(readFileSync(join(out, name)).equals(readFileSync(join(undisturbed, name))), name);
      }
    });
  }
});
