/** Where the commands write: standard output, or a file that gets its name when it is whole. */
import { once } from "node:events";
import { fstatSync, realpathSync, rmSync, type Stats, statSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { EXIT, exitCode, RecipeError, RetryError } from "../../errors.ts";
import { syncDirectory } from "../../io/durable.ts";
import { removeAtExit } from "../remove-at-exit.ts";
import { STDIN } from "./input.ts";

export const STDOUT = "-";

export interface Output {
  /** Waits where the reader does: at most this much is under way. */
  write(bytes: Uint8Array): Promise<void>;
  /** Gives the file its name. */
  finish(): Promise<void>;
  /** Leaves nothing. After `finish` it does nothing. */
  discard(): Promise<void>;
}

/** Standard output for "-" or nothing. What is read meanwhile is not to be written over. */
export async function openOutput(
  path: string | undefined,
  input: string | readonly string[],
  flag = "--out",
): Promise<Output> {
  if (path === undefined || path === STDOUT) return stdout;
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() || path.endsWith("/")) {
    throw new RecipeError(`${flag} ${path}: found a folder; expected the name of a file to write`);
  }
  if (found?.isFile() && [input].flat().some((one) => isInput(found, path, one))) {
    throw new RecipeError(`${flag} ${path}: is the input; choose another name`);
  }
  // A device or pipe is written to as it is: nothing can take its place.
  const temporary =
    found === undefined || found.isFile() ? join(dirname(path), `.${basename(path)}.${process.pid}.tmp`) : path;
  const handle = await open(temporary, "w").catch((error: NodeJS.ErrnoException) => {
    throw new RecipeError(`${flag} ${path}: cannot be written (${error.code}); expected a folder that can`, {
      cause: error,
    });
  });
  const release = temporary === path ? () => {} : removeAtExit(temporary);
  let isOpen = true;
  const close = async (): Promise<void> => {
    isOpen = false;
    await handle.close();
  };
  return {
    write: async (bytes) => {
      try {
        for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at)).bytesWritten;
      } catch (error) {
        throw named(flag, path, error);
      }
    },
    finish: async () => {
      if (temporary !== path) {
        await handle.sync().catch((error: unknown) => {
          throw named(flag, path, error);
        });
      }
      await close();
      if (temporary === path) return;
      await rename(temporary, path);
      release();
      await syncDirectory(dirname(path));
    },
    discard: async () => {
      if (!isOpen) return;
      if (temporary !== path) rmSync(temporary, { force: true });
      release();
      await close();
    },
  };
}

/** Links are followed. What is piped in is no file; what the shell opens with `<` is. */
function isInput(found: Stats, path: string, input: string): boolean {
  if (input === STDIN) {
    const { dev, ino } = fstatSync(process.stdin.fd);
    return dev === found.dev && ino === found.ino;
  }
  return statSync(input, { throwIfNoEntry: false }) !== undefined && realpathSync(path) === realpathSync(input);
}

/** The error of a write with the place in it. One that may pass (a full disk) stays worth retrying. */
function named(flag: string, path: string, error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  const told = `${flag} ${path}: cannot be written (${message}); nothing is left of it`;
  if (code === undefined) return error as Error;
  return exitCode(error) === EXIT.retry
    ? new RetryError(`${told}: make room and run again`, { cause: error })
    : new Error(told, { cause: error });
}

const stdout: Output = {
  write: async (bytes) => {
    if (!process.stdout.write(bytes)) await once(process.stdout, "drain");
  },
  finish: async () => {},
  discard: async () => {},
};
