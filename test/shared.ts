/** Finds the measured data and fixtures that may lie beside the checkout; tests that need them skip where they are absent. */
import { existsSync } from "node:fs";
import { join } from "node:path";

const SHARED = join(import.meta.dirname, "..", "..", "shared");

/** Absolute path of a shared file, whether or not it is there. */
export function sharedPath(...parts: string[]): string {
  return join(SHARED, ...parts);
}

/** Options for `test()`: skips, and says which file is missing. `test("…", needsShared("data/crawl"), () => …)` */
export function needsShared(...paths: string[]): { skip: string | false } {
  const missing = paths.find((path) => !existsSync(sharedPath(path)));
  return { skip: missing === undefined ? false : `needs ../shared/${missing}, which is absent` };
}

/** What a definition's `files` is asked with where nothing is to be resolved. */
export const FILES_CONTEXT = { resolvePath: (path: string) => path, label: "stage", place: "stage" };
