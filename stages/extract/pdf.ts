/** PDF → text, by pdf.js in a thread that is ended when a file takes too long or too much. */
import type { RawPage, Tags } from "../../pipeline/document.ts";
import { KillableThread } from "../../pipeline/killable-thread.ts";
import { defineExtractor, z } from "../../pipeline/stage.ts";
import { drop } from "../../pipeline/verdict.ts";
import { cleanCharacters } from "./charset.ts";
import type { PdfReply, PdfRequest } from "./pdf-thread.ts";
import { titleTag } from "./title.ts";

const params = z.strictObject({
  maxBytes: z
    .int()
    .min(1)
    .default(32 * 1024 * 1024)
    .describe("A larger file is dropped unread."),
  maxPages: z
    .int()
    .min(1)
    .default(1000)
    .describe("Pages beyond these are left unread, and the page is tagged `pdf.pagesRead`."),
  deadlineSeconds: z
    .number()
    .min(0.05)
    .max(3600)
    .default(20)
    .describe("For one file: a book of 350 pages takes 2 s; files that are built to hang take for ever."),
  maxMemoryMb: z.int().min(64).default(1024).describe("A file that needs more heap than this is dropped."),
});

/** The thread's module has our own extension: `.ts` in the sources, `.js` where they are compiled. */
const THREAD = new URL(`./pdf-thread${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url);

/** A thread starts in a third of a second; 280 documents left nothing behind in one, but nothing is used for ever. */
const DOCUMENTS_PER_THREAD = 250;

/** A PDF begins with this, within its first 1,024 bytes (ISO 32000-1, Annex H, implementation note 13). */
const SIGNATURE = "%PDF-";
const SIGNATURE_WITHIN = 1024;

/**
 * Takes the text out of PDFs: columns in reading order, one line for each paragraph, words that are broken at a line's end
 * put together, running headers, footers and page numbers left out. pdf.js reads the files, in a thread that is ended when
 * one takes too long or too much; then the next file gets a new thread.
 *
 * Drops
 *
 *     pdf-too-large       over `maxBytes`
 *     pdf-damaged         no PDF, none of its pages can be read, or it has none
 *     pdf-encrypted       a password is asked for; a file that only forbids printing or copying is read
 *     no-text-layer       no characters: scans, drawings, fonts that do not say which characters they show
 *     pdf-timeout         not done within `deadlineSeconds`
 *     pdf-out-of-memory   more than `maxMemoryMb`
 *
 * A page that cannot be read is left out, and so is a page's content that inflates to more than 128 MB. Text that runs
 * another way than most of its page (stamps, watermarks, labels of axes) is left out, too. Form fields' values, annotations
 * and attachments are not read, scripts not run.
 *
 * Tags: `title`, `pdf.pages`, and `pdf.pagesRead` where some were not.
 */
export default defineExtractor({
  name: "extract-pdf",
  module: import.meta.url,
  version: 2, // reading order, paragraphs, running lines
  params,
  accepts: ["application/pdf"],
  // The thread itself starts with the first PDF.
  setup: ({ deadlineSeconds, maxMemoryMb }) =>
    new KillableThread<PdfRequest, PdfReply>(THREAD, {
      deadlineMs: deadlineSeconds * 1000,
      maxMemoryMb,
      maxRequests: DOCUMENTS_PER_THREAD,
    }),
  async extract(page: RawPage, { maxBytes, maxPages, deadlineSeconds, maxMemoryMb }, thread) {
    if (page.body.length > maxBytes) return drop("pdf-too-large", page.body.length);
    if (!hasSignature(page.body)) return drop("pdf-damaged", page.body.length);
    const body = new Uint8Array(page.body); // its own buffer, to hand over
    const outcome = await thread.ask({ body, maxPages }, [body.buffer]);
    if (outcome.kind === "timeout") return drop("pdf-timeout", deadlineSeconds);
    if (outcome.kind === "out-of-memory") return drop("pdf-out-of-memory", maxMemoryMb);
    if (outcome.kind === "crash") return drop("pdf-damaged", page.body.length);
    const { reply } = outcome;
    if (!reply.ok) return drop(reply.reason, page.body.length);
    const text = cleanCharacters(reply.text);
    if (text === "") return drop("no-text-layer", reply.pages);
    const tags: Tags = {
      ...titleTag(reply.title),
      "pdf.pages": reply.pages,
      ...(reply.pagesRead < reply.pages && { "pdf.pagesRead": reply.pagesRead }),
    };
    return { text, tags };
  },
});

function hasSignature(body: Uint8Array): boolean {
  return Buffer.from(body.buffer, body.byteOffset, Math.min(body.length, SIGNATURE_WITHIN)).includes(SIGNATURE);
}
