import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, describe, test } from "node:test";
import zlib from "node:zlib";
import { WARCParser, type WARCRecord } from "warcio";
import {
  type DemoCrawl,
  type DemoLabel,
  type FiledPage,
  planDemoCrawl,
  writeDemoCrawl,
} from "../../pipeline/cli/demo/generate.ts";
import { buildPdf, pdfPageCount } from "../../pipeline/cli/demo/pdf.ts";
import { countKinds } from "../../pipeline/cli/demo/plants.ts";
import { demoRecipe } from "../../pipeline/cli/demo/recipe.ts";
import { RecipeError } from "../../pipeline/errors.ts";
import pii from "../../stages/clean/pii.ts";
import { prepareRewriter } from "../contracts/rewriter.ts";

const OPTIONS = { seed: 20240501, pages: 400 };

let folder: string;
let crawl: DemoCrawl;
let labels: DemoLabel[];
/** The same pages with their articles; the labels say nothing of those. */
let pages: FiledPage[];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-demo-"));
  crawl = await writeDemoCrawl(join(folder, "crawl"), OPTIONS);
  labels = (await readFile(crawl.labels, "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as DemoLabel);
  pages = planDemoCrawl(OPTIONS);
});
after(() => rm(folder, { recursive: true, force: true }));

describe("the crawl as a whole", () => {
  test("the same seed gives the same bytes", async () => {
    const again = await writeDemoCrawl(join(folder, "again"), OPTIONS);
    for (const [i, file] of [...crawl.files, crawl.labels].entries()) {
      const other = await readFile([...again.files, again.labels][i]!);
      assert.ok(other.equals(await readFile(file)), `${basename(file)} differs`);
    }
    assert.deepEqual(again.counts, crawl.counts);
  });

  test("another seed gives other pages", () => {
    const second = planDemoCrawl({ ...OPTIONS, seed: 2 });
    const others = new Set(second.map((page) => page.article));
    const articles = pages.filter((page) => page.plant.planted === "original").map((page) => page.article);
    const common = articles.filter((article) => others.has(article)).length;
    // Articles that begin a stretch of a book may come out alike.
    assert.ok(common < 0.1 * articles.length, `${common} of ${articles.length} articles are in both`);
    assert.notDeepEqual(
      second.map((page) => page.plant.url),
      pages.map((page) => page.plant.url),
    );
  });

  test("there is one label for each page, in crawl order, and every kind occurs", () => {
    assert.equal(labels.length, OPTIONS.pages);
    assert.equal(new Set(labels.map((label) => label.url)).size, labels.length);
    assert.deepEqual(
      labels.map((label) => label.url),
      pages.map((page) => page.plant.url),
    );
    for (const kind of [...Object.keys(countKinds(OPTIONS.pages)), "cut-off-record"]) {
      assert.ok(
        labels.some((label) => label.planted === kind),
        `no ${kind}`,
      );
    }
    assert.equal(labels.at(-1)!.planted, "cut-off-record");
    for (const label of labels) {
      assert.equal(label.by !== undefined, label.expect === "dropped", label.url);
      assert.ok(["kept", "dropped", "lost"].includes(label.expect));
    }
    assert.deepEqual(
      Object.values(crawl.counts.byKind).reduce((sum, count) => sum + count, 0),
      OPTIONS.pages,
    );
  });

  test("what is asked for must be possible", async () => {
    assert.throws(() => planDemoCrawl({ seed: 1, pages: 20 }), RecipeError);
    assert.throws(() => planDemoCrawl({ seed: 1, pages: 20_000 }), /too little prose/);
  });

  test("the smallest crawl has every kind too", () => {
    const kinds = new Set(planDemoCrawl({ seed: 3, pages: 100 }).map((page) => page.plant.planted));
    assert.equal(kinds.size, Object.keys(countKinds(100)).length + 1);
  });

  test("the recipe reads the crawl and keeps English", () => {
    const recipe = demoRecipe("in", "out");
    assert.deepEqual(JSON.parse(JSON.stringify(recipe)), recipe);
    assert.match(JSON.stringify(recipe.source), /warc\.gz/);
  });
});

