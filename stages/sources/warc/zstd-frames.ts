/**
 * zstd frames (RFC 8878), one at a time, with the dictionary that a .warc.zst may carry in its first frame.
 *
 * node:zlib stops after the first frame without a word, so frames are delimited here: every block says its stored size.
 *
 *     28 B5 2F FD │ descriptor │ window? │ dictionary id? │ content size? │ block … block │ checksum?
 *     5x 2A 4D 18 │ u32 bytes │ content                        a skippable frame; 5D holds the dictionary
 */
import { createZstdDecompress, zstdDecompressSync } from "node:zlib";
import type { Container, Member, StreamEnd } from "./container.ts";
import { HELD_PLAIN_BYTES, HELD_STORED_BYTES, MEMBER_VIEW_BYTES } from "./container.ts";
import { StepDecoder } from "./step-decoder.ts";
import type { StoredWindow } from "./stored-window.ts";

const MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
/** Skippable frames are 0x184D2A50 to 0x184D2A5F; 5D is the one that holds a .warc.zst's dictionary. */
const Skippable = { magic: 0x184d2a50, mask: 0xfffffff0, dictionary: 0x184d2a5d, headerBytes: 8 } as const;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;
const CHECKSUM_BYTES = 4;
const MAX_FRAME_HEADER_BYTES = 18;
const BLOCK_HEADER_BYTES = 3;
const BlockType = { raw: 0, rle: 1, compressed: 2, reserved: 3 } as const;
/** Plain bytes of one block at most, so that this many blocks a step bound the memory to 8 MB. */
const MAX_BLOCK_BYTES = 128 << 10;
const STREAM_STEP_BLOCKS = 64;
const MAX_DICTIONARY_BYTES = 64 << 20;

interface FrameHeader {
  readonly bytes: number;
  readonly hasChecksum: boolean;
}

function frameHeader(view: Buffer): FrameHeader | "more" | "none" {
  for (let i = 0; i < Math.min(view.length, MAGIC.length); i++) if (view[i] !== MAGIC[i]) return "none";
  if (view.length < MAGIC.length + 1) return "more";
  const descriptor = view[MAGIC.length]!;
  if ((descriptor & 0x08) !== 0) return "none"; // reserved
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 && isSingleSegment ? 1 : CONTENT_SIZE_BYTES[sizeFlag]!;
  const bytes = MAGIC.length + 1 + (isSingleSegment ? 0 : 1) + DICTIONARY_ID_BYTES[descriptor & 3]! + sizeBytes;
  return { bytes, hasChecksum: (descriptor & 0x04) !== 0 };
}

/** Walks blocks from `at` in `view`; stops at the last one, at the view's end, or after `maxBlocks`. */
function walkBlocks(view: Buffer, at: number, maxBlocks: number): { at: number; state: "last" | "more" | "bad" } {
  for (let i = 0; i < maxBlocks; i++) {
    if (at + BLOCK_HEADER_BYTES > view.length) return { at, state: "more" };
    const header = view.readUIntLE(at, BLOCK_HEADER_BYTES);
    const type = (header >> 1) & 3;
    const size = header >> 3;
    if (type === BlockType.reserved || size > MAX_BLOCK_BYTES) return { at, state: "bad" };
    const end = at + BLOCK_HEADER_BYTES + (type === BlockType.rle ? 1 : size);
    if (end > view.length) return { at, state: "more" };
    at = end;
    if ((header & 1) !== 0) return { at, state: "last" };
  }
  return { at, state: "more" };
}

const bad = (reason: string, isCut = false): Member => ({ kind: "bad", reason, isCut });
const NO_FRAME = "no zstd frame begins here";
const DAMAGED = "damaged zstd frame";
const FILE_ENDS = "the file ends inside this zstd frame";

