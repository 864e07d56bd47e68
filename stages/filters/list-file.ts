/** Reads the lines of a list: a local file, plain, `.gz` or `.zst`, in groups, so that any length takes little memory. */
import { FormatError } from "../../pipeline/errors.ts";
import { readChunks } from "../../pipeline/io/chunks.ts";
import { compressionOf, type Damage, gunzip, unzstd } from "../../pipeline/io/decompress.ts";
import { openByteSource } from "../../pipeline/io/open.ts";

/** Small, so that what is made of a chunk is gone before the heap grows. */
const CHUNK_BYTES = 128 << 10;

/** No list has entries like this: the file is something else. */
const MAX_LINE_CHARS = 1 << 20;

/** The lines of a file, as read: with the space around them, without "\n". Damage is an error: half a list is none. */
export async function* readListLines(path: string): AsyncGenerator<readonly string[], void, undefined> {
  const source = await openByteSource(path);
  try {
    const decoder = new TextDecoder();
    let open = "";
    const chunks = decompressed(readChunks(source, 0, source.bytes, CHUNK_BYTES), path);
    for (;;) {
      const next = await chunks.next();
      if (next.done === true) {
        if (next.value !== undefined) {
          throw new FormatError(`${path} @ ${next.value.offset}: ${next.value.reason}; the list cannot be read whole`);
        }
        open += decoder.decode();
        if (open !== "") yield [open];
        return;
      }
      const lines = (open + decoder.decode(next.value, { stream: true })).split("\n");
      open = lines.pop()!;
      if (open.length > MAX_LINE_CHARS) {
        throw new FormatError(`${path}: a line of more than ${MAX_LINE_CHARS} characters; expected one entry a line`);
      }
      yield lines;
    }
  } finally {
    await source.close();
  }
}

async function* decompressed(
  stored: AsyncIterable<Buffer>,
  path: string,
): AsyncGenerator<Buffer, Damage | undefined, undefined> {
  const compression = compressionOf(path);
  if (compression === "gzip") return yield* gunzip(stored);
  if (compression === "zstd") return yield* unzstd(stored);
  for await (const chunk of stored) yield chunk;
  return undefined;
}
