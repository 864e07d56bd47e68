/** A file that keeps a second process out of a folder. It holds the first one's process id. */
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RetryError } from "../errors.ts";

/** An engine whose supervisor was killed ends within this time. */
const PATIENCE_MS = 5000;

/**
 * Makes the lock, and its folder where that is missing; one whose process is gone is taken over. Removing the file ends
 * it. Raises RetryError, with what `held` says, where another process keeps it.
 */
export async function takeLock(path: string, held: (holder: number) => string): Promise<void> {
  const mine = `${path}.${process.pid}`;
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    // Written beside and linked: nobody ever sees a lock without its holder.
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(mine, String(process.pid));
      linkSync(mine, path);
      return;
    } catch (error) {
      // ENOENT: whoever held the lock has just ended and taken its folder along.
      if (!["EEXIST", "ENOENT"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    } finally {
      rmSync(mine, { force: true });
    }
    const holder = holderOf(path);
    if (holder === undefined) continue;
    if (!isAlive(holder)) rmSync(path, { force: true });
    else if (Date.now() > deadline) throw new RetryError(held(holder));
    else await sleep(100);
  }
}

function holderOf(lock: string): number | undefined {
  try {
    return Number(readFileSync(lock, "utf8"));
  } catch {
    return undefined; // Released in this moment.
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  if (pid === process.pid) return false; // A lock of an earlier process that had our number.
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
