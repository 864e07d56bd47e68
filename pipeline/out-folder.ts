/**
 * The folder a run leaves. While the run goes, everything lies below `.sluice-work`; at the end each part is renamed into
 * place and the manifest is written last. A lock keeps a second run out.
 *
 *     out/.sluice-work/lock  journal  spans/ (with the cache off)  staging/{data,ledger,index,dropped,quarantine}
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, unlinkSync } from "node:fs";
import { open } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { RecipeError } from "./errors.ts";
import { failpoint } from "./failpoints.ts";
import { hashFile, syncDirectory, writeDurably } from "./io/durable.ts";
import { takeLock } from "./io/lock.ts";
import { type Artifact, type ArtifactKind, MANIFEST, type Manifest } from "./manifest.ts";

/** A name that nobody else gives a folder: what lies in it is removed. */
export const WORK = ".sluice-work";

/** What a run may leave beside the manifest; stale ones of an interrupted run are replaced. */
const PARTS: readonly ArtifactKind[] = ["data", "ledger", "index", "dropped", "quarantine"];
export const EVENTS = "events.jsonl";

export class OutFolder {
  readonly dir: string;
  readonly work: string;
  readonly staging: string;
  readonly journal: string;
  /** Whether an interrupted run is being taken up again. */
  readonly isResumed: boolean;

  private constructor(dir: string) {
    this.dir = dir;
    this.work = join(dir, WORK);
    this.staging = join(this.work, "staging");
    this.journal = join(this.work, "journal");
    this.isResumed = existsSync(this.work);
  }

  /** Takes the folder for this process. */
  static async open(dir: string): Promise<OutFolder> {
    try {
      return await OutFolder.#open(dir);
    } catch (error) {
      throw unwritable(dir, error);
    }
  }

  static async #open(dir: string): Promise<OutFolder> {
    const folder = new OutFolder(dir);
    if (existsSync(dir) && !existsSync(folder.work) && !existsSync(join(dir, MANIFEST))) {
      const found = readdirSync(dir)[0];
      if (found !== undefined) {
        throw new RecipeError(
          `${dir}: found ${found}, which no run left there; expected an empty or new folder, or one of a run to resume: choose another sink dir`,
        );
      }
    }
    await folder.#lock();
    return folder;
  }

  async #lock(): Promise<void> {
    await takeLock(
      join(this.work, "lock"),
      (holder) => `${this.dir}: process ${holder} is writing a run there; wait for it, or choose another sink dir`,
    );
  }

  unlock(): void {
    rmSync(join(this.work, "lock"), { force: true });
  }

  /** An empty staging folder. */
  clearStaging(): string {
    rmSync(this.staging, { recursive: true, force: true });
    mkdirSync(this.staging, { recursive: true });
    return this.staging;
  }

  /** An empty folder for scratch files. */
  clearScratch(name: string): string {
    const folder = join(this.work, "scratch", name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** Hashes and syncs what was staged. */
  async artifacts(): Promise<Artifact[]> {
    const files = readdirSync(this.staging, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(this.staging, join(entry.parentPath, entry.name)).split(sep).join("/"))
      .sort();
    const artifacts: Artifact[] = [];
    for (const path of files) {
      const kind = PARTS.find((part) => path.startsWith(`${part}/`));
      if (kind === undefined) throw new Error(`the sink wrote ${path}; expected files below data/`);
      await syncFile(join(this.staging, path));
      artifacts.push({ path, kind, ...(await hashFile(join(this.staging, path))) });
    }
    return artifacts;
  }

  /** Renames every part into place, then writes the manifest. */
  async publish(manifest: Manifest): Promise<void> {
    failpoint("manifest");
    rmSync(join(this.dir, MANIFEST), { force: true });
    for (const part of PARTS) {
      failpoint("rename");
      rmSync(join(this.dir, part), { recursive: true, force: true });
      failpoint("rename");
      if (!existsSync(join(this.staging, part))) continue;
      await syncDirectory(join(this.staging, part));
      renameSync(join(this.staging, part), join(this.dir, part));
      failpoint("rename");
    }
    await syncDirectory(this.dir);
    failpoint("manifest");
    await writeDurably(join(this.dir, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    failpoint("manifest");
  }

  /** Removes everything that only served the run, the lock last. */
  removeWork(): void {
    for (const name of readdirSync(this.work)) {
      if (name === "lock") continue;
      rmSync(join(this.work, name), { recursive: true, force: true });
      failpoint("manifest");
    }
    unlinkSync(join(this.work, "lock"));
    try {
      rmdirSync(this.work);
    } catch (error) {
      // Somebody who waited for the lock has it now.
      if (!["ENOTEMPTY", "EEXIST", "ENOENT"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

const UNWRITABLE = ["ENOTDIR", "EEXIST", "EACCES", "EPERM", "EROFS", "ENOENT", "ELOOP", "ERR_INVALID_ARG_VALUE"];

/** What to throw where a folder could not be taken: a RecipeError if it can be no output folder, else the error itself. */
export function unwritable(dir: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (!UNWRITABLE.includes(code ?? "")) return error;
  return new RecipeError(
    `${JSON.stringify(dir)}: cannot be the output folder (${code}): expected a folder that can be written`,
  );
}
