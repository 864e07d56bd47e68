import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { minhashDedup, registry } from "../../index.ts";
import { INDEX_JSON, SavedIndexReader, SavedIndexWriter } from "../../pipeline/duplicates/saved-index.ts";
import { type Signing, signingOf } from "../../pipeline/duplicates/signing.ts";
import { FormatError, RecipeError } from "../../pipeline/errors.ts";
import { seededRandom } from "../../pipeline/random.ts";
import { checkRecipe } from "../../pipeline/recipe.ts";
import { tempDir } from "./harness.ts";

const SIGNING: Signing = {
  stage: "minhash-dedup",
  code: "sluice@0.1.0",
  version: 1,
  params: { bands: 3, rows: 4 },
  files: [],
};
const KEY_WORDS = 3;

interface TestPage {
  readonly id: string;
  readonly url: string;
  readonly date: string;
  readonly keys: Uint32Array;
  readonly evidence: Buffer | undefined;
}

function makePages(count: number, evidenceBytes = 90): TestPage[] {
  const random = seededRandom(7);
  const pool = Buffer.from(Array.from({ length: 1 << 16 }, () => Math.floor(random() * 256)));
  const bytes = (length: number) => {
    const at = Math.floor(random() * (pool.length - length));
    return pool.subarray(at, at + length);
  };
  return Array.from({ length: count }, (_, n) => ({
    id: bytes(16).toString("hex"),
    url: n % 5 === 0 ? "" : `https://example.org/${"ü\n".repeat(n % 4)}${n}`,
    date: n % 3 === 0 ? "" : `2024-05-01T00:00:${n}`,
    keys: Uint32Array.from({ length: KEY_WORDS }, () => Math.floor(random() * 2 ** 32)),
    evidence: n % 7 === 0 ? undefined : bytes(n % evidenceBytes),
  }));
}

function write(dir: string, pages: readonly TestPage[], signing = SIGNING): string {
  const writer = new SavedIndexWriter(dir, signing);
  for (const page of pages) {
    const { buffer, byteOffset, byteLength } = page.keys;
    writer.page(page, Buffer.from(buffer, byteOffset, byteLength), page.evidence);
  }
  writer.close();
  return dir;
}

async function openAndClose(dir: string, signing = SIGNING): Promise<void> {
  (await SavedIndexReader.open(dir, signing)).close();
}

test("an index gives back the pages that were written, in order and by number", async () => {
  // More pages than one block of records holds, and evidence of several blocks.
  const pages = makePages(30_000);
  const reader = await SavedIndexReader.open(write(join(tempDir(), "index"), pages), SIGNING);
  assert.deepEqual([reader.pages, reader.keyWords], [30_000, KEY_WORDS]);
  const pieces = new Map<string, Buffer>();
  const readEvidence = (place: { path: string; offset: number; length: number } | undefined) => {
    if (place === undefined) return undefined;
    if (!pieces.has(place.path)) pieces.set(place.path, readFileSync(place.path));
    return pieces.get(place.path)!.subarray(place.offset, place.offset + place.length);
  };
  let n = 0;
  for (const { id, keys, evidence } of reader.entries()) {
    const page = pages[n++]!;
    assert.equal(id, page.id);
    assert.deepEqual([...keys], [...page.keys]);
    const expected = page.evidence?.length === 0 ? undefined : page.evidence;
    assert.deepEqual(readEvidence(evidence), expected);
  }
  assert.equal(n, pages.length);
  for (const k of [0, 1, 2, 29_999, 15_000, 0]) {
    const { evidence, ...page } = reader.page(k);
    const { id, url, date } = pages[k]!;
    assert.deepEqual(page, { id, url, date });
    assert.deepEqual(readEvidence(evidence) ?? Buffer.alloc(0), pages[k]!.evidence ?? Buffer.alloc(0));
  }
  assert.throws(() => reader.page(30_000), RangeError);
  reader.close();
});

test("equal pages give equal files, and an index may be empty", async () => {
  const dir = tempDir();
  const contents = (name: string) =>
    readdirSync(join(dir, name)).map((file) => [file, readFileSync(join(dir, name, file))]);
  for (const name of ["a", "b"]) write(join(dir, name), makePages(50));
  assert.deepEqual(contents("a"), contents("b"));
  const empty = await SavedIndexReader.open(write(join(dir, "empty"), []), SIGNING);
  assert.deepEqual([empty.pages, empty.keyWords, [...empty.entries()]], [0, 0, []]);
  empty.close();
});

