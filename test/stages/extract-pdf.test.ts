import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { KillableThread } from "../../pipeline/killable-thread.ts";
import extractPdf from "../../stages/extract/pdf.ts";
import type { PdfReply, PdfRequest } from "../../stages/extract/pdf-thread.ts";
import { needsShared } from "../shared.ts";
import { type CrawlRow, crawlPage, jsonLines, rawPage } from "./extract-crawl.ts";
import { encryptedPdf, pdfOf } from "./extract-pdf-files.ts";

const params = extractPdf.params.parse({});
const context = { resolvePath: (path: string) => path, seed: 0 };
const thread = await extractPdf.setup!(params, context);
after(() => thread.stop());

const extract = (body: Uint8Array, changed: Partial<typeof params> = {}, on = thread) =>
  extractPdf.extract(rawPage(body, "application/pdf"), { ...params, ...changed }, on);

const LETTER = pdfOf(
  [
    [
      ["A letter", 72, 700, 12],
      ["This paragraph has a bro-", 72, 660, 12],
      ["ken word and goes on", 72, 646, 12],
      ["to a third line.", 72, 632, 12],
      ["Another paragraph.", 72, 604, 12],
    ],
    [["The second page.", 72, 700, 12]],
  ],
  { info: "/Title (The   letter)" },
);

test("text, lines, paragraphs and joined words of a PDF", async () => {
  assert.deepEqual(await extract(LETTER), {
    text: "A letter\n\nThis paragraph has a broken word and goes on to a third line.\n\nAnother paragraph.\n\nThe second page.",
    tags: { title: "The letter", "pdf.pages": 2 },
  });
});

test("the page's bytes are still its own afterwards", async () => {
  const body = Buffer.from(LETTER);
  await extract(body);
  assert.ok(body.equals(LETTER));
});

test("pages beyond the limit are left unread, and counted", async () => {
  const result = await extract(LETTER, { maxPages: 1 });
  assert.ok("text" in result && !result.text.includes("second"));
  assert.deepEqual([result.tags?.["pdf.pages"], result.tags?.["pdf.pagesRead"]], [2, 1]);
});

test("several PDFs at once are read one after the other", async () => {
  const results = await Promise.all(["one", "two", "three"].map((word) => extract(pdfOf([[[word, 72, 700]]]))));
  assert.deepEqual(
    results.map((result) => "text" in result && result.text),
    ["one", "two", "three"],
  );
});

const refused: readonly [name: string, body: Buffer, reason: string][] = [
  ["a page without text", pdfOf([[]]), "no-text-layer"],
  ["a password", encryptedPdf("secret", "a password"), "pdf-encrypted"],
  ["no PDF at all", Buffer.from("<html>404</html>"), "pdf-damaged"],
  ["nothing", Buffer.alloc(0), "pdf-damaged"],
  ["a signature and nothing more", Buffer.from("%PDF-1.7\n"), "pdf-damaged"],
  [
    "garbage after the signature",
    Buffer.from(`%PDF-1.4\n${"\xff<< /Kids [1 0 R] stream ".repeat(500)}`, "latin1"),
    "pdf-damaged",
  ],
  ["a PDF cut before its pages", LETTER.subarray(0, 60), "pdf-damaged"],
];
for (const [name, body, reason] of refused) {
  test(`a PDF is dropped under a reason: ${name}`, async () => {
    const result = await extract(body);
    assert.equal("kept" in result ? result.reason : JSON.stringify(result), reason);
  });
}

test("a PDF cut anywhere, or with any byte changed, gives text or a reason", async () => {
  for (let part = 1; part < 24; part++) {
    const at = Math.floor((LETTER.length * part) / 24);
    await extract(LETTER.subarray(0, at));
    const changed = Buffer.from(LETTER);
    changed.fill(0x2f, at, at + 3);
    await extract(changed);
  }
});

test("a PDF that anybody may read is read, whatever its owner forbids", async () => {
  const result = await extract(encryptedPdf("open to all", ""));
  assert.equal("text" in result && result.text, "open to all");
});

test("a PDF over the size limit is not looked at", async () => {
  assert.deepEqual(await extract(LETTER, { maxBytes: 10 }), {
    kept: false,
    reason: "pdf-too-large",
    value: LETTER.length,
  });
});

