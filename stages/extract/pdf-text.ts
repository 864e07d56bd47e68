/**
 * What pdf.js tells of the pages of a PDF → its text.
 *
 *     items ─▶ segments ─▶ without running lines ─▶ in reading order ─▶ paragraphs
 */
import { joinFlows } from "./pdf-paragraphs.ts";
import { type Flow, inReadingOrder } from "./pdf-reading-order.ts";
import { withoutRunningLines } from "./pdf-running-lines.ts";
import type { Segment } from "./pdf-segments.ts";

/** Latin ligatures, the only characters that compatibility normalisation is wanted for (it would also turn ² into 2). */
const LIGATURES = /[\ufb00-\ufb06]/g;
/** Controls other than tab and line feed; they come from fonts with broken tables. */
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufeff]/g;

/** Any of these, or spaces that are not single ones between words. */
const UNTIDY = /[\u0000-\u001f\u007f-\u00a0\u2000-\u200b\u202f\u3000\ue000-\uf8ff\ufb00-\ufb06\ufeff]| {2}|^ | $/;
/** Symbol fonts' bullets, and what else has a place in no standard. */
const PRIVATE_BULLETS = /[\uf0b7\uf0a7\uf0d8\uf076\uf02d]/g;
const PRIVATE = /[\ue000-\uf8ff]/g;
/** Dots that lead the eye to a page number. */
const LEADER = / ?(?:\. ?){5,}/g;

/** The segments of a page, one list for each way its text runs (`segmentsOf`). */
export type PdfPage = readonly (readonly Segment[])[];

/** The document's text: a line for each paragraph, list item and table row, an empty line between paragraphs. */
export function pdfText(pages: readonly PdfPage[]): string {
  const tidied = pages.map((page) => page.map((segments) => segments.flatMap(tidySegment)));
  const upright = withoutRunningLines(tidied.map((page) => page[0] ?? []));
  const flows: Flow[] = [];
  for (const [index, page] of tidied.entries()) {
    for (const segments of [upright[index]!, ...page.slice(1)]) flows.push(...inReadingOrder(segments));
  }
  return tidy(joinFlows(flows));
}

/** Stray characters out before lines are joined; a segment of nothing else is none. */
function tidySegment(segment: Segment): Segment[] {
  if (!UNTIDY.test(segment.text)) return [segment];
  const text = segment.text
    .replace(CONTROLS, "")
    .replace(PRIVATE_BULLETS, "•")
    .replace(PRIVATE, "")
    .replace(LIGATURES, (ligature) => ligature.normalize("NFKC"))
    .replace(/\s+/g, " ")
    .trim();
  return text === "" ? [] : [{ ...segment, text }];
}

const tidy = (text: string) => text.replaceAll("\u00ad", "").replace(LEADER, " … ").trim();
