import { setImmediate } from "node:timers/promises";

/** In long work on the main thread: lets progress be told and signals arrive; raises if the work is to stop. */
export async function takeTurns(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  signal?.throwIfAborted();
}
