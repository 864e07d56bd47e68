/** The ways of reading that `sluice bench warc` compares. Each reads one file whole and tells what it found. */
import { execFileSync } from "node:child_process";
import { createReadStream } from "node:fs";
import { createRequire } from "node:module";
import { crc32, createGunzip } from "node:zlib";
import { readSegments } from "../../../stages/sources/warc/chain.ts";
import { detectFormat } from "../../../stages/sources/warc/container-format.ts";
import { GZIP_MAGIC, gzipContainer } from "../../../stages/sources/warc/gzip-members.ts";
import type { InflateWay } from "../../../stages/sources/warc/inflate.ts";
import { readRecords } from "../../../stages/sources/warc/records.ts";
import { StoredWindow } from "../../../stages/sources/warc/stored-window.ts";
import warc from "../../../stages/sources/warc.ts";
import { RecipeError } from "../../errors.ts";
import { openSpan } from "../../io/open.ts";
import { contextFor } from "../../recipe.ts";
import type { SourceLog, Span } from "../../source.ts";

export interface Reading {
  /** CPU time of another program; that of this process is measured outside. */
  readonly cpuSeconds?: number;
  readonly records?: number;
  /** Plain bytes, where the route sees all of them. */
  readonly plainBytes?: number;
  /** Of every record's type, URL and block, in order; only where it is asked for. */
  readonly digest?: number;
}

export const ROUTES = {
  records: "sluice: records",
  "records-public": "sluice: records, Node's public calls alone",
  pages: "sluice: pages",
  gzip: "gzip -dc",
  gunzip: "Node's createGunzip",
  warcio: "warcio.js",
} as const;
export type Route = keyof typeof ROUTES;

export function isRoute(name: string): name is Route {
  return name in ROUTES;
}

/** Reads `file`; `isCompared` asks for the digest of its records. */
export function read(route: Route, file: string, isCompared: boolean): Promise<Reading> | Reading {
  switch (route) {
    case "records":
      return readAllRecords(file, isCompared);
    case "records-public":
      return readAllRecords(file, isCompared, "public");
    case "pages":
      return readPages(file);
    case "gzip":
      return runGzip(file);
    case "gunzip":
      return gunzip(file);
    case "warcio":
      return readByWarcio(file, isCompared);
  }
}

class Digest {
  value = 0;

  add(type: string, url: string, block: Uint8Array): void {
    this.value = crc32(block, crc32(`${type}\0${url}\0`, this.value));
  }
}

async function spansOf(file: string): Promise<Span[]> {
  const [input] = await warc.plan(warc({ files: [file] }).params, contextFor(process.cwd(), 1));
  const { location, bytes, revision, spans } = input!;
  return spans.map((span, index) => ({ index, file: input!.file, location, fileBytes: bytes, revision, ...span }));
}

function logOf(file: string): SourceLog {
  return {
    skipped: () => {},
    bytesRead: () => {},
    lost: ({ offset, bytes, reason }) => {
      throw new RecipeError(`${file} @ ${offset}: ${reason}, ${bytes} bytes lost; give the benchmark whole files`);
    },
  };
}

/** Members inflated and checked, WARC headers read: what any use begins with. */
async function readAllRecords(file: string, isCompared: boolean, way?: InflateWay): Promise<Reading> {
  const { maxRecordBytes } = warc({ files: [file] }).params;
  const log = logOf(file);
  const digest = new Digest();
  let records = 0;
  for (const span of await spansOf(file)) {
    const source = await openSpan(span);
    const format = await detectFormat(source, span.file);
    if (format.kind !== "members" || !format.container.magic.equals(GZIP_MAGIC))
      throw new RecipeError(`${file}: expected a file of gzip members`);
    const window = new StoredWindow(source, span, log, { isLent: true });
    const segments = readSegments(window, gzipContainer(way), span, log);
    for await (const { type, url, block } of readRecords(segments, maxRecordBytes, log)) {
      records++;
      if (isCompared) digest.add(type, url, block);
    }
    window.close();
    await source.close();
  }
  return { records, ...(isCompared && { digest: digest.value }) };
}

/** What a run does before it extracts: HTTP headers, encodings of bodies, media types, ids. */
async function readPages(file: string): Promise<Reading> {
  const { params } = warc({ files: [file] });
  const log = logOf(file);
  for (const span of await spansOf(file)) for await (const _ of warc.read(span, params, log));
  return {};
}

/** The shell tells what its children took: "0m0.410s 0m0.010s", user and system, on its second line. */
function runGzip(file: string): Reading {
  const told = execFileSync("sh", ["-c", 'gzip -dc "$1" >/dev/null; times', "sh", file], { encoding: "utf8" });
  const parts = [...(told.trim().split("\n")[1] ?? "").matchAll(/(\d+)m([\d.]+)s/g)];
  return { cpuSeconds: parts.reduce((sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds), 0) };
}

async function gunzip(file: string): Promise<Reading> {
  let plainBytes = 0;
  for await (const chunk of createReadStream(file).pipe(createGunzip())) plainBytes += (chunk as Buffer).length;
  return { plainBytes };
}

/** What is used of the package. */
interface Warcio {
  WARCParser: new (
    source: unknown,
    options: { parseHttp: boolean },
  ) => AsyncIterable<AsyncIterable<Uint8Array> & { readonly warcType: string; readonly warcTargetURI: string | null }>;
}

/** npm `warcio`, which users need not have installed. */
function loadWarcio(): Warcio | undefined {
  try {
    return createRequire(import.meta.url)("warcio") as Warcio;
  } catch {
    return undefined;
  }
}

export function hasWarcio(): boolean {
  return loadWarcio() !== undefined;
}

async function readByWarcio(file: string, isCompared: boolean): Promise<Reading> {
  const { WARCParser } = loadWarcio()!;
  const digest = new Digest();
  let records = 0;
  for await (const record of new WARCParser(createReadStream(file), { parseHttp: false })) {
    records++;
    const chunks: Uint8Array[] = [];
    for await (const chunk of record) chunks.push(chunk);
    if (isCompared) digest.add(record.warcType, record.warcTargetURI ?? "", Buffer.concat(chunks));
  }
  return { records, ...(isCompared && { digest: digest.value }) };
}
