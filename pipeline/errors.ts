/**
 * Three kinds of error cover everything a run can say. Each message is one line: where, what was found, what was
 * expected, and where it helps, what to do.
 */

/** You asked for something that cannot be run. Raised before any data is read. */
export class RecipeError extends Error {
  override readonly name = "RecipeError";
}

/** Bytes are not what they claim to be. */
export class FormatError extends Error {
  override readonly name = "FormatError";
}

/** The surroundings failed (disk full, network away, another run holds the folder): the same call may work later. */
export class RetryError extends Error {
  override readonly name = "RetryError";
}

/** A stage threw on a page. Such a page is quarantined; this error is what the quarantine file tells. */
export class StageError extends Error {
  override readonly name = "StageError";
  readonly stage: string;
  readonly page: string;

  constructor(stage: string, page: string, cause: unknown) {
    super(`${stage} threw on page ${page}: ${oneLine(cause)}`, { cause });
    this.stage = stage;
    this.page = page;
  }
}

/** An error as it travels between processes: it loses its class on the way. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly exitCode: number;
}

/** The error that another process threw. */
export function revive({ name, message, exitCode }: SentError): Error {
  if (name === "RecipeError") return new RecipeError(message);
  if (name === "FormatError") return new FormatError(message);
  if (exitCode === EXIT.retry) return new RetryError(message);
  return Object.assign(new Error(message), { name });
}

/** The first line of whatever was thrown, short enough for a log. */
export function oneLine(thrown: unknown, maxChars = 300): string {
  const text = textOf(thrown);
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > maxChars ? `${line.slice(0, maxChars)}…` : line;
}

function textOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  } catch {
    return "something that cannot be shown"; // An object whose toString throws, say.
  }
}

/** Sysexits' EX_TEMPFAIL: "worth retrying". */
export const EXIT = { done: 0, failed: 1, usage: 2, retry: 75 } as const;

const RETRYABLE = new Set(["ENOSPC", "EDQUOT", "EMFILE", "ENFILE", "EAGAIN", "EBUSY", "ECONNRESET", "ETIMEDOUT"]);

/** The process exit code that a failure deserves. */
export function exitCode(thrown: unknown): number {
  if (thrown instanceof RecipeError) return EXIT.usage;
  if (thrown instanceof RetryError) return EXIT.retry;
  const code = (thrown as { code?: string } | null)?.code;
  return code !== undefined && RETRYABLE.has(code) ? EXIT.retry : EXIT.failed;
}
