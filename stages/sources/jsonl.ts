/**
 * Reads JSON Lines: one object a line, plain, `.gz` or `.zst`. Plain files are cut at line starts; a compressed file is
 * one span, and its offsets are those of the decompressed text, with length 0.
 */
import {
  beginningOf,
  type Document,
  defineSource,
  drop,
  pageId,
  type RejectedPage,
  type SourceRef,
  type Span,
  type Tags,
  type TagValue,
  z,
} from "../../pipeline/index.ts";
import { compressionOf } from "../../pipeline/io/decompress.ts";
import { planInputs } from "../../pipeline/io/inputs.ts";
import type { Line } from "../../pipeline/io/lines.ts";
import { spanLines } from "../../pipeline/io/span-bytes.ts";
import { decodeUtf8 } from "../../pipeline/io/utf8.ts";

/** Rows from elsewhere carry what they like; tags are for what filters ask for. Longer strings are left out. */
const MAX_TAG_CHARS = 256;
const MAX_TAGS = 32;

const params = z.strictObject({
  files: z.array(z.string().min(1)).min(1).describe("Paths, globs and http(s) URLs."),
  spanBytes: z
    .int()
    .min(1)
    .default(16 << 20)
    .describe("Bytes of a plain file that one worker reads at a time."),
  textField: z.string().default("text").describe("The field that holds the text; a row without it is dropped."),
  idField: z.string().default("id").describe("The field that becomes the tag `source.id`."),
  urlField: z.string().default("url").describe("The field that holds the URL, if there is one."),
  dateField: z.string().default("date").describe("The field that holds the date, if there is one."),
  maxLineBytes: z
    .int()
    .min(1)
    .default(32 << 20)
    .describe("A longer line is refused, and never held in memory."),
});

type Params = z.output<typeof params>;

/**
 * One document a line. The row's own id becomes the tag `source.id`; other fields that are strings up to 256
 * characters, numbers or booleans become tags `jsonl.<name>`, and a `tags` object, as the jsonl sink writes it, is taken
 * over under its own names.
 */
export default defineSource({
  name: "jsonl",
  module: import.meta.url,
  version: 1,
  places: ["files"],
  params,
  plan: ({ files, spanBytes }, context) =>
    planInputs(files, context, "jsonl.files", spanBytes, {
      wholeFile: ({ location }) => compressionOf(location) !== "none",
    }),
  sample: (span) => (compressionOf(span.location) === "none" ? beginningOf(span) : span),
  async *read(span, params, log) {
    for await (const lines of spanLines(span, log, params.maxLineBytes)) {
      for (const line of lines) {
        if (isBlank(line)) log.skipped("blank-line");
        else yield readRow(line, span, params);
      }
    }
  },
});

export function isBlank({ bytes, length }: Line): boolean {
  return length === bytes.length && bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}

/** The page on a line of a file; its fields are described at the source. */
export function readRow(line: Line, span: Pick<Span, "file" | "location">, params: Params): Document | RejectedPage {
  const stored = compressionOf(span.location) === "none";
  const source: SourceRef = { file: span.file, offset: line.offset, length: stored ? line.length : 0 };
  const place = { id: pageId(span.file, line.offset, line.bytes), url: "", date: "", source, tags: {} };
  if (line.length > params.maxLineBytes) return { ...place, rejected: drop("line-too-long", line.length) };
  const { text: json, invalid } = decodeUtf8(line.bytes);
  let row: unknown;
  try {
    row = JSON.parse(json);
  } catch {
    return { ...place, rejected: drop("bad-json") };
  }
  const page = {
    ...place,
    url: stringField(row, params.urlField) ?? "",
    date: stringField(row, params.dateField) ?? "",
    tags: invalid > 0 ? { ...rowTags(row, params), "invalid-utf8": invalid } : rowTags(row, params),
  };
  const text = stringField(row, params.textField);
  // Half of a surrogate pair cannot be written as UTF-8: replaced here, text and bytes stay the same all the way.
  return text === undefined ? { ...page, rejected: drop("no-text") } : { ...page, text: text.toWellFormed() };
}

function field(row: unknown, name: string): unknown {
  return isObject(row) && Object.hasOwn(row, name) ? row[name] : undefined;
}

function stringField(row: unknown, name: string): string | undefined {
  const value = field(row, name);
  return typeof value === "string" ? value : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTagValue(value: unknown): value is TagValue {
  if (typeof value === "string") return value.length <= MAX_TAG_CHARS;
  return typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value));
}

function rowTags(row: unknown, { textField, idField, urlField, dateField }: Params): Tags {
  if (!isObject(row)) return {};
  const taken = new Set([textField, idField, urlField, dateField]);
  const own = field(row, "tags");
  const candidates = [
    ...(isObject(own) ? Object.entries(own) : []),
    ...Object.entries(row).flatMap(([name, value]) => (taken.has(name) ? [] : [[`jsonl.${name}`, value] as const])),
  ];
  const tags = candidates.filter((entry): entry is [string, TagValue] => isTagValue(entry[1])).slice(0, MAX_TAGS);
  const id = field(row, idField);
  if (typeof id === "string" || typeof id === "number") tags.push(["source.id", String(id)]);
  return Object.fromEntries(tags);
}
