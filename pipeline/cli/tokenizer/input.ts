/** What the commands read: bytes as they are, or documents. */
import { createReadStream, statSync } from "node:fs";
import { FormatError, oneLine, RecipeError } from "../../errors.ts";
import { readChunks } from "../../io/chunks.ts";
import { compressionOf, type Damage, gunzip, unzstd } from "../../io/decompress.ts";
import { type Line, LineSplitter } from "../../io/lines.ts";
import { isUrl, openByteSource } from "../../io/open.ts";
import { decodeUtf8 } from "../../io/utf8.ts";

export const STDIN = "-";

/** A text must fit a JavaScript string, and a line of JSON another. */
const MAX_DOCUMENT_BYTES = 1 << 28;
const SHOWN_CHARS = 60;

export interface Input {
  /** Names it in errors. */
  readonly label: string;
  /** Stored bytes; undefined for what only shows its length at its end. */
  readonly totalBytes: number | undefined;
  readonly chunks: AsyncGenerator<Buffer, void, undefined>;
}

/** Opens a path, a URL, or "-" for standard input. Raises RecipeError for what is not there. */
export async function openInput(path: string): Promise<Input> {
  if (path === STDIN) return { label: "stdin", totalBytes: undefined, chunks: streamed(process.stdin) };
  const found = isUrl(path) ? undefined : statSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile() && !found.isDirectory()) {
    return { label: path, totalBytes: undefined, chunks: streamed(createReadStream(path)) };
  }
  const source = await openByteSource(path);
  async function* stored(): AsyncGenerator<Buffer, void, undefined> {
    try {
      yield* readChunks(source, 0, source.bytes);
    } finally {
      await source.close();
    }
  }
  return { label: path, totalBytes: source.bytes, chunks: stored() };
}

async function* streamed(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  yield* stream;
}

/** The input's bytes, decompressed where its name ends in .gz or .zst. Raises FormatError for damage. */
export async function* decompressed({ label, chunks }: Input): AsyncGenerator<Buffer, void, undefined> {
  const compression = compressionOf(label);
  if (compression === "none") {
    yield* chunks;
    return;
  }
  const damage: Damage | undefined = yield* compression === "gzip" ? gunzip(chunks) : unzstd(chunks);
  if (damage === undefined) return;
  throw new FormatError(`${label} @ ${damage.offset}: the ${compression} data is damaged (${damage.reason})`);
}

/** Tells of every chunk that it passes on. */
export async function* counted(
  chunks: AsyncIterable<Buffer>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of chunks) {
    onBytes(chunk.length);
    yield chunk;
  }
}

export interface TextDocument {
  readonly text: string;
  readonly domain?: string;
  readonly language?: string;
}

/** Whether a file's name says that it holds a document a line. */
export function isJsonLines(path: string): boolean {
  return /\.(jsonl|ndjson)(\.(gz|gzip|bgz|zst|zstd))?$/i.test(path);
}

/** The documents of JSON Lines, one object a line; blank lines are none. Raises FormatError for a line without a text. */
export async function* readJsonLines(
  chunks: AsyncIterable<Buffer>,
  label: string,
): AsyncGenerator<TextDocument, void, undefined> {
  const splitter = new LineSplitter({ maxLineBytes: MAX_DOCUMENT_BYTES });
  let number = 0;
  const read = (line: Line): TextDocument | undefined => documentOf(line, `${label}:${++number}`);
  for await (const chunk of chunks) {
    for (const line of splitter.push(chunk)) {
      const document = read(line);
      if (document !== undefined) yield document;
    }
  }
  for (const line of splitter.end()) {
    const document = read(line);
    if (document !== undefined) yield document;
  }
}

function documentOf({ bytes, length }: Line, where: string): TextDocument | undefined {
  if (length > bytes.length) {
    throw new FormatError(`${where}: found a line of ${length} bytes, expected ${MAX_DOCUMENT_BYTES} at most`);
  }
  const json = decodeUtf8(bytes).text;
  if (json.trim() === "") return undefined;
  let row: unknown;
  try {
    row = JSON.parse(json);
  } catch (cause) {
    throw new FormatError(`${where}: found ${show(json)}, expected a JSON object (${oneLine(cause)})`, { cause });
  }
  const text = field(row, "text");
  if (typeof text !== "string") {
    throw new FormatError(`${where}: found ${show(json)}, expected an object with the text as the string "text"`);
  }
  const domain = field(row, "domain") ?? field(field(row, "tags"), "domain");
  const language = field(row, "language") ?? field(field(row, "tags"), "language");
  return {
    text: text.toWellFormed(),
    ...(typeof domain === "string" ? { domain } : {}),
    ...(typeof language === "string" ? { language } : {}),
  };
}

function field(row: unknown, name: string): unknown {
  if (typeof row !== "object" || row === null || !Object.hasOwn(row, name)) return undefined;
  return (row as Record<string, unknown>)[name];
}

function show(json: string): string {
  const line = JSON.stringify(json.slice(0, SHOWN_CHARS));
  return json.length > SHOWN_CHARS ? `${line}…` : line;
}

/** Documents of files: of JSON Lines one a line, of others one a file. Decompressed where a name says so. */
export async function* readDocuments(
  files: readonly string[],
  allJsonLines: boolean,
): AsyncGenerator<TextDocument, void, undefined> {
  for (const file of files) {
    const input = await openInput(file);
    const bytes = decompressed(input);
    if (allJsonLines || isJsonLines(file)) yield* readJsonLines(bytes, input.label);
    else yield { text: decodeText(await readWhole(bytes, input.label)) };
  }
}

/** All bytes of an input that has to be taken as a whole. Raises RecipeError where it is too long for that. */
export async function readWhole(chunks: AsyncIterable<Buffer>, label: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    size += chunk.length;
    if (size > MAX_DOCUMENT_BYTES) {
      throw new RecipeError(
        `${label}: more than ${MAX_DOCUMENT_BYTES} bytes, which do not fit one document here; give a document a line (.jsonl)`,
      );
    }
  }
  return Buffer.concat(parts, size);
}

/** A byte order mark stays; what is not UTF-8 becomes U+FFFD. */
export function decodeText(utf8: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(utf8);
}