describe("records", () => {
  test("outside the damage, warcio reads every record, and each answers to a label", async () => {
    const seen: string[] = [];
    for (const file of crawl.files) {
      const name = basename(file);
      const types = new Map<string, number>();
      for await (const record of readUndamaged(file)) {
        const type = record.warcType ?? "?";
        types.set(type, (types.get(type) ?? 0) + 1);
        if (type === "response") seen.push(record.warcTargetURI!);
      }
      const expected = labels.filter((label) => label.file === name);
      const readable = expected.filter((label) => label.expect !== "lost").length;
      assert.equal(types.get("warcinfo"), 1);
      assert.equal(types.get("response"), readable);
      // Requests of lost responses are still there.
      assert.equal(types.get("request") ?? 0, name.endsWith("00000.warc.gz") ? expected.length : 0);
    }
    assert.deepEqual(
      seen,
      labels.filter((label) => label.expect !== "lost").map((label) => label.url),
    );
  });

  test("the damage is where it is said to be", async () => {
    for (const file of crawl.files) {
      const bytes = await readFile(file);
      const here = crawl.damage.filter((damage) => damage.file === basename(file));
      for (const { offset, bytes: length, cause } of here) {
        const spoilt = bytes.subarray(offset, offset + length);
        assert.throws(() => zlib.gunzipSync(spoilt), `${cause} at ${offset} is readable`);
        assert.equal(spoilt.subarray(0, 2).equals(Buffer.of(0x1f, 0x8b)), cause !== "garbage");
        if (cause === "cut-off") assert.equal(offset + length, bytes.length);
      }
    }
    const lost = labels.filter((label) => label.expect === "lost").length;
    assert.equal(crawl.damage.filter((damage) => damage.cause !== "garbage").length, lost);
  });

  test("digests and lengths in the records are true", async () => {
    let checked = 0;
    for await (const record of readUndamaged(crawl.files[1]!)) {
      const block = await record.readFully(false);
      const digest = await record.warcHeaders.headers.get("WARC-Block-Digest");
      assert.match(digest ?? "", /^sha1:[A-Z2-7]{32}$/);
      if (record.warcType === "warcinfo") assert.equal(sha1(block), digest);
      checked++;
    }
    assert.ok(checked > 150);
  });

  test("content codings undo to the page, chunks included", () => {
    const coded = pages.filter((page) => page.plant.planted === "content-coding");
    assert.equal(new Set(coded.map((page) => page.plant.detail)).size, 7);
    for (const { plant, response } of coded) {
      const [transfer, content] = plant.detail!.startsWith("chunked")
        ? [true, plant.detail!.slice("chunked+".length)]
        : [false, plant.detail!];
      const undo: Record<string, (bytes: Uint8Array) => Buffer> = {
        gzip: zlib.gunzipSync,
        br: zlib.brotliDecompressSync,
        deflate: zlib.inflateSync,
        "deflate-raw": zlib.inflateRawSync,
        zstd: zlib.zstdDecompressSync,
        "": (bytes) => Buffer.from(bytes),
      };
      const body = transfer ? joinChunks(Buffer.from(response.body)) : response.body;
      assert.ok(normal(undo[content]!(body).toString()).includes(escapeHtml(plant.contains!)), plant.detail);
    }
  });
});

