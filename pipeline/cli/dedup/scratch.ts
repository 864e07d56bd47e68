import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeAtExit } from "../remove-at-exit.ts";

/** A folder for what memory does not hold; gone when the process is, if not before. */
export class Scratch {
  readonly #dir = mkdtempSync(join(tmpdir(), "sluice-dedup-"));
  readonly #release = removeAtExit(this.#dir);
  #count = 0;

  /** A path of its own. */
  path(name: string): string {
    return join(this.folder(), name);
  }

  /** An empty folder. */
  folder(): string {
    const dir = join(this.#dir, String(this.#count++));
    mkdirSync(dir);
    return dir;
  }

  remove(): void {
    rmSync(this.#dir, { recursive: true, force: true });
    this.#release();
  }
}
