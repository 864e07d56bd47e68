/**
 * Builds small archives in memory and reads files the way the engine does, for the tests of the `warc` source: by both ways
 * of inflating, and with whatever was lent overwritten as soon as the loan ends.
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { isDocument, type RawPage } from "../../pipeline/document.ts";
import { isRejected, type Loss, type RejectedPage, type SourceItem } from "../../pipeline/source.ts";
import type { InflateWay } from "../../stages/sources/warc/inflate.ts";
import { eraseLoans } from "../../stages/sources/warc/loans.ts";
import warc from "../../stages/sources/warc.ts";

eraseLoans(true);

export interface Reading {
  readonly items: SourceItem[];
  readonly skipped: Record<string, number>;
  readonly lost: Loss[];
  readonly bytesRead: number;
  readonly digest: string;
}

interface Options {
  readonly spanBytes?: number;
  readonly maxRecordBytes?: number;
}

/**
 * Reads a whole file, span by span. Fails if the spans do not tell of every stored byte once, or if the other way of
 * inflating finds anything else.
 */
export async function readFileBySpans(path: string, options: Options = {}): Promise<Reading> {
  const [reading, other] = [await readBy("reused", path, options), await readBy("public", path, options)];
  assert.deepEqual(outcome(other), outcome(reading), `${path}: ways of inflating`);
  for (const [i, item] of other.items.entries()) {
    // Not asserted as a whole: a difference would be printed, megabytes of it.
    const [one, two] = [bytesOf(item), bytesOf(reading.items[i]!)];
    assert.ok(one.equals(two), `${path}: ways of inflating, page ${i}`);
  }
  return reading;
}

function bytesOf(item: SourceItem): Buffer {
  if ("body" in item) return Buffer.from(item.body.buffer, item.body.byteOffset, item.body.byteLength);
  return Buffer.from("text" in item ? item.text : "");
}

async function readBy(way: InflateWay, path: string, options: Options): Promise<Reading> {
  const before = process.env.SLUICE_INFLATE;
  process.env.SLUICE_INFLATE = way;
  try {
    return await readSpans(path, options);
  } finally {
    if (before === undefined) delete process.env.SLUICE_INFLATE;
    else process.env.SLUICE_INFLATE = before;
  }
}

async function readSpans(path: string, options: Options): Promise<Reading> {
  const params = warc({ files: [path], ...options }).params;
  const [input] = await warc.plan(params, { resolvePath: (relative) => relative, seed: 1 });
  const { file, location, bytes, revision, spans } = input!;
  const skipped: Record<string, number> = {};
  const [items, lost]: [SourceItem[], Loss[]] = [[], []];
  const hash = createHash("sha256");
  let bytesRead = 0;
  const log = {
    skipped: (kind: string) => {
      skipped[kind] = (skipped[kind] ?? 0) + 1;
    },
    lost: (loss: Loss) => void lost.push(loss),
    bytesRead: (chunk: Uint8Array) => {
      bytesRead += chunk.length;
      hash.update(chunk);
    },
  };
  for (const [index, span] of spans.entries()) {
    const planned = { index, file, location, fileBytes: bytes, revision, ...span };
    for await (const item of warc.read(planned, params, log)) items.push(item);
    if (bytesRead !== span.end) throw new Error(`span ${index} ends at ${span.end}, told of ${bytesRead} bytes`);
  }
  return { items, skipped, lost, bytesRead, digest: hash.digest("hex") };
}

/** The same for bytes in memory; `name` decides what the file is taken for. */
export async function readBytes(
  bytes: Uint8Array,
  name: string,
  options?: Parameters<typeof readFileBySpans>[1],
): Promise<Reading> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-warc-"));
  try {
    writeFileSync(join(folder, name), bytes);
    return await readFileBySpans(join(folder, name), options);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function rawPages(reading: Reading): RawPage[] {
  return reading.items.filter((item) => !isRejected(item) && !isDocument(item)) as RawPage[];
}

export function refused(reading: Reading): RejectedPage[] {
  return reading.items.filter(isRejected);
}

/** Pages, refused pages and skipped records together. */
export function recordCount({ items, skipped }: Reading): number {
  return items.length + Object.values(skipped).reduce((sum, count) => sum + count, 0);
}

export function lostBytes(reading: Reading): number {
  return reading.lost.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** What must not depend on where the spans are cut. */
export function outcome({ items, skipped, lost, digest }: Reading): unknown {
  const told = items.map((item) => [item.id, item.url, item.source, item.tags, isRejected(item) ? item.rejected : ""]);
  return { told, skipped: Object.entries(skipped).sort(), lost, digest };
}

/** One WARC record. `length` overrules its Content-Length. */
export function record(
  type: string,
  block: Uint8Array | string,
  { url = "http://a.test/", length, extra = "" }: { url?: string; length?: number | string; extra?: string } = {},
): Buffer {
  const bytes = Buffer.from(block);
  const head =
    `WARC/1.0\r\nWARC-Type: ${type}\r\nWARC-Target-URI: ${url}\r\nWARC-Date: 2024-01-01T00:00:00Z\r\n${extra}` +
    `Content-Type: application/http; msgtype=${type}\r\nContent-Length: ${length ?? bytes.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), bytes, Buffer.from("\r\n\r\n")]);
}

/** An HTTP response. `fields` are header lines without their line ends. */
export function http(body: Uint8Array | string, fields: readonly string[] = ["Content-Type: text/html"], status = 200) {
  const lines = fields.map((field) => `${field}\r\n`).join("");
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} OK\r\n${lines}\r\n`), Buffer.from(body)]);
}

export function html(text: string): string {
  return `<html><body><p>${text}</p></body></html>`;
}

/** Each record a gzip member of its own. */
export function members(records: readonly Buffer[]): Buffer[] {
  return records.map((bytes) => gzipSync(bytes));
}
