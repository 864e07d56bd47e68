/**
 * Ranged reads of a file behind http(s), written for servers that fail now and then: a cut, a stall, a "slow down" or
 * a short answer costs a wait and another request *from the byte reached*; a file that changes between two requests,
 * or a server that answers another range than the one asked for, is an error and never mixed bytes.
 *
 *     probe:     GET bytes=0-0  ->  206, Content-Range "bytes 0-0/SIZE", ETag
 *     readRange: GET bytes=a-b  ->  206, checked against both, copied into one buffer; after a failure a = reached
 *     fetchPage: GET            ->  200, all of it or nothing; after a failure from the beginning
 */
import { FormatError, oneLine, RecipeError, RetryError } from "../errors.ts";

/** How patient to be. Every field can be replaced, which is how the tests run in milliseconds. */
export interface HttpTiming {
  /** Requests that may fail before a read gives up; every MiB that arrives earns one more. */
  readonly attempts: number;
  /** A connection without one new byte for this long is cut. */
  readonly stallMs: number;
  /** A request slower than this on average is cut, so that a dripping server cannot hold a worker for days. */
  readonly minBytesPerSecond: number;
  /** First wait; it doubles with every failure in a row … */
  readonly firstDelayMs: number;
  /** … up to this. */
  readonly maxDelayMs: number;
  /** The longest `Retry-After` that is honoured. */
  readonly maxRetryAfterMs: number;
  /** Jitter in [0, 1). It decides only when bytes arrive, never which. */
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

export const HTTP_TIMING: HttpTiming = {
  attempts: 8,
  stallMs: 30_000,
  minBytesPerSecond: 4096,
  firstDelayMs: 500,
  maxDelayMs: 30_000,
  maxRetryAfterMs: 120_000,
  random: Math.random,
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** A file behind a URL, as its server described it. */
export interface RemoteFile {
  readonly url: string;
  readonly bytes: number;
  /** Empty where the server sends none. */
  readonly etag: string;
  readonly lastModified: string;
}

/** Bytes that arrive before a read is granted one more failure. */
const BYTES_PER_EXTRA_ATTEMPT = 1 << 20;

/** Statuses that mean "later": request timeout, too early, too many requests. All of 5xx is added to them. */
const LATER = new Set([408, 425, 429]);

/** A failure that another request may mend. `wrong` marks an answer that was no answer to the question. */
class Transient extends Error {
  readonly retryAfterMs: number;
  readonly wrong: boolean;

  constructor(message: string, { retryAfterMs = 0, wrong = false } = {}) {
    super(message);
    this.retryAfterMs = retryAfterMs;
    this.wrong = wrong;
  }
}

/**
 * Asks for the first byte and learns size, revision and whether ranges work. A HEAD request would be cheaper for the
 * server, but signed URLs refuse it and its answer does not prove that ranges are served.
 */
export async function probe(url: string, timing: HttpTiming): Promise<RemoteFile> {
  return persist(url, timing, noProgress, () =>
    request(url, { range: "bytes=0-0" }, 1, timing, async (response) => {
      refuseEncoded(url, response);
      const etag = response.headers.get("etag") ?? "";
      const lastModified = response.headers.get("last-modified") ?? "";
      if (response.status === 200) {
        // The whole of an empty file: there is no first byte to ask a range of.
        if (response.headers.get("content-length") === "0") return { url, bytes: 0, etag, lastModified };
        throw noRanges(url);
      }
      const range = contentRange(response);
      const whole = range?.total;
      if (whole === undefined) {
        throw new Transient(`no file size in Content-Range "${response.headers.get("content-range") ?? ""}"`, {
          wrong: true,
        });
      }
      return { url, bytes: whole, etag, lastModified };
    }),
  );
}

/** Reads `length` bytes at `offset`, which must lie inside the file. */
export async function readRange(file: RemoteFile, offset: number, length: number, timing: HttpTiming): Promise<Buffer> {
  const result = Buffer.allocUnsafe(length);
  if (length === 0) return result;
  let filled = 0;
  await persist(
    file.url,
    timing,
    () => filled,
    async () => {
      const first = offset + filled;
      const last = offset + length - 1;
      const headers: Record<string, string> = { range: `bytes=${first}-${last}` };
      // If-Range takes strong validators only; weak ones are compared below.
      if (file.etag.startsWith('"')) headers["if-range"] = file.etag;
      await request(file.url, headers, length - filled, timing, async (response, alive) => {
        refuseEncoded(file.url, response);
        checkSameFile(file, response, first, last);
        if (response.body === null) throw new Transient("an answer without a body");
        for await (const chunk of response.body) {
          alive();
          const part = chunk.subarray(0, length - filled);
          result.set(part, filled);
          filled += part.length;
          if (filled === length) return;
        }
        throw new Transient(`the answer ended ${length - filled} bytes short`);
      });
    },
  );
  return result;
}

/** A page as its server sends it now. */
export interface RemotePage {
  /** Where redirects led. */
  readonly url: string;
  /** The header, empty where there is none. */
  readonly contentType: string;
  /** With content encodings undone. */
  readonly body: Buffer;
}

/** Fetches a page whole, as browsers do: many are made on request, and have no parts to ask for. */
export async function fetchPage(url: string, maxBytes: number, timing: HttpTiming): Promise<RemotePage> {
  return persist(url, timing, noProgress, () =>
    request(url, {}, maxBytes, timing, async (response, alive) => {
      if (response.status !== 200) throw new Transient(`HTTP ${response.status} for a whole page`, { wrong: true });
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      for await (const chunk of response.body ?? []) {
        alive();
        bytes += chunk.length;
        if (bytes > maxBytes) throw new FormatError(`${url}: more than ${maxBytes} bytes`);
        chunks.push(chunk);
      }
      const contentType = response.headers.get("content-type") ?? "";
      return { url: response.url || url, contentType, body: Buffer.concat(chunks) };
    }),
  );
}

/** Throws where the body was compressed on the way: its bytes are not the stored ones. */
function refuseEncoded(url: string, response: Response): void {
  const encoding = response.headers.get("content-encoding") ?? "identity";
  if (encoding === "identity" || encoding === "") return;
  throw new FormatError(
    `${url}: the server sends it with Content-Encoding ${encoding}, which hides the stored bytes; download it and give its path`,
  );
}

/** Throws unless the answer is the asked range of the very file that was opened. */
function checkSameFile(file: RemoteFile, response: Response, first: number, last: number): void {
  const etag = response.headers.get("etag") ?? "";
  if (file.etag !== "" && etag !== "" && weak(etag) !== weak(file.etag)) {
    throw changed(file, `ETag ${etag}`, `ETag ${file.etag}`);
  }
  const lastModified = response.headers.get("last-modified") ?? "";
  if (file.etag === "" && file.lastModified !== "" && lastModified !== "" && lastModified !== file.lastModified) {
    throw changed(file, `Last-Modified ${lastModified}`, file.lastModified);
  }
  const range = contentRange(response);
  if (range?.total !== undefined && range.total !== file.bytes) {
    throw changed(file, `${range.total} bytes`, `${file.bytes} bytes`);
  }
  if (response.status === 200) throw noRanges(file.url);
  if (response.status === 416) throw changed(file, `no bytes ${first}-${last}`, `${file.bytes} bytes`);
  // A server may send less than was asked for: the rest is asked for again.
  if (range === undefined || range.first !== first || range.last < first || range.last > last) {
    const found = response.headers.get("content-range") ?? "nothing";
    throw new Transient(`asked for bytes ${first}-${last}, Content-Range says "${found}"`, { wrong: true });
  }
}

const weak = (etag: string): string => etag.replace(/^W\//, "");

function changed(file: RemoteFile, found: string, opened: string): FormatError {
  return new FormatError(
    `${file.url}: the file changed while it was read (${found}; opened with ${opened}); run again`,
  );
}

function noRanges(url: string): FormatError {
  return new FormatError(
    `${url}: the server ignores Range requests, so the file cannot be read in parts; download it and give its path`,
  );
}

interface ContentRange {
  readonly first: number;
  readonly last: number;
  /** Missing where the server wrote "*". */
  readonly total: number | undefined;
}

/** `bytes 0-99/1000`, `bytes 0-99/*`, or of an unsatisfiable range `bytes * /1000` without the blank. */
function contentRange(response: Response): ContentRange | undefined {
  const match = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "");
  if (match === null) return undefined;
  const total = match[3] === "*" ? undefined : Number(match[3]);
  return { first: Number(match[1] ?? -1), last: Number(match[2] ?? -1), total };
}

/**
 * One request. Resolves or rejects with what `handle` says of a 200, 206 or 416; other statuses become errors here.
 * `handle` calls `alive` for every chunk, which keeps the watchdog quiet.
 */
async function request<T>(
  url: string,
  headers: Record<string, string>,
  expectedBytes: number,
  timing: HttpTiming,
  handle: (response: Response, alive: () => void) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const cut = (why: string) => abort.abort(new Transient(why));
  const stall = setTimeout(() => cut(`no bytes for ${timing.stallMs} ms`), timing.stallMs);
  const patienceMs = timing.stallMs + (expectedBytes / timing.minBytesPerSecond) * 1000;
  const deadline = setTimeout(() => cut(`not done after ${Math.round(patienceMs)} ms`), patienceMs);
  let response: Response | undefined;
  try {
    response = await fetch(url, {
      // Ranges are of the stored bytes: a body compressed on the way would be other bytes.
      headers: { ...headers, "accept-encoding": "identity" },
      signal: abort.signal,
    });
    stall.refresh();
    const { status, statusText } = response;
    if (LATER.has(status) || status >= 500) {
      const retryAfterMs = Math.min(retryAfter(response.headers.get("retry-after")), timing.maxRetryAfterMs);
      throw new Transient(`HTTP ${status} ${statusText}`.trim(), { retryAfterMs });
    }
    if (status !== 200 && status !== 206 && status !== 416) {
      throw new RecipeError(
        `${url}: HTTP ${`${status} ${statusText}`.trim()}; check the address and that it is public`,
      );
    }
    return await handle(response, () => stall.refresh());
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error;
  } finally {
    clearTimeout(stall);
    clearTimeout(deadline);
    // Ends a body that was left unread, and with it the connection.
    abort.abort();
    await response?.body?.cancel().catch(() => {});
  }
}

const noProgress = () => 0;

/** Repeats `attempt` until it succeeds, fails for good, or has used up its failures. `progress` counts bytes so far. */
async function persist<T>(
  url: string,
  timing: HttpTiming,
  progress: () => number,
  attempt: () => Promise<T>,
): Promise<T> {
  let inVain = 0;
  for (let failures = 1; ; failures++) {
    const before = progress();
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof FormatError || error instanceof RecipeError) throw error;
      inVain = progress() > before ? 0 : inVain + 1;
      if (failures >= timing.attempts + Math.floor(progress() / BYTES_PER_EXTRA_ATTEMPT)) {
        throw givingUp(url, failures, error);
      }
      await timing.sleep(waitMs(timing, inVain, error));
    }
  }
}

/** Exponential back-off with half of it as jitter, so that a thousand readers do not come back in one moment. */
function waitMs(timing: HttpTiming, inVain: number, error: unknown): number {
  const full = Math.min(timing.firstDelayMs * 2 ** Math.max(0, inVain - 1), timing.maxDelayMs);
  const delay = full * (0.5 + 0.5 * timing.random());
  return error instanceof Transient ? Math.max(delay, error.retryAfterMs) : delay;
}

function givingUp(url: string, failures: number, error: unknown): Error {
  const wrong = error instanceof Transient && error.wrong;
  // fetch says "fetch failed" and keeps what happened in `cause`.
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = cause instanceof Transient ? cause.message : oneLine(cause);
  const message = `${url}: gave up after ${failures} failed requests; the last: ${reason}`;
  return wrong ? new FormatError(message, { cause: error }) : new RetryError(message, { cause: error });
}

/** Milliseconds that a `Retry-After` header asks for: seconds, or a date. */
function retryAfter(header: string | null): number {
  if (header === null) return 0;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? 0 : Math.max(0, date - Date.now());
}
