/** `sluice bench pdf` on a few small files. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pdfFiles, runPdfBench } from "../../pipeline/cli/bench-pdf.ts";
import { pdfOf } from "../stages/extract-pdf-files.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-bench-pdf-"));
test.after(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, "below"));
const write = (name: string, body: Uint8Array | string) => writeFileSync(join(folder, name), body);
write("one.pdf", pdfOf([[["one", 72, 700]], [["page two", 72, 700]]]));
write("below/two.PDF", pdfOf([[["two", 72, 700]]]));
write("empty.pdf", pdfOf([[]]));
write("damaged.pdf", "%PDF-1.7 and nothing else");
write("notes.txt", "no PDF");

test("files that both read are timed, pages counted; the others are named", async () => {
  const files = pdfFiles([folder]);
  assert.deepEqual(
    files,
    ["below/two.PDF", "damaged.pdf", "empty.pdf", "one.pdf"].map((name) => join(folder, name)),
  );
  const result = await runPdfBench(files, 2);
  assert.deepEqual([result.files, result.pages], [2, 3]);
  assert.deepEqual(
    result.left,
    ["damaged.pdf", "empty.pdf"].map((name) => join(folder, name)),
  );
  assert.deepEqual(
    result.routes.map(({ route }) => route),
    ["extract-pdf", "pdf.js"],
  );
  assert.ok(result.routes.every(({ pagesPerCpuSecond }) => pagesPerCpuSecond > 0));
  assert.equal(result.routes[1]!.ratio.median, 1);
});

test("a missing file, and files of which none has text, are refused", async () => {
  await assert.rejects(runPdfBench(pdfFiles([join(folder, "none.pdf")]), 1), /none\.pdf: there is no such file/);
  await assert.rejects(runPdfBench([join(folder, "empty.pdf")], 1), /no PDF with text/);
});
