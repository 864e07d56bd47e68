/** Files made to hang, to fill memory or to confuse: each ends soon, with a text or a reason, and the next is read. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { deflateSync } from "node:zlib";
import extractPdf from "../../stages/extract/pdf.ts";
import { rawPage } from "./extract-crawl.ts";
import { drawing, pdfFile, pdfOf, pdfOfContents, streamObject } from "./extract-pdf-files.ts";

const context = { resolvePath: (path: string) => path, seed: 0 };
const params = extractPdf.params.parse({ deadlineSeconds: 30 });
const thread = await extractPdf.setup!(params, context);
const hasty = extractPdf.params.parse({ deadlineSeconds: 0.5 });
const hastyThread = await extractPdf.setup!(hasty, context);
after(() => Promise.all([thread.stop(), hastyThread.stop()]));

const HELLO = drawing([["hello", 72, 700]]);
const FINE = pdfOf([[["hello", 72, 700]]]);
const edited = (from: RegExp | string, to: string) => Buffer.from(FINE.toString("latin1").replace(from, to), "latin1");

/** The text, or the reason why there is none. */
async function answer(body: Buffer, given = params, on = thread): Promise<string> {
  const result = await extractPdf.extract(rawPage(body, "application/pdf"), given, on);
  return "text" in result ? result.text : (result as { reason: string }).reason;
}

const CATALOG = "<< /Type /Catalog /Pages 2 0 R >>";
const PAGE = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>";
const FORM_FONTS = "/Resources << /Font << /F 3 0 R >> /XObject << /X 5 0 R >> >>";
const form = (content: string, next: number) =>
  streamObject(
    content,
    `/Type /XObject /Subtype /Form /BBox [0 0 600 800] /Resources << /Font << /F 3 0 R >> /XObject << /X ${next} 0 R >> >>`,
  );
const fontOf = (...more: (string | Buffer)[]) => ({ page: "/Resources << /Font << /F 5 0 R >> >>", more });
const inflating = (content: Buffer | string) => ({ contents: [deflateSync(content)], stream: "/Filter /FlateDecode" });

const cases: readonly [name: string, body: () => Buffer, expected: string][] = [
  [
    "pages that are their own parent",
    () => pdfFile([CATALOG, "<< /Type /Pages /Kids [2 0 R] /Count 1 >>"]),
    "pdf-damaged",
  ],
  [
    "pages that are each other's parent",
    () =>
      pdfFile([
        CATALOG,
        "<< /Type /Pages /Kids [3 0 R 3 0 R] /Count 4 >>",
        "<< /Type /Pages /Kids [2 0 R] /Count 2 >>",
      ]),
    "pdf-damaged",
  ],
  [
    "two thousand million pages, one there",
    () => pdfFile([CATALOG, "<< /Type /Pages /Kids [3 0 R] /Count 2000000000 >>", PAGE]),
    "no-text-layer",
  ],
  [
    "a tree of pages ten thousand levels deep",
    () => {
      const levels = Array.from(
        { length: 10_000 },
        (_, index) => `<< /Type /Pages /Kids [${index + 3} 0 R] /Count 1 >>`,
      );
      return pdfFile([CATALOG, ...levels, "<< /Type /Page /MediaBox [0 0 9 9] >>"]);
    },
    "no-text-layer",
  ],
  ["no pages", () => pdfOf([]), "pdf-damaged"],
  ["fifty thousand objects", () => pdfOfContents({ contents: [HELLO], more: Array(50_000).fill("0") }), "hello"],
  [
    "objects without a table",
    () => {
      const objects = Array.from({ length: 20_000 }, (_, index) => `${index} 0 obj\n0\nendobj\n`).join("");
      return Buffer.from(`%PDF-1.4\n${objects}`);
    },
    "pdf-damaged",
  ],
  [
    "a content that inflates to a quarter of a gigabyte",
    () => pdfOfContents(inflating(Buffer.alloc(2 ** 28, 0x20))),
    "no-text-layer",
  ],
  ["a table of two thousand million objects", () => edited("0 6", "0 2000000000"), "hello"],
  [
    "a table stream of two thousand million objects",
    () =>
      Buffer.from(
        "%PDF-1.5\n1 0 obj\n<< /Type /XRef /Size 2000000000 /W [1 2 1] /Index [0 2000000000] /Root 2 0 R /Length 4 >>\nstream\n0000\nendstream\nendobj\nstartxref\n9\n%%EOF",
      ),
    "pdf-damaged",
  ],
  [
    "a table that is its own predecessor",
    () => edited("/Root 1 0 R", `/Root 1 0 R /Prev ${/startxref\n(\d+)/.exec(FINE.toString("latin1"))![1]}`),
    "hello",
  ],
  ["a stream longer than the file", () => edited(/\/Length \d+/, "/Length 99999999"), "hello"],
  ["a stream of no length", () => edited(/\/Length \d+/, "/Length 0"), "hello"],
  ["a stream of negative length", () => edited(/\/Length \d+/, "/Length -5"), "hello"],
  ["a stream whose length is itself", () => edited(/\/Length \d+/, "/Length 5 0 R"), "hello"],
  ["a million open brackets", () => pdfOfContents({ contents: ["[".repeat(1_000_000)] }), "no-text-layer"],
  [
    "a form that draws itself",
    () => pdfOfContents({ contents: [`/X Do ${HELLO}`], page: FORM_FONTS, more: [form("/X Do", 5)] }),
    "hello",
  ],
  [
    "scripts and fields",
    () =>
      pdfOfContents({
        contents: [HELLO],
        catalog:
          "<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (for(;;);) >> /AcroForm << /Fields [5 0 R] /XFA 6 0 R /NeedAppearances true >> >>",
        more: ["<< /FT /Tx /T (a) /V (value) /Subtype /Widget /Rect [0 0 9 9] >>", streamObject("<xdp/>")],
      }),
    "hello",
  ],
  [
    "glyphs that are drawings",
    () =>
      pdfOfContents({
        contents: ["BT /F 9 Tf 72 700 Td (\\001\\002\\003\\001) Tj ET"],
        ...fontOf(
          "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 9 9] /FontMatrix [.1 0 0 .1 0 0] /FirstChar 1 /LastChar 3 /Widths [5 5 5] /Encoding << /Differences [1 /g1 /g2 /g3] >> /CharProcs << /g1 6 0 R /g2 6 0 R /g3 6 0 R >> >>",
          streamObject("5 0 d0"),
        ),
      }),
    "no-text-layer",
  ],
  [
    "glyphs that no table makes characters",
    () =>
      pdfOfContents({
        contents: ["BT /F 9 Tf 72 700 Td <000100020003> Tj ET"],
        ...fontOf(
          "<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H /DescendantFonts [6 0 R] >>",
          "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /X /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>",
        ),
      }),
    "no-text-layer",
  ],
  [
    "an image and no text: a scan",
    () =>
      pdfOfContents({
        contents: ["612 0 0 792 0 0 cm /X Do"],
        page: "/Resources << /XObject << /X 5 0 R >> >>",
        more: [
          streamObject(
            "0",
            "/Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8 /ColorSpace /DeviceGray",
          ),
        ],
      }),
    "no-text-layer",
  ],
];
for (const [name, body, expected] of cases) {
  test(`${name}: ${expected}`, async () => {
    assert.equal(await answer(body()), expected);
    assert.equal(await answer(FINE), "hello");
  });
}

