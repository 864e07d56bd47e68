/** The ways from a PDF's bytes to its text that are timed. */
import { fileURLToPath } from "node:url";
import extractPdf from "../../../stages/extract/pdf.ts";
import type { RawPage } from "../../document.ts";
import { contextFor } from "../../recipe.ts";
import { isDropped } from "../../verdict.ts";

export const ROUTES = {
  "extract-pdf": "extract-pdf: thread, layout",
  "pdf.js": "pdf.js alone, getTextContent",
} as const;
export type Route = keyof typeof ROUTES;

/** How many pages were read; nothing of a file without text, or one that this route gives up. */
export type ReadPdf = (body: Uint8Array) => Promise<number | undefined>;

/** Timed on a busy machine, an ordinary file must not run out of time. */
const DEADLINE_SECONDS = 600;

export async function openRoute(route: Route): Promise<ReadPdf> {
  return route === "pdf.js" ? withPdfJs() : withStage();
}

const PAGE: Omit<RawPage, "body"> = {
  id: "0".repeat(32),
  url: "",
  date: "",
  source: { file: "", offset: 0, length: 0 },
  tags: {},
  mediaType: "application/pdf",
  charset: undefined,
};

async function withStage(): Promise<ReadPdf> {
  const params = extractPdf.params.parse({ deadlineSeconds: DEADLINE_SECONDS });
  const thread = await extractPdf.setup!(params, contextFor(process.cwd(), 1));
  return async (body) => {
    const result = await extractPdf.extract({ ...PAGE, body }, params, thread);
    return isDropped(result) ? undefined : Number(result.tags?.["pdf.pagesRead"] ?? result.tags?.["pdf.pages"]);
  };
}

/** As its documentation has it, with what spares work in Node; no more pages than `extract-pdf` reads. */
async function withPdfJs(): Promise<ReadPdf> {
  for (const method of ["log", "info", "warn", "error"] as const) console[method] = () => {};
  const { getDocument } = await import("pdfjs-dist/legacy/build/pdf.mjs");
  const assets = fileURLToPath(new URL("./", import.meta.resolve("pdfjs-dist/package.json")));
  const { maxPages } = extractPdf.params.parse({});
  return async (body) => {
    const loading = getDocument({
      data: new Uint8Array(body),
      verbosity: 0,
      isEvalSupported: false,
      disableFontFace: true,
      useSystemFonts: false,
      cMapUrl: `${assets}cmaps/`,
      cMapPacked: true,
      standardFontDataUrl: `${assets}standard_fonts/`,
    });
    try {
      const pdf = await loading.promise;
      let pages = 0;
      for (; pages < Math.min(pdf.numPages, maxPages); pages++) {
        const page = await pdf.getPage(pages + 1);
        await page.getTextContent();
        page.cleanup();
      }
      return pages;
    } catch {
      return undefined;
    } finally {
      await loading.destroy();
    }
  };
}
