import { writeSync } from "node:fs";
import type { Writable } from "node:stream";

/**
 * Makes standard output write all it is given, or fail. Where it is a file, Node writes a chunk once and takes whatever the
 * system took of it for the whole: on a disk that is nearly full the end would be missing, and nobody told.
 */
export function writeWhole(stream: Writable & { readonly fd?: number }): void {
  const { fd } = stream;
  // Terminals and pipes are written by the event loop, which does look.
  if (fd === undefined || stream.constructor.name !== "SyncWriteStream") return;
  stream._write = (chunk: Buffer, _encoding, done) => {
    try {
      for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at);
    } catch (error) {
      done(error as Error);
      return;
    }
    done();
  };
}
