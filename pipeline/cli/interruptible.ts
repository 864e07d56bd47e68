import { constants } from "node:os";
import { RetryError } from "../errors.ts";

/** Of work whose finished parts are found again. */
export const GOES_ON = "stopped; the same command goes on from here";

/**
 * Long work that ends in good order: Ctrl-C or SIGTERM aborts the signal that it is given, and the work ends by raising the
 * signal's reason, a RetryError of this message, or one of its own. A second one ends the process at once.
 *
 * Listeners stay until the work has ended: a live display listens, too (`signal-exit`, to show the cursor again), and ends the
 * process where nobody else does.
 */
export async function interruptible<T>(message: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  const stop = (signal: NodeJS.Signals): void => {
    if (abort.signal.aborted) process.exit(128 + constants.signals[signal]);
    abort.abort(new RetryError(message));
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  try {
    return await work(abort.signal);
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}
