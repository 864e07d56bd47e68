/**
 * From files to chunks that can be counted by themselves, in any thread:
 *
 *     file ─ decompress ─▶ ……word| next……<|endoftext|>|……………………|
 *                                └ a safe cut  └ a special token └ the file's end
 *
 * A chunk lists the texts in it. A text is what lies between two special tokens, or a part of that; where every line is
 * a text, the worker finds the lines.
 */
import { FormatError } from "../../pipeline/errors.ts";
import { readChunks } from "../../pipeline/io/chunks.ts";
import { compressionOf, type Damage, gunzip, unzstd } from "../../pipeline/io/decompress.ts";
import { openByteSource } from "../../pipeline/io/open.ts";
import type { Pattern } from "../pretokenize.ts";
import { hasSafeCuts, lastSafeCut } from "../safe-cut.ts";
import { SpecialScanner } from "../special.ts";

/** Enough that a chunk's distinct pieces are few beside its pieces, little enough that several in flight are nothing. */
export const CHUNK_BYTES = 2 << 20;
/** A text without a place to cut it must fit into a JavaScript string (2^29 - 24 units). */
const MAX_CHUNK_BYTES = 1 << 28;

const LINE_FEED = 0x0a;

export interface CorpusChunk {
  /** In a buffer of its own. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where texts start and end in it, by turns. */
  readonly texts: readonly number[];
  /** Stored bytes of all files that were read when this chunk was cut. */
  readonly bytesRead: number;
}

export interface CorpusOptions {
  readonly pattern: Pattern;
  readonly special: readonly string[];
  /** Every line, with its line feed, is a text of its own. */
  readonly lines: boolean;
  /** Chunks are about this long, and a text that cannot be cut has to be shorter than the second: for tests. */
  readonly chunkBytes?: number;
  readonly maxChunkBytes?: number;
}

/** Reads the files one after the other, in chunks that end where the pieces of the whole are kept. */
export async function* readCorpus(
  files: readonly string[],
  options: CorpusOptions,
): AsyncGenerator<CorpusChunk, void, undefined> {
  const { chunkBytes = CHUNK_BYTES, maxChunkBytes = MAX_CHUNK_BYTES } = options;
  const cutter = new ChunkCutter(options);
  let bytesRead = 0;
  const onRead = (bytes: number) => {
    bytesRead += bytes;
  };
  for (const file of files) {
    let parts: Buffer[] = [];
    let size = 0;
    let wanted = chunkBytes;
    for await (const part of readFile(file, chunkBytes, onRead)) {
      parts.push(part);
      size += part.length;
      if (size < wanted) continue;
      const bytes = Buffer.concat(parts, size);
      const texts = cutter.texts(bytes, false);
      const cut = texts.at(-1)!;
      if (cut > 0) yield { bytes: new Uint8Array(bytes.subarray(0, cut)), texts, bytesRead };
      else if (size >= maxChunkBytes) throw new FormatError(noPlaceToCut(file, size));
      // Where there is no place to cut, twice as much is read before the next look: looking costs linear time in all.
      wanted = cut > 0 ? chunkBytes : Math.min(2 * size, maxChunkBytes);
      parts = [bytes.subarray(cut)];
      size -= cut;
    }
    const bytes = Buffer.concat(parts, size);
    if (size > 0) yield { bytes: new Uint8Array(bytes), texts: cutter.texts(bytes, true), bytesRead };
  }
}

function noPlaceToCut(file: string, bytes: number): string {
  return `${file}: found no place to cut in ${bytes} bytes of one text; separate the documents by a special token, or take every line for a text of its own`;
}

class ChunkCutter {
  readonly #options: CorpusOptions;
  readonly #specials: SpecialScanner | undefined;

  constructor(options: CorpusOptions) {
    this.#options = options;
    if (options.special.length > 0) this.#specials = new SpecialScanner(options.special.map((text, id) => [text, id]));
  }

  /** The texts of a chunk that is as long as it can be: it ends at the last of the borders. `[0, 0]`: at none yet. */
  texts(bytes: Buffer, isLast: boolean): number[] {
    const borders = [0];
    let settled = bytes.length;
    for (let from = 0; this.#specials !== undefined; ) {
      const { start, end, id } = this.#specials.find(bytes, from, isLast);
      if (id === undefined) {
        settled = start;
        break;
      }
      borders.push(start, end);
      from = end;
    }
    // Behind a special token any text may begin.
    const start = borders.at(-1)!;
    borders.push(isLast ? bytes.length : Math.max(start, this.#lastCut(bytes, start, settled)));
    return borders;
  }

  /** The last place to cut a text that goes on, or -1: beside a character that is not all there yet, there is none. From `settled` on, there may be a special token. */
  #lastCut(bytes: Buffer, start: number, settled: number): number {
    if (this.#options.lines) return start + bytes.subarray(start, settled).lastIndexOf(LINE_FEED) + 1;
    if (!hasSafeCuts(this.#options.pattern)) return -1;
    return lastSafeCut(bytes, start + 1, settled);
  }
}

/** The file's bytes, decompressed if its name says so. Damage is an error: a vocabulary of half a corpus is another one. */
async function* readFile(
  file: string,
  chunkBytes: number,
  onRead: (bytes: number) => void,
): AsyncGenerator<Buffer, void, undefined> {
  const source = await openByteSource(file);
  async function* stored(): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of readChunks(source, 0, source.bytes, chunkBytes)) {
      onRead(chunk.length);
      yield chunk;
    }
  }
  try {
    const compression = compressionOf(file);
    if (compression === "none") {
      yield* stored();
      return;
    }
    const damage: Damage | undefined = yield* compression === "gzip" ? gunzip(stored()) : unzstd(stored());
    if (damage !== undefined) {
      throw new FormatError(
        `${file} @ ${damage.offset}: the ${compression} data is damaged (${damage.reason}); nothing was trained`,
      );
    }
  } finally {
    await source.close();
  }
}
