/** The thread that pdf.js runs in: one document in, its text or the reason why there is none out. */
import { parentPort } from "node:worker_threads";
import { THREAD_READY } from "../../pipeline/killable-thread.ts";
import { loadPdfJs, type PdfDocument, type PdfOpener } from "./pdf-js.ts";
import { type PdfTextItem, segmentsOf } from "./pdf-segments.ts";
import { type PdfPage, pdfText } from "./pdf-text.ts";

export interface PdfRequest {
  readonly body: Uint8Array;
  readonly maxPages: number;
}

export type PdfReply =
  | {
      readonly ok: true;
      readonly text: string;
      /** In the file. */
      readonly pages: number;
      readonly pagesRead: number;
      readonly title: string;
    }
  | { readonly ok: false; readonly reason: "pdf-damaged" | "pdf-encrypted" };

/** More text than this is no document: the pages after it are left unread. */
const MAX_TEXT_CHARS = 16_000_000;

const port = parentPort;
if (port !== null) await serve(port);

async function serve(port: NonNullable<typeof parentPort>): Promise<void> {
  // pdf.js reports every oddity of a file to the console, some of them whatever its verbosity.
  for (const method of ["log", "info", "warn", "error", "debug"] as const) console[method] = () => {};
  // All of it, here: a file's deadline would have to allow for what is loaded later.
  const open = await loadPdfJs();
  port.on("message", async (request: PdfRequest) => {
    port.postMessage(await read(open, request));
  });
  port.postMessage(THREAD_READY);
}

async function read(open: PdfOpener, { body, maxPages }: PdfRequest): Promise<PdfReply> {
  const file = open(body);
  try {
    const pdf = await file.document;
    const pages: PdfPage[] = [];
    let chars = 0;
    const wanted = Math.min(pdf.numPages, maxPages);
    for (let number = 1; number <= wanted && chars <= MAX_TEXT_CHARS; number++) {
      const page = await readPage(pdf, number);
      if (page === undefined) continue;
      for (const { text } of page.flat()) chars += text.length;
      pages.push(page);
    }
    if (pages.length === 0) return { ok: false, reason: "pdf-damaged" };
    return {
      ok: true,
      text: pdfText(pages),
      pages: pdf.numPages,
      pagesRead: pages.length,
      title: await titleOf(pdf),
    };
  } catch (error) {
    const isPassword = error instanceof Error && error.name === "PasswordException";
    return { ok: false, reason: isPassword ? "pdf-encrypted" : "pdf-damaged" };
  } finally {
    await file.close();
  }
}

/** What is on one page, or nothing if that page is damaged: the others may still be read. */
async function readPage(pdf: PdfDocument, number: number): Promise<PdfPage | undefined> {
  try {
    const page = await pdf.getPage(number);
    const { items, styles } = await page.getTextContent();
    page.cleanup();
    const namesOf = (isMeant: (style: (typeof styles)[string]) => boolean) =>
      new Set(Object.keys(styles).filter((name) => isMeant(styles[name]!)));
    return segmentsOf(
      items.filter((item): item is typeof item & PdfTextItem => "str" in item),
      {
        vertical: namesOf((style) => style.vertical),
        monospaced: namesOf((style) => style.fontFamily === "monospace"),
      },
    );
  } catch {
    return undefined;
  }
}

async function titleOf(pdf: PdfDocument): Promise<string> {
  try {
    const { info } = await pdf.getMetadata();
    const title = (info as { readonly Title?: unknown }).Title;
    return typeof title === "string" ? title : "";
  } catch {
    return "";
  }
}
