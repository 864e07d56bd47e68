import { setImmediate } from "node:timers/promises";

/** Pages of which each is little work: after so many of them it is another's turn. */
export const PAGES_A_TURN = 1024;

/** In long work on the main thread: lets progress be told and signals arrive; raises if the work is to stop. */
export async function takeTurns(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  signal?.throwIfAborted();
}