describe("articles", () => {
  test("originals are at least 150 words of English sentences", () => {
    for (const { plant, article } of pages.filter((page) => page.plant.planted === "original")) {
      const words = article.split(/\s+/);
      assert.ok(words.length >= 150 && words.length < 600, `${plant.url}: ${words.length} words`);
      assert.match(article, /[.!?]["']?$/);
      assert.ok(!/[{}<>|_]/.test(article), plant.url);
      const common = words.filter((word) => ["the", "and", "of", "to", "that"].includes(word)).length;
      assert.ok(common > 0.05 * words.length, `${plant.url}: ${common} common words of ${words.length}`);
    }
  });

  test("nothing but planted copies shares text", () => {
    const copies = new Set(["exact-duplicate", "near-duplicate", "similar-not-duplicate"]);
    const articles = pages.filter((page) => page.article !== "" && !copies.has(page.plant.planted));
    const prose = articles.filter((page) => !["lorem", "keyword-spam"].includes(page.plant.planted));
    const firstSeen = new Map<string, string>();
    for (const { plant, article } of prose) {
      for (const sequence of sequences(article, 12)) {
        const other = firstSeen.get(sequence);
        assert.ok(other === undefined || other === plant.url, `"${sequence}" is in ${other} and ${plant.url}`);
        firstSeen.set(sequence, plant.url);
      }
    }
  });

  test("copies come after their originals, at the similarity that the labels state", () => {
    const placeOf = new Map(pages.map((page, i) => [page.plant.url, i]));
    const copied = new Set<string>();
    for (const [i, { plant, article, response }] of pages.entries()) {
      if (plant.twin === undefined) continue;
      assert.ok(placeOf.get(plant.twin)! < i, `${plant.url} comes before its twin`);
      assert.ok(!copied.has(plant.twin), `${plant.twin} has two copies`);
      copied.add(plant.twin);
      const twin = pages[placeOf.get(plant.twin)!]!;
      assert.equal(twin.plant.planted, "original");
      assert.equal(twin.plant.expect, "kept");
      const similarity = jaccard(article, twin.article);
      assert.ok(Math.abs(similarity - plant.similarity!) < 1e-4, `${plant.url}: ${similarity} ≠ ${plant.similarity}`);
      if (plant.planted === "exact-duplicate") assert.deepEqual(response.body, twin.response.body);
      if (plant.planted === "near-duplicate") assert.ok(similarity >= 0.9 && similarity < 1, `${similarity}`);
      if (plant.planted === "similar-not-duplicate") assert.ok(similarity > 0.1 && similarity <= 0.6, `${similarity}`);
    }
  });

  test("web pages hold their articles, paragraph by paragraph, among other things", () => {
    for (const { plant, article, response } of pages.filter((page) => page.plant.planted === "original")) {
      const html = Buffer.from(response.body).toString();
      for (const paragraph of article.split("\n\n")) assert.ok(html.includes(escapeHtml(paragraph)), plant.url);
      assert.ok(html.includes("<nav"), plant.url);
    }
  });

  test("other languages are at least twenty, in their own scripts", () => {
    const foreign = planDemoCrawl({ seed: 5, pages: 800 }).filter((page) => page.plant.planted === "other-language");
    assert.ok(new Set(foreign.map((page) => page.plant.detail)).size >= 20);
    const scripts: Record<string, RegExp> = {
      ru: /\p{sc=Cyrl}/u,
      ja: /\p{sc=Hira}/u,
      ar: /\p{sc=Arab}/u,
      el: /\p{sc=Grek}/u,
    };
    for (const { plant, article } of foreign) {
      assert.ok(article.length >= 900 && !article.includes("&#"), plant.url);
      const script = scripts[plant.detail!];
      if (script !== undefined) assert.match(article, script);
    }
  });
});

describe("hard pages", () => {
  test("broken charsets come right in the true charset, and only there", () => {
    const cases: Record<string, [right: string, wrong: string]> = {
      "windows-1252 undeclared": ["windows-1252", "utf-8"],
      "utf-8 declared iso-8859-1": ["utf-8", "windows-1252"],
      "utf-8 undeclared": ["utf-8", "windows-1252"],
      "windows-1251 in meta": ["windows-1251", "utf-8"],
      "shift_jis in meta": ["shift_jis", "utf-8"],
    };
    const found = pages.filter((page) => page.plant.planted === "charset");
    assert.deepEqual([...new Set(found.map((page) => page.plant.detail!))].sort(), Object.keys(cases).sort());
    for (const { plant, response } of found) {
      const [right, wrong] = cases[plant.detail!]!;
      assert.ok(new TextDecoder(right).decode(response.body).includes(plant.contains!), plant.detail);
      assert.ok(!new TextDecoder(wrong).decode(response.body).includes(plant.contains!), plant.detail);
    }
  });

  test("PDFs open in pdf.js with all their words, or fail the way they should", async () => {
    for (const page of pages.filter(({ plant }) => plant.planted.startsWith("pdf"))) {
      const { plant, article, response } = page;
      if (plant.expect === "kept") {
        assert.equal(normal(await pdfText(response.body)).includes(normal(article)), true, plant.url);
        assert.ok(normal(article).includes(plant.contains!));
      } else {
        const name = plant.planted === "pdf-encrypted" ? "PasswordException" : "InvalidPDFException";
        await assert.rejects(pdfText(response.body), { name }, plant.planted);
      }
    }
  });

  test("a PDF has as many pages as its text needs, and shows its special characters", async () => {
    const paragraphs = ["It’s (so) “called” – a \\ here, and — there: crème."];
    assert.equal(pdfPageCount({ title: "One", paragraphs }), 1);
    assert.ok((await pdfText(buildPdf({ title: "One", paragraphs }))).includes(paragraphs[0]!));
    const long = { title: "Long", paragraphs: Array.from({ length: 60 }, (_, i) => `Paragraph number ${i}.`) };
    assert.equal(pdfPageCount(long), 3);
    assert.match(await pdfText(buildPdf(long)), /number 59\./);
  });

  test("a hostile page nests a hundred thousand elements", () => {
    const deep = pages.find((page) => page.plant.planted === "deep-nesting")!;
    assert.equal(Buffer.from(deep.response.body).toString().match(/<div>/g)!.length, 100_000);
  });

  test("error statuses carry prose as good as the originals'", () => {
    const errors = pages.filter((page) => page.plant.planted === "status");
    assert.ok(new Set(errors.map((page) => page.response.status)).size >= 6);
    for (const { response, article } of errors) {
      assert.notEqual(response.status, 200);
      if (response.status !== 301) assert.ok(article.split(/\s+/).length >= 150);
    }
  });

  test("personal data is all that `pii` finds, and there is what it leaves alone by rule", async () => {
    const [run, without] = [
      await prepareRewriter(pii),
      await prepareRewriter(pii, { notNear: [], publicIpsOnly: false }),
    ];
    for (const { plant, article } of pages) {
      const { personal, contains } = plant;
      const { text, scores } = run(article);
      const { emails, phones, ips } = scores;
      assert.deepEqual({ emails, phones, ips }, personal ?? { emails: 0, phones: 0, ips: 0 }, plant.url);
      if (personal === undefined) continue;
      assert.equal(plant.planted, "personal-data");
      assert.ok(text.includes(contains!) && !article.includes(contains!), plant.url);
      const more = without(article).scores;
      assert.deepEqual([more.phones, more.ips], [personal.phones + 1, personal.ips + 1], "an ISBN, a private address");
    }
  });

  test("filler, spam and short pages are what they say", () => {
    for (const { plant, article } of pages) {
      const words: string[] = article.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
      if (plant.planted === "short") assert.ok(words.length <= 35, plant.url);
      if (plant.planted === "keyword-spam") assert.ok(new Set(words).size < 0.15 * words.length, plant.url);
      if (plant.planted === "lorem") assert.ok(!words.includes("the"));
      if (plant.planted === "navigation" || plant.planted === "boilerplate") assert.equal(article, "");
    }
  });
});

/** The records of a file from which the damaged stretches have been cut out. */
async function* readUndamaged(file: string): AsyncGenerator<WARCRecord> {
  const bytes = await readFile(file);
  const whole: Buffer[] = [];
  let from = 0;
  for (const { offset, bytes: length } of crawl.damage.filter((damage) => damage.file === basename(file))) {
    whole.push(bytes.subarray(from, offset));
    from = offset + length;
  }
  whole.push(bytes.subarray(from));
  yield* new WARCParser(new Blob(whole as Buffer<ArrayBuffer>[]).stream());
}

/** The plain definition: distinct five-word sequences of lower-cased letters and digits. */
function jaccard(a: string, b: string): number {
  const [left, right] = [new Set(sequences(a, 5)), new Set(sequences(b, 5))];
  const shared = [...left].filter((sequence) => right.has(sequence)).length;
  return shared / (left.size + right.size - shared);
}

function sequences(text: string, length: number): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.slice(length - 1).map((_, i) => words.slice(i, i + length).join(" "));
}

async function pdfText(bytes: Uint8Array): Promise<string> {
  const { getDocument, VerbosityLevel } = await import("pdfjs-dist/legacy/build/pdf.mjs");
  const task = getDocument({ data: Uint8Array.from(bytes), verbosity: VerbosityLevel.ERRORS });
  try {
    const document = await task.promise;
    const texts: string[] = [];
    for (let i = 1; i <= document.numPages; i++) {
      const { items } = await (await document.getPage(i)).getTextContent();
      const lines = items.map((item) => ("str" in item ? item.str + (item.hasEOL ? "\n" : "") : ""));
      // The last line of each page is its number.
      texts.push(lines.join("").replace(/\s*\d+\s*$/, ""));
    }
    return texts.join("\n");
  } finally {
    await task.destroy();
  }
}

function joinChunks(body: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = body.indexOf("\r\n", at);
    const length = Number.parseInt(body.toString("latin1", at, lineEnd), 16);
    if (length === 0) return Buffer.concat(pieces);
    pieces.push(body.subarray(lineEnd + 2, lineEnd + 2 + length));
    at = lineEnd + 2 + length + 2;
  }
}

function sha1(bytes: Uint8Array): string {
  let bits = BigInt(`0x${createHash("sha1").update(bytes).digest("hex")}`);
  let text = "";
  for (let i = 0; i < 32; i++, bits >>= 5n) text = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[Number(bits & 31n)]! + text;
  return `sha1:${text}`;
}

function normal(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

function escapeHtml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}
