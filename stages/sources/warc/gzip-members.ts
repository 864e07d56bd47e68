/**
 * gzip members (RFC 1952), one at a time, with CRC-32 and length checked.
 *
 * `gunzipSync` would decode all following members in one call and lose their offsets, and one damaged member would cost
 * the good ones before it; so the header is parsed here and only the deflate data goes to zlib (`inflate`).
 */
import { crc32, createInflateRaw } from "node:zlib";
import type { Container, Member, StreamEnd } from "./container.ts";
import { HELD_PLAIN_BYTES, HELD_STORED_BYTES, MEMBER_VIEW_BYTES } from "./container.ts";
import { type Inflater, type InflateWay, inflaterBy } from "./inflate.ts";
import { StepDecoder } from "./step-decoder.ts";
import type { StoredWindow } from "./stored-window.ts";

/** Bytes of the fixed header, and its flags (RFC 1952, 2.3.1). */
const Header = { flags: 3, size: 10 } as const;
const Flag = { headerCrc: 0x02, extra: 0x04, name: 0x08, comment: 0x10, reserved: 0xe0 } as const;
/** After the deflate data: CRC-32 and length mod 2^32 of the plain text, both little-endian. */
const Trailer = { crc: 0, plainBytes: 4, size: 8 } as const;
const MAGIC = Buffer.from([0x1f, 0x8b, 0x08]);
/** A header is a few bytes; one whose file name goes on for longer than this is no header. */
const MAX_HEADER_BYTES = 256 << 10;
/** Where a member's length is not known beforehand. */
const OUTPUT_CHUNK_BYTES = 64 << 10;
/** A wrong guess at a member's length must not make a large one come in crumbs. */
const MIN_CHUNK_BYTES = 1 << 10;
/** Plain bytes of a byte of deflate at most: 258 bytes in two bits. */
const MAX_EXPANSION = 1032;
/** Fed to a streamed member at once: at deflate's limit of 1,032:1 it becomes 17 MB. */
const STREAM_STEP_BYTES = 16 << 10;

/** The header's length in bytes; "more" when it may go on behind the view's end; "none" when this is no gzip header. */
export function gzipHeaderBytes(view: Uint8Array): number | "more" | "none" {
  for (let i = 0; i < Math.min(view.length, MAGIC.length); i++) if (view[i] !== MAGIC[i]) return "none";
  if (view.length < Header.size) return "more";
  const flags = view[Header.flags]!;
  if ((flags & Flag.reserved) !== 0) return "none";
  let end: number = Header.size;
  if ((flags & Flag.extra) !== 0) {
    if (view.length < end + 2) return "more";
    end += 2 + view[end]! + 256 * view[end + 1]!;
  }
  for (const zeroEnded of [Flag.name, Flag.comment]) {
    if ((flags & zeroEnded) === 0) continue;
    // No further, though more may be in view: what a member is must not depend on how much was read at once.
    const zero = view.subarray(0, MAX_HEADER_BYTES).indexOf(0, end);
    if (zero < 0) return view.length >= MAX_HEADER_BYTES ? "none" : "more";
    end = zero + 1;
  }
  if ((flags & Flag.headerCrc) !== 0) end += 2;
  return end > view.length ? "more" : end;
}

function open(window: StoredWindow, offset: number, inflater: Inflater): Member | Promise<Member> {
  const view = window.viewHeld(offset, MEMBER_VIEW_BYTES);
  if (view === undefined) return openReading(window, offset, inflater, MEMBER_VIEW_BYTES);
  return memberIn(view, window, offset, inflater) ?? openReading(window, offset, inflater, 2 * view.length);
}

async function openReading(
  window: StoredWindow,
  offset: number,
  inflater: Inflater,
  minBytes: number,
): Promise<Member> {
  for (let wantedBytes = minBytes; ; ) {
    const view = await window.view(offset, wantedBytes);
    const member = memberIn(view, window, offset, inflater);
    if (member !== undefined) return member;
    wantedBytes = 2 * Math.max(wantedBytes, view.length);
  }
}

/** What begins `view`, which lies at `offset`; undefined if it goes on behind the view. */
function memberIn(view: Buffer, window: StoredWindow, offset: number, inflater: Inflater): Member | undefined {
  const headerBytes = gzipHeaderBytes(view);
  if (headerBytes === "none") return { kind: "bad", reason: "no gzip member begins here", isCut: false };
  if (headerBytes !== "more") {
    const member = check(view, headerBytes, offset, inflater);
    if (member !== "more") return member;
  }
  if (offset + view.length >= window.fileBytes)
    return { kind: "bad", reason: "the file ends inside this gzip member", isCut: headerBytes !== "more" };
  return view.length >= HELD_STORED_BYTES ? { kind: "large" } : undefined;
}

