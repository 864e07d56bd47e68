/** Opens an input for random access, wherever it lies: a local file, or a file behind http(s). */
import { type FileHandle, open, stat } from "node:fs/promises";
import { FormatError, RecipeError } from "../errors.ts";
import type { Span } from "../source.ts";
import type { ByteSource } from "./byte-source.ts";
import { HTTP_TIMING, type HttpTiming, probe, type RemoteFile, readRange } from "./http.ts";

/** A source that knows which version of the file it reads. */
export interface OpenedSource extends ByteSource {
  /** Modification time in ms of a local file; ETag, else Last-Modified, of a remote one. Empty if nothing is known. */
  readonly revision: string;
}

export interface OpenOptions {
  /** What the file was when the run was planned: another file at the same place is an error. */
  readonly expected?: { readonly bytes: number; readonly revision: string };
  readonly http?: Partial<HttpTiming>;
}

/** Whether a location is read over the network. */
export function isUrl(location: string): boolean {
  return /^https?:\/\//i.test(location);
}

/**
 * Opens a path or an http(s) URL.
 * @example
 * const source = await openByteSource("crawl/a.warc.gz");
 * const head = await source.read(0, 1024);
 * await source.close();
 */
export async function openByteSource(location: string, options: OpenOptions = {}): Promise<OpenedSource> {
  const source = isUrl(location) ? await openUrl(location, options.http) : await openFile(location);
  const { expected } = options;
  if (expected !== undefined && (expected.bytes !== source.bytes || expected.revision !== source.revision)) {
    await source.close();
    throw new FormatError(
      `${location}: the file changed since the run was planned (${source.bytes} bytes, revision "${source.revision}"; ` +
        `planned ${expected.bytes} bytes, revision "${expected.revision}"); run again`,
    );
  }
  return source;
}

/** Opens the file that a span belongs to, and checks that it is the one that was planned. */
export function openSpan(span: Span): Promise<OpenedSource> {
  return openByteSource(span.location, { expected: { bytes: span.fileBytes, revision: span.revision } });
}

async function openUrl(url: string, timing: Partial<HttpTiming> = {}): Promise<OpenedSource> {
  if (!URL.canParse(url)) throw new RecipeError(`${url}: not a valid URL`);
  const used = { ...HTTP_TIMING, ...timing };
  return new RemoteSource(await probe(url, used), used);
}

async function openFile(path: string): Promise<OpenedSource> {
  // Looked at before it is opened: opening a pipe that nobody writes to never ends.
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined && !found.isFile()) {
    throw new RecipeError(`${path}: expected a file, found ${found.isDirectory() ? "a folder" : "a device or pipe"}`);
  }
  const handle = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") throw new RecipeError(`${path}: no such file`, { cause: error });
    if (error.code === "EACCES") throw new RecipeError(`${path}: no permission to read`, { cause: error });
    throw error;
  });
  const { size, mtimeMs } = await handle.stat();
  return new LocalSource(path, handle, size, String(mtimeMs));
}

class LocalSource implements OpenedSource {
  readonly bytes: number;
  readonly revision: string;
  readonly #path: string;
  readonly #handle: FileHandle;

  constructor(path: string, handle: FileHandle, bytes: number, revision: string) {
    this.#path = path;
    this.#handle = handle;
    this.bytes = bytes;
    this.revision = revision;
  }

  async read(offset: number, length: number, room?: Buffer): Promise<Buffer> {
    const wanted = lengthInside(this.bytes, offset, length);
    const result = room !== undefined && room.length >= wanted ? room.subarray(0, wanted) : Buffer.allocUnsafe(wanted);
    let filled = 0;
    // One read may return less than asked: signals, network file systems, and 2 GiB a call on Linux.
    while (filled < result.length) {
      const { bytesRead } = await this.#handle.read(result, filled, result.length - filled, offset + filled);
      if (bytesRead === 0) {
        throw new FormatError(
          `${this.#path} @ ${offset + filled}: the file ends here, it had ${this.bytes} bytes when opened; run again`,
        );
      }
      filled += bytesRead;
    }
    return result;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

class RemoteSource implements OpenedSource {
  readonly #file: RemoteFile;
  readonly #timing: HttpTiming;

  constructor(file: RemoteFile, timing: HttpTiming) {
    this.#file = file;
    this.#timing = timing;
  }

  get bytes(): number {
    return this.#file.bytes;
  }

  get revision(): string {
    return this.#file.etag || this.#file.lastModified;
  }

  read(offset: number, length: number): Promise<Buffer> {
    return readRange(this.#file, offset, lengthInside(this.bytes, offset, length), this.#timing);
  }

  async close(): Promise<void> {}
}

/** How much of [offset, offset + length) lies inside the file. */
function lengthInside(fileBytes: number, offset: number, length: number): number {
  return Math.max(0, Math.min(length, fileBytes - offset));
}