const hanging: readonly [name: string, body: () => Buffer][] = [
  [
    "forms that each draw the next ten times",
    () => {
      const forms = Array.from({ length: 12 }, (_, index) =>
        form(index === 11 ? HELLO : "/X Do ".repeat(10), 6 + index),
      );
      return pdfOfContents({ contents: ["/X Do"], page: FORM_FONTS, more: forms });
    },
  ],
  [
    "a content that is text without end",
    () => pdfOfContents(inflating(`BT /F 9 Tf ${"(aaaaaaaaaa) Tj 0 -9 Td ".repeat(2_000_000)} ET`)),
  ],
  [
    "a page that stands in the tree half a million times",
    () => pdfFile([CATALOG, `<< /Type /Pages /Kids [${"3 0 R ".repeat(500_000)}] /Count 500000 >>`, PAGE]),
  ],
];
for (const [name, body] of hanging) {
  test(`${name}: ended at the deadline, and the next is read`, async () => {
    assert.equal(await answer(body(), hasty, hastyThread), "pdf-timeout");
    assert.equal(await answer(FINE, params), "hello");
  });
}

test("a file cut at every tenth of its length gives a text or a reason", async () => {
  const whole = pdfOf(Array.from({ length: 12 }, (_, index) => [[`page ${index}`, 72, 700]] as const));
  const answers: string[] = [];
  for (let tenth = 0; tenth <= 10; tenth++) answers.push(await answer(whole.subarray(0, (whole.length * tenth) / 10)));
  assert.deepEqual(answers.slice(0, 2), ["pdf-damaged", "pdf-damaged"]);
  assert.ok(
    answers.slice(2).every((text) => /^pdf-damaged$|page \d/.test(text)),
    answers.join(),
  );
  assert.ok(answers[10]!.includes("page 11"));
});

test("of many pages the first are read", async () => {
  const body = pdfOf(
    Array.from({ length: 2000 }, (_, index) => [[`This is page ${index}`, 72, 700 - (index % 50)]] as const),
  );
  const result = await extractPdf.extract(rawPage(body, "application/pdf"), { ...params, maxPages: 300 }, thread);
  assert.ok("text" in result);
  assert.ok(result.text.includes("page 299") && !result.text.includes("page 300"));
  assert.deepEqual([result.tags?.["pdf.pages"], result.tags?.["pdf.pagesRead"]], [2000, 300]);
});