/**
 * The output buffer for a member, so that its text comes in one piece that no larger buffer keeps alive: the length that
 * stands before the next member's magic. It is a guess, since the magic may stand within this member.
 */
function chunkBytes(view: Buffer, headerBytes: number): number {
  const next = view.indexOf(MAGIC, headerBytes + Trailer.size);
  const trailer = (next < 0 ? view.length : next) - Trailer.size;
  if (trailer < headerBytes) return OUTPUT_CHUNK_BYTES;
  const plainBytes = view.readUInt32LE(trailer + Trailer.plainBytes);
  const isPlausible = plainBytes <= Math.min((trailer - headerBytes) * MAX_EXPANSION, HELD_PLAIN_BYTES);
  // With a byte to spare zlib need not ask whether there is more.
  return isPlausible ? Math.max(plainBytes + 1, MIN_CHUNK_BYTES) : OUTPUT_CHUNK_BYTES;
}

function check(view: Buffer, headerBytes: number, offset: number, inflater: Inflater): Member | "more" {
  const { isLent } = inflater;
  const inflated = inflater.inflate(view.subarray(headerBytes), isLent ? 0 : chunkBytes(view, headerBytes));
  if (inflated === "more") return "more";
  if (inflated === "large") return { kind: "large" };
  if (inflated === "damaged") return { kind: "bad", reason: "damaged gzip member", isCut: false };
  const trailer = headerBytes + inflated.usedBytes;
  if (trailer + Trailer.size > view.length) return "more";
  const wrong = wrongTrailer(view.subarray(trailer), crc32(inflated.text), inflated.text.length);
  if (wrong !== undefined) return { kind: "bad", reason: wrong, isCut: false };
  return { kind: "held", end: offset + trailer + Trailer.size, text: inflated.text, isLent };
}

function wrongTrailer(trailer: Buffer, crc: number, plainBytes: number): string | undefined {
  if (trailer.readUInt32LE(Trailer.crc) !== crc) return "gzip member with a wrong CRC-32";
  if (trailer.readUInt32LE(Trailer.plainBytes) !== plainBytes % 2 ** 32) return "gzip member with a wrong length";
  return undefined;
}

async function* stream(window: StoredWindow, offset: number): AsyncGenerator<Buffer, StreamEnd> {
  const headerBytes = gzipHeaderBytes(await window.view(offset, MAX_HEADER_BYTES));
  if (typeof headerBytes === "string") {
    return { kind: "bad", at: offset, reason: "no gzip member begins here", isCut: false };
  }
  const dataStart = offset + headerBytes;
  const decoder = new StepDecoder(createInflateRaw({ chunkSize: OUTPUT_CHUNK_BYTES }));
  let [crc, plainBytes] = [0, 0];
  try {
    for (let at = dataStart; !decoder.isFinished; at += STREAM_STEP_BYTES) {
      const step = (await window.view(at, STREAM_STEP_BYTES)).subarray(0, STREAM_STEP_BYTES);
      const output = await decoder.feed(step);
      for (const text of output) {
        crc = crc32(text, crc);
        plainBytes += text.length;
        yield text;
      }
      if (decoder.failure !== undefined) return { kind: "bad", at, reason: "damaged gzip member", isCut: false };
      if (step.length < STREAM_STEP_BYTES && !decoder.isFinished) return cut(at);
    }
    const trailerStart = dataStart + decoder.usedBytes;
    const trailer = await window.view(trailerStart, Trailer.size);
    if (trailer.length < Trailer.size) return cut(trailerStart);
    const wrong = wrongTrailer(trailer, crc, plainBytes);
    if (wrong !== undefined) {
      return { kind: "bad", at: trailerStart, reason: `${wrong}, noticed after its records were read`, isCut: false };
    }
    return { kind: "whole", end: trailerStart + Trailer.size };
  } finally {
    decoder.close();
  }
}

function cut(at: number): StreamEnd {
  return { kind: "bad", at, reason: "the file ends inside this gzip member", isCut: true };
}

/** The magic that every gzip member begins with. */
export const GZIP_MAGIC = MAGIC;

/** gzip members, inflated by the `way` that is named, or by the fastest that works here. */
export function gzipContainer(way?: InflateWay): Container {
  let inflater: Inflater | undefined;
  return {
    memberName: "gzip member",
    magic: MAGIC,
    maxExpansion: MAX_EXPANSION,
    maxVerbatimBytes: 65_535, // a stored block of deflate
    open(window, offset) {
      inflater ??= inflaterBy(way);
      return open(window, offset, inflater);
    },
    stream,
    close() {
      inflater?.end();
      inflater = undefined;
    },
  };
}
