/**
 * Held-out documents from files that a user names, gathered under a domain's name.
 *
 *     .txt      a file is a document; its cluster is the file
 *     .jsonl    a row is a document, by its fields `text`, `id`, `cluster`, `url`, `title`
 *               cluster: `cluster`, else the host of `url`, else `title`, else the row
 *
 * Both may end in .gz or .zst. A long text is cut into stretches at the ends of paragraphs, which share its cluster: nothing
 * of it is left out, so the stretches have its bytes.
 */
import { createHash } from "node:crypto";
import { FormatError, RecipeError } from "../../pipeline/errors.ts";
import { spanLines, spanText } from "../../pipeline/io/span-bytes.ts";
import { decodeUtf8 } from "../../pipeline/io/utf8.ts";
import { findFiles, plainName, strictLog, wholeSpan } from "../../pipeline/io/whole-files.ts";
import { drawUniform } from "../../pipeline/random.ts";
import type { PlannedInput } from "../../pipeline/source.ts";

export interface HeldOutDocument {
  /** Unlike any other in the domain. */
  readonly id: string;
  /** Well-formed: what is scored, and what `bytes` are counted of. */
  readonly text: string;
  /** In UTF-8. */
  readonly bytes: number;
  /** Documents of one cluster are not independent. Where a domain has one alone, statistics fall back to documents. */
  readonly cluster: string;
}

export interface HeldOutDomain {
  readonly name: string;
  /** Over ids, clusters and texts, in order. */
  readonly sha256: string;
  readonly documents: readonly HeldOutDocument[];
}

export interface DomainOptions {
  /** Documents are drawn until they have so many bytes of UTF-8, the same ones whenever files and limit are the same. */
  readonly maxBytes?: number;
}

/** A longer text is cut. */
const LONG_BYTES = 16 << 10;
/** The length of a stretch, which the next end of a paragraph, line or word behind it decides. */
const STRETCH_BYTES = 4 << 10;
const MAX_LINE_BYTES = 64 << 20;
const MAX_FILE_BYTES = 256 << 20;
/** Share of bytes: with more, a file is of another encoding, or no text. */
const MAX_ILL_FORMED = 0.001;

/**
 * Reads a domain. `files` are paths, globs and http(s) URLs. Raises RecipeError for a file that is not there or is of another
 * kind, FormatError for one that is damaged, not UTF-8, or without text.
 */
export async function readDomain(
  name: string,
  files: readonly string[],
  { maxBytes = Number.POSITIVE_INFINITY }: DomainOptions = {},
): Promise<HeldOutDomain> {
  const place = `documents ${name}`;
  const texts: WholeText[] = [];
  const taken = new Set<string>();
  for (const input of await findFiles(files, place)) {
    for await (const { id, place: at, text, cluster } of textsOf(input)) {
      // Files may number their rows alike.
      const own = taken.has(id) ? `${id} (${at})` : id;
      taken.add(own);
      texts.push({ id: own, text, cluster: cluster ?? own });
    }
  }
  const domain = domainOf(name, texts, maxBytes);
  if (domain !== undefined) return domain;
  if (texts.every(isEmpty)) throw new FormatError(`${place}: found no text in ${files.join(", ")}`);
  throw new RecipeError(`${place}: no document goes into ${maxBytes} bytes; give a higher limit`);
}

export interface WholeText {
  /** Unlike any other in the domain. */
  readonly id: string;
  readonly text: string;
  readonly cluster: string;
}

/** Texts as a domain: long ones cut, and as many drawn as go into `maxBytes`. Undefined where none does. */
export function domainOf(name: string, texts: readonly WholeText[], maxBytes: number): HeldOutDomain | undefined {
  const documents = choose(texts.flatMap(stretchesOf), maxBytes);
  return documents.length === 0 ? undefined : { name, sha256: digestOf(documents), documents };
}

interface FoundText {
  readonly id: string;
  /** File, and line where a file has several. */
  readonly place: string;
  readonly text: string;
  readonly cluster: string | undefined;
}

async function* textsOf(input: PlannedInput): AsyncGenerator<FoundText> {
  const name = plainName(input);
  if (/\.(jsonl|ndjson)$/i.test(name)) yield* rowsOf(input);
  else if (/\.txt$/i.test(name)) yield await wholeText(input);
  else throw new RecipeError(`${input.location}: unknown kind of file, expected .txt or .jsonl (also .gz or .zst)`);
}

/** Lines end with "\n", as in text that was curated by the source `text`. */
async function wholeText(input: PlannedInput): Promise<FoundText> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of spanText(wholeSpan(input), strictLog(input))) {
    bytes += chunk.length;
    if (bytes > MAX_FILE_BYTES) {
      throw new RecipeError(`${input.location}: more than ${MAX_FILE_BYTES} bytes of text; cut it into several files`);
    }
    chunks.push(chunk);
  }
  const text = decoded(Buffer.concat(chunks), input.location).replaceAll("\r\n", "\n");
  return { id: input.file, place: input.file, text, cluster: input.file };
}