test("keys of two lengths are refused as they are written", () => {
  const writer = new SavedIndexWriter(join(tempDir(), "index"), SIGNING);
  const page = { id: "0".repeat(32), url: "", date: "" };
  writer.page(page, Buffer.alloc(8), undefined);
  assert.throws(() => writer.page(page, Buffer.alloc(12), undefined), /keys of 2 and of 3 words/);
  writer.abort();
});

test("a turned bit anywhere in any file is found, and told with the file", async () => {
  const dir = write(join(tempDir(), "index"), makePages(12, 30));
  await openAndClose(dir);
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    const whole = readFileSync(path);
    // White space that makes JSON readable carries nothing.
    const places = [...whole.keys()].filter((at) => name !== INDEX_JSON || !/\s/.test(String.fromCharCode(whole[at]!)));
    const step = Math.max(1, Math.floor(places.length / 60));
    for (let i = 0; i < places.length; i += i < 30 || i > places.length - 30 ? 1 : step) {
      const at = places[i]!;
      writeFileSync(path, whole.with(at, whole[at]! ^ (1 << (at % 8))));
      await assert.rejects(
        openAndClose(dir),
        (error) => error instanceof FormatError && error.message.startsWith(path),
        `${name}, byte ${at}`,
      );
    }
    writeFileSync(path, whole);
  }
  await openAndClose(dir);
});

test("errors say where the damage is, what was expected, and what to do", async () => {
  const good = write(join(tempDir(), "index"), makePages(20_000, 200));
  const evidenceBytes = readFileSync(join(good, "evidence.bin")).length;
  const flip = (path: string, at: number) => {
    const bytes = readFileSync(path);
    bytes[at] = bytes[at]! ^ 1;
    writeFileSync(path, bytes);
  };
  const cases: [change: (dir: string) => void, says: RegExp][] = [
    [
      (dir) => flip(join(dir, "evidence.bin"), 1_500_000),
      /evidence\.bin: block 2 of 2 \(bytes 1048592 to \d+\) is damaged: CRC-32 [0-9a-f]{8}, expected [0-9a-f]{8}; run again/,
    ],
    [
      (dir) => truncateSync(join(dir, "evidence.bin"), 5000),
      new RegExp(`evidence\\.bin: the file has 5000 bytes, expected ${evidenceBytes}; run again`),
    ],
    [(dir) => truncateSync(join(dir, "keys.bin"), 0), /keys\.bin: the file has 0 bytes, expected 240032/],
    [(dir) => rmSync(join(dir, "names.bin")), /names\.bin: cannot be read \(ENOENT\); run again what saved the index/],
    [(dir) => rmSync(join(dir, INDEX_JSON)), /index: no index\.json, so the index in it was not finished; run again/],
    [(dir) => truncateSync(join(dir, INDEX_JSON), 100), /index\.json: damaged: no JSON/],
    [(dir) => writeFileSync(join(dir, INDEX_JSON), "null"), /index\.json: damaged: its digest is/],
    [
      (dir) => writeFileSync(join(dir, INDEX_JSON), JSON.stringify({ format: 2, other: "things" })),
      /index\.json: format 2, this version reads 1; use the version that wrote it/,
    ],
    [(dir) => flip(join(dir, "pages.bin"), 4), /pages\.bin: format 0, this version reads 1/],
    [(dir) => cpSync(join(dir, "keys.bin"), join(dir, "pages.bin")), /pages\.bin: the file has \d+ bytes, expected/],
  ];
  for (const [change, says] of cases) {
    const dir = join(tempDir(), "index");
    cpSync(good, dir, { recursive: true });
    change(dir);
    await assert.rejects(
      openAndClose(dir),
      (error) => error instanceof FormatError && says.test(error.message),
      String(says),
    );
  }
});

test("a whole file of another index does not pass for the one that belongs there", async () => {
  const [mine, other] = [join(tempDir(), "mine"), join(tempDir(), "other")];
  const pages = makePages(40);
  write(mine, pages);
  write(other, pages.toReversed());
  cpSync(join(other, "keys.bin"), join(mine, "keys.bin"));
  await assert.rejects(openAndClose(mine), /keys\.bin: whole, but not the file that belongs here: CRC-32/);
});

