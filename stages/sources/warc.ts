/**
 * Pages from web archives: WARC, WET and ARC files, plain, gzip or zstd.
 *
 * Hops: span → stored bytes (`stored-window`) → members (`gzip-members`, `zstd-frames`, `plain`; `chain` says which are
 * the span's) → records (`records`) → pages (`pages`, with `http-message`, `body-encoding`, `media-type`).
 */
import { planInputs } from "../../pipeline/io/inputs.ts";
import { openSpan } from "../../pipeline/io/open.ts";
import { beginningOf, type SourceItem, type SourceLog, type Span } from "../../pipeline/source.ts";
import { defineSource, z } from "../../pipeline/stage.ts";
import { readSegments } from "./warc/chain.ts";
import type { Segment } from "./warc/container.ts";
import { canBeSplit, detectFormat, type Format } from "./warc/container-format.ts";
import { toItem } from "./warc/pages.ts";
import { PlainSegment } from "./warc/plain.ts";
import { readRecords } from "./warc/records.ts";
import { StoredWindow } from "./warc/stored-window.ts";

const MIB = 1 << 20;

/** Reads the pages of WARC, WET and ARC files; damage costs the member it lies in, and is accounted for to the byte. */
export default defineSource({
  name: "warc",
  module: import.meta.url,
  version: 2,
  places: ["files"],
  params: z.object({
    files: z.array(z.string().min(1)).min(1).describe("Paths, globs and http(s) URLs."),
    spanBytes: z
      .int()
      .min(1)
      .default(2 * MIB)
      .describe("Files of gzip members or zstd frames are read in parts of about this many stored bytes."),
    maxRecordBytes: z
      .int()
      .min(1)
      .default(64 * MIB)
      .describe("A page larger than this, stored or decoded, is refused without being held in memory."),
  }),
  plan: ({ files, spanBytes }, context) =>
    planInputs(files, context, "warc.files", spanBytes, { wholeFile: ({ file }) => !canBeSplit(file) }),
  read: readSpan,
  sample: (span) => (canBeSplit(span.file) ? beginningOf(span) : span),
});

async function* readSpan(
  span: Span,
  params: { readonly maxRecordBytes: number },
  log: SourceLog,
): AsyncGenerator<SourceItem> {
  const source = await openSpan(span);
  let window: StoredWindow | undefined;
  try {
    const format = await detectFormat(source, span.file);
    window = new StoredWindow(source, span, log, { isLent: format.kind === "members" });
    const segments = segmentsOf(format, window, span, log);
    for await (const record of readRecords(segments, params.maxRecordBytes, log)) {
      const item = await toItem(record, span.file, params.maxRecordBytes, log);
      if (item !== undefined) yield item;
    }
    await window.reportRest();
  } finally {
    window?.close();
    await source.close();
  }
}

async function* segmentsOf(format: Format, window: StoredWindow, span: Span, log: SourceLog): AsyncGenerator<Segment> {
  if (format.kind === "members") {
    yield* readSegments(window, format.container, span, log);
  } else if (span.start === 0) {
    // What cannot be entered in the middle belongs to the first span, however it was planned.
    if (format.kind === "plain") yield new PlainSegment(window);
    else log.lost({ offset: 0, bytes: window.fileBytes, reason: format.reason });
  }
}
