import { EXIT, RecipeError } from "../errors.ts";

const STOPPED = "stopped; the same command goes on from here";

/**
 * Long work that can be gone on with: an interrupt aborts the signal, and once the work has ended by it, people are told and
 * the exit code is that of what is worth another try. Whatever else it ends by is raised.
 */
export async function untilStopped(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const abort = new AbortController();
  const stop = (): void => abort.abort(new RecipeError(STOPPED));
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    await work(abort.signal);
  } catch (error) {
    if (!abort.signal.aborted || error !== abort.signal.reason) throw error;
    console.error(STOPPED);
    process.exitCode = EXIT.retry;
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}
