/** Which container a file is, by its first bytes, and by its name where those tell nothing. */
import type { ByteSource } from "../../../pipeline/io/byte-source.ts";
import type { Container } from "./container.ts";
import { GZIP_MAGIC, gzipContainer } from "./gzip-members.ts";
import { readZstdDictionary, zstdContainer } from "./zstd-frames.ts";

/** How a file is read: member by member, as plain text, or not at all. */
export type Format =
  | { readonly kind: "members"; readonly container: Container }
  | { readonly kind: "plain" }
  | { readonly kind: "unreadable"; readonly reason: string };

const SKIPPABLE_FRAME = 0x184d2a50;
const LZ4_MAGICS = [0x184d2204, 0x184c2102];
const ZSTD_MAGIC = 0xfd2fb528;
const HEAD_BYTES = 8;

export async function detectFormat(source: ByteSource, file: string): Promise<Format> {
  const head = await source.read(0, HEAD_BYTES);
  const name = file.replace(/[?#].*$/, "").toLowerCase();
  const magic = head.length >= 4 ? head.readUInt32LE(0) : 0;
  const isSkippable = (magic & 0xfffffff0) >>> 0 === SKIPPABLE_FRAME;
  if (LZ4_MAGICS.includes(magic) || (isSkippable && name.endsWith(".lz4"))) {
    return {
      kind: "unreadable",
      reason: "this is an lz4 container, which sluice does not read: re-pack it (lz4 -dc FILE | gzip) or use zstd",
    };
  }
  if (magic === ZSTD_MAGIC || isSkippable) return zstd(source);
  if (head.subarray(0, GZIP_MAGIC.length).equals(GZIP_MAGIC)) return { kind: "members", container: gzipContainer() };
  if (/^(?:WARC\/|filedesc|https?:)/.test(head.toString("latin1"))) return { kind: "plain" };
  // The head is damaged, or unheard of.
  if (name.endsWith(".gz")) return { kind: "members", container: gzipContainer() };
  return name.endsWith(".zst") ? zstd(source) : { kind: "plain" };
}

async function zstd(source: ByteSource): Promise<Format> {
  const dictionary = await readZstdDictionary((offset, length) => source.read(offset, length));
  return { kind: "members", container: zstdContainer(dictionary) };
}

/** Only files made of members can be entered in the middle. */
export function canBeSplit(file: string): boolean {
  return /\.(?:gz|zst|zstd)$/i.test(file.replace(/[?#].*$/, ""));
}
