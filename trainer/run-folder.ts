/** The folder of a training run: taken by one process at a time, and only where nothing of anybody else's lies. */
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { RecipeError } from "../pipeline/errors.ts";
import { takeLock } from "../pipeline/io/lock.ts";
import { unwritable } from "../pipeline/out-folder.ts";

/** Made first: a folder that has it is a training's. */
export const CHECKPOINTS = "checkpoints";
const LOCK = join(CHECKPOINTS, "lock");

/**
 * Takes the folder for this process and returns what releases it. Raises RecipeError where it cannot be written or holds
 * what no training left, such as the data itself, whose manifest ours would replace; RetryError where another trains.
 */
export async function takeRunFolder(out: string): Promise<() => void> {
  try {
    expectOurs(out);
    mkdirSync(join(out, CHECKPOINTS), { recursive: true });
    await takeLock(
      join(out, LOCK),
      (holder) => `${out}: process ${holder} is training there; wait for it, or give another "out"`,
    );
  } catch (error) {
    throw unwritable(out, error);
  }
  return () => rmSync(join(out, LOCK), { force: true });
}

function expectOurs(out: string): void {
  if (!existsSync(out) || existsSync(join(out, CHECKPOINTS))) return;
  const found = readdirSync(out)[0];
  if (found === undefined) return;
  throw new RecipeError(
    `${out}: found ${found}, which no training left there; expected an empty or new folder, or one of a training to go on with: give another "out"`,
  );
}
