import { RetryError } from "../errors.ts";

/** Of work whose finished parts are found again. */
export const GOES_ON = "stopped; the same command goes on from here";

/**
 * Long work that ends in good order: Ctrl-C or SIGTERM aborts the signal that it is given, and the work ends by raising the
 * signal's reason, a RetryError of this message. A second one ends the process at once.
 */
export async function interruptible<T>(message: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  const stop = (): void => abort.abort(new RetryError(message));
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    return await work(abort.signal);
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}
