/** What is done to pdf.js to make it faster changes nothing that it says. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { seededRandom } from "../../pipeline/random.ts";
import { loadPdfJs, type PdfDocument } from "../../stages/extract/pdf-js.ts";
import { importEdited, withProductsWrittenOut } from "../../stages/extract/pdf-js-edit.ts";
import { TextHandingPort } from "../../stages/extract/pdf-port.ts";
import { pdfOfContents } from "./extract-pdf-files.ts";

const READER = import.meta.resolve("pdfjs-dist/legacy/build/pdf.worker.mjs");
const source = readFileSync(fileURLToPath(READER), "utf8");

test("the installed pdf.js has the place that is written out; other sources stay as they are", () => {
  const edited = withProductsWrittenOut(source);
  assert.notEqual(edited, source);
  assert.equal(withProductsWrittenOut(edited), edited);
  assert.equal(withProductsWrittenOut(source + source), source + source);
  assert.equal(withProductsWrittenOut("export {};"), "export {};");
});

test("pieces of text are, bit for bit, those of pdf.js as it comes", async () => {
  const seed = 20261130;
  const random = seededRandom(seed);
  const number = (most: number) => ((2 * random() - 1) * most).toFixed(3);
  const matrix = (place: number) => `${[1, 1, 1, 1].map(number).join(" ")} ${number(place)} ${number(place)}`;
  const contents = Array.from({ length: 40 }, () =>
    Array.from(
      { length: 12 },
      () =>
        `q ${matrix(300)} cm BT /F ${number(30)} Tf ${number(9)} Ts ${number(150)} Tz ${number(2)} Tc ${number(5)} Tw ` +
        `${matrix(300)} Tm (some words) Tj [(in) -20 (pieces) 400 (apart)] TJ 0 -14 Td (below) Tj ET Q`,
    ).join("\n"),
  );
  const body = pdfOfContents({ contents });

  // pdf.js takes what it finds in a global variable for its second half, and keeps it.
  const asItComes = `${READER}?as-it-comes`;
  await importEdited(
    asItComes,
    (text) => text,
    () => import(asItComes),
  );
  const { getDocument } = await import("pdfjs-dist/legacy/build/pdf.mjs");
  const loading = getDocument({
    data: new Uint8Array(body),
    verbosity: 0,
    disableFontFace: true,
    useSystemFonts: false,
  });
  const expected = await itemsOf(await loading.promise);
  await loading.destroy();

  const file = (await loadPdfJs())(new Uint8Array(body));
  const found = await itemsOf(await file.document);
  await file.close();
  assert.ok(expected.length > 400);
  // Strictly: 0 is not -0.
  assert.deepStrictEqual(found, expected, `seed ${seed}`);
});

async function itemsOf(document: PdfDocument): Promise<unknown[]> {
  const items: unknown[] = [];
  for (let number = 1; number <= document.numPages; number++) {
    const page = await document.getPage(number);
    items.push(...(await page.getTextContent()).items.map((item) => ({ ...item, fontName: "" })));
  }
  return items;
}

test("text is handed over as it was sent, whatever becomes of its sender's object; the rest is cloned", async () => {
  const port = new TextHandingPort();
  const got: Record<string, unknown>[] = [];
  const ended = new AbortController();
  port.addEventListener("message", ({ data }) => got.push(data as Record<string, unknown>));
  port.addEventListener("message", () => assert.fail("nobody listens any more"), { signal: ended.signal });
  ended.abort();
  const items = [{ str: "text" }];
  const chunk = { items, styles: {} };
  const other = { bytes: new Uint8Array([1, 2]) };
  port.postMessage({ stream: 1, chunk });
  port.postMessage(other, [other.bytes.buffer]);
  const flat = { stream: 2, streamId: 1 };
  port.postMessage(flat);
  flat.stream = 3;
  chunk.items = [];
  await Promise.resolve();
  assert.equal((got[0]!.chunk as typeof chunk).items, items);
  assert.deepEqual(got[1], { bytes: new Uint8Array([1, 2]) });
  assert.deepEqual(got[2], { stream: 2, streamId: 1 });
  assert.equal(other.bytes.length, 0, "handed over");
});
