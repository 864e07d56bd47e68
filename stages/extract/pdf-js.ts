/** pdf.js for text alone, both of its halves in this thread. */
import { fileURLToPath } from "node:url";
import { BoundedDecompression } from "./pdf-inflate.ts";
import { importEdited, withProductsWrittenOut } from "./pdf-js-edit.ts";
import { TextHandingPort } from "./pdf-port.ts";

type Display = typeof import("pdfjs-dist/legacy/build/pdf.mjs");
export type PdfDocument = Awaited<ReturnType<Display["getDocument"]>["promise"]>;

export interface OpenPdf {
  readonly document: Promise<PdfDocument>;
  close(): Promise<void>;
}

/** Opens a file; its bytes are pdf.js's from then on. */
export type PdfOpener = (body: Uint8Array) => OpenPdf;

/** The half that reads files: it has no types. */
interface Reader {
  readonly WorkerMessageHandler: { initializeFromPort(port: TextHandingPort): void };
}

const loadReader = (): Promise<Reader> =>
  // @ts-expect-error: this half has no types
  import("pdfjs-dist/legacy/build/pdf.worker.mjs");

/** Loads pdf.js, and gives it this thread's platform: another `DecompressionStream`. */
export async function loadPdfJs(): Promise<PdfOpener> {
  Object.assign(globalThis, { DecompressionStream: BoundedDecompression });
  const display = await import("pdfjs-dist/legacy/build/pdf.mjs");
  const readerUrl = import.meta.resolve("pdfjs-dist/legacy/build/pdf.worker.mjs");
  const { WorkerMessageHandler } = await importEdited(readerUrl, withProductsWrittenOut, loadReader);
  const assets = fileURLToPath(new URL("./", import.meta.resolve("pdfjs-dist/package.json")));
  return (body) => {
    const port = new TextHandingPort();
    WorkerMessageHandler.initializeFromPort(port);
    // Its type allows nothing but `null`, the default.
    const worker = new display.PDFWorker({ port: port as unknown as null, verbosity: 0 });
    const loading = display.getDocument({
      data: body,
      worker,
      verbosity: 0,
      isEvalSupported: false,
      disableFontFace: true,
      useSystemFonts: false,
      cMapUrl: `${assets}cmaps/`,
      cMapPacked: true,
      standardFontDataUrl: `${assets}standard_fonts/`,
    });
    return {
      document: loading.promise,
      async close() {
        await loading.destroy().catch(() => undefined);
        worker.destroy();
      },
    };
  };
}