/** A thread that says it is ready, then does `work` for each message. */
const threadDoing = (work: string) =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`
      import { parentPort } from "node:worker_threads";
      parentPort.on("message", (request) => { ${work} });
      parentPort.postMessage("ready");`)}`,
  );
const standIn = (work: string, deadlineMs: number, maxMemoryMb = 100, maxRequests = 1000) =>
  new KillableThread<PdfRequest, PdfReply>(threadDoing(work), { deadlineMs, maxMemoryMb, maxRequests });

test("a PDF that hangs its thread is dropped at the deadline, and the next is read", async () => {
  const answer = `parentPort.postMessage({ ok: true, text: "fine", pages: 1, pagesRead: 1, title: "" })`;
  const hanging = standIn(`if (request.maxPages === 666) for (;;); ${answer}`, 300);
  const started = Date.now();
  assert.deepEqual(await extract(LETTER, { deadlineSeconds: 0.3, maxPages: 666 }, hanging), {
    kept: false,
    reason: "pdf-timeout",
    value: 0.3,
  });
  assert.ok(Date.now() - started < 5000);
  const next = await extract(LETTER, {}, hanging);
  assert.equal("text" in next && next.text, "fine");
  await hanging.stop();
});

test("a PDF that fills its memory is dropped, and the next is read", async () => {
  for (const grown of ["Array.from({ length: 1000 }, () => ({}))", "new Uint8Array(1e6).fill(1)"]) {
    const filling = standIn(`const all = []; for (;;) all.push(${grown});`, 30_000);
    const result = await extract(LETTER, {}, filling);
    assert.deepEqual(result, { kept: false, reason: "pdf-out-of-memory", value: params.maxMemoryMb });
    await filling.stop();
  }
});

test("a PDF that crashes its thread is dropped", async () => {
  for (const work of ["throw new Error('x')", "Promise.reject(new Error('x'))", "process.exit(3)"]) {
    const crashing = standIn(work, 30_000);
    const result = await extract(LETTER, {}, crashing);
    assert.equal("kept" in result && result.reason, "pdf-damaged", work);
    await crashing.stop();
  }
});

test("a thread is replaced after its share of documents", async () => {
  const counting = standIn(
    "globalThis.n = (globalThis.n ?? 0) + 1; parentPort.postMessage({ ok: true, text: String(globalThis.n), pages: 1, pagesRead: 1, title: '' })",
    30_000,
    100,
    3,
  );
  const texts: unknown[] = [];
  for (let n = 0; n < 7; n++) texts.push(((await extract(LETTER, {}, counting)) as { text?: string }).text);
  assert.deepEqual(texts, ["1", "2", "3", "1", "2", "3", "1"]);
  await counting.stop();
});

test("a thread that cannot start is an error, not a bad page", async () => {
  const broken = new KillableThread<PdfRequest, PdfReply>(
    new URL("data:text/javascript,throw new Error('no library')"),
    {
      deadlineMs: 1000,
      maxMemoryMb: 100,
      maxRequests: 9,
    },
  );
  await assert.rejects(async () => extract(LETTER, {}, broken), /did not start .*no library/);
});

const run = promisify(execFile);
/** Runs a program in a process of its own; throws if that has not ended by itself in time. */
const runProgram = (code: string, seconds: number) =>
  run(process.execPath, ["--input-type=module", "-e", code], {
    timeout: seconds * 1000,
    killSignal: "SIGKILL",
    env: { ...process.env, NODE_NO_WARNINGS: "1" },
  });

test("an idle thread does not keep the process alive", async () => {
  const code = `
    const { default: stage } = await import(${JSON.stringify(extractPdf.module)});
    const params = stage.params.parse({});
    const body = Buffer.from(${JSON.stringify(LETTER.toString("base64"))}, "base64");
    const result = await stage.extract({ body }, params, stage.setup(params));
    console.log(result.text.split("\\n")[0]);`;
  const { stdout, stderr } = await runProgram(code, 20);
  assert.deepEqual([stdout, stderr], ["A letter\n", ""]);
});

test("a hanging thread ends with the thread that owns it", async () => {
  const module = JSON.stringify(new URL("../../pipeline/killable-thread.ts", import.meta.url).href);
  const owner = `
    import(${module}).then(({ KillableThread }) => {
      const thread = new KillableThread(new URL(${JSON.stringify(threadDoing("for (;;);").href)}), { deadlineMs: 1e8, maxMemoryMb: 100, maxRequests: 9 });
      thread.ask({});
      setTimeout(() => process.getBuiltinModule("node:worker_threads").parentPort.postMessage("hanging"), 1000);
    });`;
  const code = `
    import { Worker } from "node:worker_threads";
    const owner = new Worker(${JSON.stringify(owner)}, { eval: true });
    owner.on("message", async () => {
      await owner.terminate();
      const before = process.cpuUsage().user;
      await new Promise((resolve) => setTimeout(resolve, 300));
      console.log(process.cpuUsage().user - before < 150_000 ? "quiet" : "still busy");
    });`;
  const { stdout } = await runProgram(code, 20);
  assert.equal(stdout, "quiet\n");
});

interface BookRow extends CrawlRow {
  readonly text: string;
}

const normal = (text: string) =>
  text
    .replaceAll("’", "'")
    .replaceAll(/[“”„]/g, '"')
    .match(/[\p{L}\p{N}'"-]+/gu) ?? [];

/** How much two lists have in common, each element as often as in both: 1 for equal ones (Dice). */
function likeness(a: readonly string[], b: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const element of a) counts.set(element, (counts.get(element) ?? 0) + 1);
  let common = 0;
  for (const element of b) {
    const count = counts.get(element) ?? 0;
    if (count > 0) common++;
    counts.set(element, count - 1);
  }
  return (2 * common) / (a.length + b.length);
}

test(
  "a real book: its words, in their order, without what runs on every page",
  needsShared("data/extraction", "data/crawl"),
  async () => {
    const book = jsonLines<BookRow>("data", "extraction", "pdf-installation-guide.gt.jsonl.gz").find((row) =>
      /de\.pdf$/.test(row.url),
    );
    assert.ok(book !== undefined);
    const result = await extract(crawlPage(book).body, { maxPages: 40 });
    assert.ok("text" in result);
    const words = normal(result.text);
    const all = normal(book.text);
    const twin = all.slice(0, words.length);
    assert.ok(words.length > 5000, `${words.length} words`);
    const runs = (list: readonly string[]) => list.slice(3).map((_, index) => list.slice(index, index + 4).join(" "));
    const [bag, order] = [likeness(words, twin), likeness(runs(words), runs(twin))];
    assert.ok(bag > 0.955 && order > 0.88, `${bag} of the words, ${order} of the runs of four`);
    assert.ok(!/^(KAPITEL|\d+\.\d+\.) .*\p{Lu}{5}/mu.test(result.text), "a running header is left");
  },
);