/** zstd frames, decoded with `dictionary` where the file has one. */
export function zstdContainer(dictionary: Buffer | undefined): Container {
  const dictionaryOption = dictionary === undefined ? {} : { dictionary };

  async function open(window: StoredWindow, offset: number): Promise<Member> {
    for (let wantedBytes = MEMBER_VIEW_BYTES; ; wantedBytes *= 2) {
      const view = await window.view(offset, wantedBytes);
      const isAll = offset + view.length >= window.fileBytes;
      const skippable = skippableFrameBytes(view);
      if (skippable !== undefined) {
        const end = offset + skippable;
        return end <= window.fileBytes ? { kind: "void", end } : bad(FILE_ENDS);
      }
      const header = frameHeader(view);
      if (header === "none") return bad(NO_FRAME);
      const blocks = header === "more" ? undefined : walkBlocks(view, header.bytes, Number.POSITIVE_INFINITY);
      if (blocks?.state === "bad") return bad(DAMAGED);
      const checksumBytes = header !== "more" && header.hasChecksum ? CHECKSUM_BYTES : 0;
      if (blocks?.state === "last" && blocks.at + checksumBytes <= view.length) {
        return decode(view.subarray(0, blocks.at + checksumBytes), offset);
      }
      if (isAll) return bad(FILE_ENDS, header !== "more");
      if (view.length >= HELD_STORED_BYTES) return { kind: "large" };
      wantedBytes = Math.max(wantedBytes, view.length);
    }
  }

  function decode(frame: Buffer, offset: number): Member {
    try {
      const text = zstdDecompressSync(frame, { ...dictionaryOption, maxOutputLength: HELD_PLAIN_BYTES });
      return { kind: "held", end: offset + frame.length, text, isLent: false };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") return { kind: "large" };
      return bad(DAMAGED);
    }
  }

  async function* stream(window: StoredWindow, offset: number): AsyncGenerator<Buffer, StreamEnd> {
    const header = frameHeader(await window.view(offset, MAX_FRAME_HEADER_BYTES));
    if (typeof header === "string") return { kind: "bad", at: offset, reason: NO_FRAME, isCut: false };
    const decoder = new StepDecoder(createZstdDecompress({ ...dictionaryOption, chunkSize: MAX_BLOCK_BYTES }));
    try {
      // The first step carries the frame's header along with its first blocks.
      for (let at = offset, blocksAt = header.bytes; ; blocksAt = 0) {
        const view = await window.view(at, blocksAt + MAX_BLOCK_BYTES + BLOCK_HEADER_BYTES + CHECKSUM_BYTES);
        const blocks = walkBlocks(view, blocksAt, STREAM_STEP_BLOCKS);
        if (blocks.state === "bad") return { kind: "bad", at, reason: DAMAGED, isCut: false };
        const isLast = blocks.state === "last";
        const isCut = isLast ? false : blocks.at === blocksAt;
        const end = isLast && header.hasChecksum ? blocks.at + CHECKSUM_BYTES : blocks.at;
        yield* await decoder.feed(view.subarray(0, isCut ? view.length : end));
        if (decoder.failure !== undefined) return { kind: "bad", at, reason: DAMAGED, isCut: false };
        if (isCut || end > view.length) return { kind: "bad", at, reason: FILE_ENDS, isCut: true };
        at += end;
        if (isLast) return { kind: "whole", end: at };
      }
    } finally {
      decoder.close();
    }
  }

  return {
    memberName: "zstd frame",
    magic: MAGIC,
    maxExpansion: MAX_BLOCK_BYTES / 4, // a run-length block: four stored bytes
    maxVerbatimBytes: MAX_BLOCK_BYTES, // a raw block
    open,
    stream,
  };
}

function skippableFrameBytes(view: Buffer): number | undefined {
  if (view.length < Skippable.headerBytes) return undefined;
  if ((view.readUInt32LE(0) & Skippable.mask) >>> 0 !== Skippable.magic) return undefined;
  return Skippable.headerBytes + view.readUInt32LE(4);
}

/** Whether the frame that begins `bytes` also ends in them. */
export function isWholeZstdFrame(bytes: Buffer): boolean {
  const header = frameHeader(bytes);
  if (typeof header === "string") return false;
  const blocks = walkBlocks(bytes, header.bytes, Number.POSITIVE_INFINITY);
  return blocks.state === "last" && blocks.at + (header.hasChecksum ? CHECKSUM_BYTES : 0) <= bytes.length;
}

/** The dictionary at the head of a .warc.zst, if it has one; raw, or itself a zstd frame. */
export async function readZstdDictionary(
  read: (offset: number, length: number) => Promise<Buffer>,
): Promise<Buffer | undefined> {
  const header = await read(0, Skippable.headerBytes);
  if (header.length < Skippable.headerBytes || header.readUInt32LE(0) !== Skippable.dictionary) return undefined;
  const dictionaryBytes = header.readUInt32LE(4);
  if (dictionaryBytes > MAX_DICTIONARY_BYTES) return undefined;
  const content = await read(Skippable.headerBytes, dictionaryBytes);
  if (!content.subarray(0, MAGIC.length).equals(MAGIC)) return content;
  try {
    return zstdDecompressSync(content, { maxOutputLength: MAX_DICTIONARY_BYTES });
  } catch {
    return undefined; // damaged: every frame will then be reported as damaged, one by one
  }
}