test("an index that was signed otherwise is refused with both values", async () => {
  const dir = write(join(tempDir(), "index"), makePages(3));
  const refused = (signing: Signing, says: RegExp) =>
    assert.rejects(openAndClose(dir, signing), (error) => error instanceof RecipeError && says.test(error.message));
  await refused(
    { ...SIGNING, params: { bands: 14, rows: 4, ngram: 5 } },
    /bands is 3 in the index, 14 here; ngram is not set in the index, 5 here\. Set both alike, or save the index again/,
  );
  await refused({ ...SIGNING, stage: "exact-dedup" }, /the index is of minhash-dedup, the stage is exact-dedup/);
  await refused({ ...SIGNING, version: 2 }, /version is 1 in the index, 2 here/);
  await refused({ ...SIGNING, code: "sha256:00" }, /code is "sluice@0\.1\.0" in the index, "sha256:00" here/);
  await refused({ ...SIGNING, files: ["ab"] }, /what its files hold is \[\] in the index, \["ab"\] here/);
  await openAndClose(dir, { ...SIGNING, code: "sluice@0.2.0" });
});

/** A recipe of a run folder with saved indexes beside it, checked. */
async function check(dir: string, stage: object) {
  const recipe = {
    source: { use: "jsonl", with: { files: ["x"] } },
    stages: [stage],
    sink: { use: "jsonl", with: { dir: "out" } },
  };
  return (await checkRecipe(recipe, { registry, baseDir: dir })).stages[0]!;
}

test("what earlier indexes hold is part of a stage's identity, where they lie is not; signing depends on neither", async () => {
  const dir = tempDir();
  for (const run of ["a", "b", "c"]) write(join(dir, run, "index", "1-minhash-dedup"), makePages(run === "c" ? 4 : 5));
  const against = (...runs: string[]) => check(dir, { use: "minhash-dedup", with: { against: runs } });
  const [a, b, c, none] = [await against("a"), await against("b"), await against("c"), await against()];
  assert.deepEqual(a.identity, b.identity);
  assert.equal(a.identity.files?.length, 1);
  assert.ok(!("against" in (a.identity.params as object)));
  assert.notDeepEqual(a.identity, c.identity);
  assert.equal(none.identity.files, undefined);
  assert.deepEqual((await against("a", "c")).identity.files, [...a.identity.files!, ...c.identity.files!]);
  assert.deepEqual(signingOf(a), signingOf(none));
  const looser = await check(dir, {
    use: "minhash-dedup",
    with: { minJaccard: 0.5, keep: "longest", saveIndex: true },
  });
  assert.deepEqual(signingOf(looser), signingOf(none));
  const wider = await check(dir, { use: "minhash-dedup", with: { ngram: 4 } });
  assert.notDeepEqual(signingOf(wider), signingOf(none));
});

test("the index of a run is found by its stage, and by what the stage is called where there are several", async () => {
  const dir = tempDir();
  const add = (folder: string, stage: string) =>
    write(join(dir, "run", "index", folder), makePages(folder.length), { ...SIGNING, stage });
  const against = (run: string, as?: string, use = "minhash-dedup") =>
    check(dir, { use, with: { against: [run] }, ...(as === undefined ? {} : { as }) });
  const refused = (found: Promise<unknown>, says: RegExp) =>
    assert.rejects(found, (error) => error instanceof RecipeError && says.test(error.message));
  await refused(against("run"), /minhash-dedup\.against\[0\]: no such folder: .*run$/);
  writeFileSync(join(dir, "file"), "");
  await refused(against("file"), /against\[0\]: found a file at .*file, expected the output folder of a run/);
  mkdirSync(join(dir, "run", "index"), { recursive: true });
  await refused(against("run"), /run holds no saved index; expected the output .* `saveIndex: true`/);
  add("1-exact-dedup", "exact-dedup");
  await refused(
    against("run"),
    /the saved indexes in .*run are 1-exact-dedup of exact-dedup; expected one of minhash-dedup/,
  );
  add("2-near", "minhash-dedup");
  const only = await against("run");
  add("3-nearer", "minhash-dedup");
  assert.deepEqual((await against("run", "near")).identity.files, only.identity.files);
  assert.notDeepEqual((await against("run", "nearer")).identity.files, only.identity.files);
  await refused(
    against("run"),
    /1-exact-dedup of exact-dedup, 2-near of .*, 3-nearer .* that is called "minhash-dedup": name/,
  );
  // One that cannot be read is no hindrance where another is meant.
  rmSync(join(dir, "run", "index", "3-nearer", INDEX_JSON));
  assert.deepEqual((await against("run")).identity, only.identity);
  rmSync(join(dir, "run", "index", "2-near", INDEX_JSON));
  await assert.rejects(against("run"), /2-near: no index\.json, so the index in it was not finished/);
  assert.equal((await against("run", undefined, "exact-dedup")).identity.files?.length, 1);
});

test("calling a stage that compares with earlier runs still gives a spec", () => {
  assert.deepEqual(minhashDedup({ against: ["elsewhere"] }).params.against, ["elsewhere"]);
});