async function* rowsOf(input: PlannedInput): AsyncGenerator<FoundText> {
  let line = 0;
  for await (const lines of spanLines(wholeSpan(input), strictLog(input), MAX_LINE_BYTES)) {
    for (const { bytes, length } of lines) {
      line++;
      const at = `${input.location}:${line}`;
      if (length > MAX_LINE_BYTES) throw new FormatError(`${at}: ${length} bytes, expected ${MAX_LINE_BYTES} at most`);
      const json = decoded(bytes, at);
      if (json.trim() !== "") yield rowOf(json, { at, place: `${input.file}:${line}` });
    }
  }
}

function rowOf(json: string, { at, place }: { at: string; place: string }): FoundText {
  const row = parsed(json, at);
  const { text } = row;
  if (typeof text !== "string") {
    throw new FormatError(`${at}: found no string "text" (fields: ${Object.keys(row).join(", ") || "none"})`);
  }
  const string = (name: string): string | undefined => {
    const value = row[name];
    return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
  };
  const cluster = string("cluster") ?? hostOf(string("url")) ?? hostOf(string("id")) ?? string("title");
  return { id: string("id") ?? place, place, text: text.toWellFormed(), cluster };
}

function parsed(json: string, at: string): Record<string, unknown> {
  try {
    const row: unknown = JSON.parse(json);
    if (typeof row === "object" && row !== null && !Array.isArray(row)) return row as Record<string, unknown>;
  } catch (error) {
    throw new FormatError(`${at}: ${(error as Error).message}`);
  }
  throw new FormatError(`${at}: expected a JSON object`);
}

/** Of an address on the web. (Dolma's rows have it as their id.) */
export function hostOf(address: string | undefined): string | undefined {
  return address !== undefined && /^https?:/i.test(address) && URL.canParse(address)
    ? new URL(address).hostname
    : undefined;
}

/** A few ill-formed sequences become U+FFFD, as in text from a crawl. */
function decoded(bytes: Buffer, at: string): string {
  const { text, invalid } = decodeUtf8(bytes);
  if (invalid <= MAX_ILL_FORMED * bytes.length) return text;
  throw new FormatError(`${at}: ${invalid} sequences of bytes are not UTF-8; write the file anew in UTF-8`);
}

function isEmpty({ text }: WholeText): boolean {
  return text.trim() === "";
}

function stretchesOf(whole: WholeText): HeldOutDocument[] {
  if (isEmpty(whole)) return [];
  const { id, text, cluster } = whole;
  const bytes = Buffer.byteLength(text);
  if (bytes <= LONG_BYTES) return [{ id, text, bytes, cluster }];
  return cutIntoStretches(text).map((stretch, n) => ({
    id: `${id}#${n}`,
    text: stretch,
    bytes: Buffer.byteLength(stretch),
    cluster,
  }));
}

/** What a text is taken apart into, from large to small, until no part is longer than a stretch; parts joined are the text. */
const PARTS = [
  /[\s\S]*?\n\s*\n\s*|[\s\S]+/g, // paragraphs, each with the empty lines behind it
  /[^\n]*\n|[^\n]+/g, // lines
  /\S*\s+|\S+/g, // words
  /[\s\S]{1,1024}/gu, // characters of 4 bytes at most
] as const;

function cutIntoStretches(text: string): string[] {
  const stretches: string[] = [];
  let parts: string[] = [];
  let bytes = 0;
  for (const part of partsOf(text, 0)) {
    parts.push(part);
    bytes += Buffer.byteLength(part);
    if (bytes < STRETCH_BYTES) continue;
    stretches.push(parts.join(""));
    [parts, bytes] = [[], 0];
  }
  // A short rest goes with what is before it.
  if (bytes >= STRETCH_BYTES / 2) stretches.push(parts.join(""));
  else if (bytes > 0) stretches.push(stretches.pop()! + parts.join(""));
  return stretches;
}

function partsOf(text: string, level: number): string[] {
  if (Buffer.byteLength(text) <= STRETCH_BYTES) return [text];
  return text.match(PARTS[level]!)!.flatMap((part) => partsOf(part, level + 1));
}

/** Not the run's seed: all arms are measured on the same documents. */
const CHOICE_SEED = 0;

/** As many as go into the limit, in the order of a draw that hangs on their ids; kept in the order in which they were read. */
function choose(documents: readonly HeldOutDocument[], maxBytes: number): HeldOutDocument[] {
  const draw = (n: number): number => drawUniform(CHOICE_SEED, "held-out", documents[n]!.id);
  const order = [...documents.keys()].map((n) => ({ n, at: draw(n) })).sort((a, b) => a.at - b.at || a.n - b.n);
  const chosen = new Set<number>();
  let bytes = 0;
  for (const { n } of order) {
    bytes += documents[n]!.bytes;
    if (bytes > maxBytes) break;
    chosen.add(n);
  }
  return documents.filter((_, n) => chosen.has(n));
}

function digestOf(documents: readonly HeldOutDocument[]): string {
  const hash = createHash("sha256");
  for (const { id, cluster, text } of documents) hash.update(`${JSON.stringify([id, cluster, text])}\n`);
  return hash.digest("hex");
}
