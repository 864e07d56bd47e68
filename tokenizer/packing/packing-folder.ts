/**
 * The folder that a pack leaves. While it goes, everything lies below a work folder in it; at the end the rows are
 * renamed into place and the manifest is written last, so that what looks whole is whole.
 *
 *     packed/.sluice-pack-PID/{rows/, buckets}   ─▶   packed/rows/00000.rows …  packed/packing.json
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { RecipeError, RetryError } from "../../pipeline/errors.ts";
import { failpoint } from "../../pipeline/failpoints.ts";
import { syncDirectory, writeDurably } from "../../pipeline/io/durable.ts";
import { PACKING_MANIFEST, type PackingManifest, ROWS_FOLDER } from "../../pipeline/packed/packing-manifest.ts";

/** The process id is in the name: two that begin at once see each other, and a dead one's leftovers are known for such. */
const WORK = /^\.sluice-pack-(\d+)$/;
/** What `writeDurably` leaves if it is killed. */
const UNFINISHED_MANIFEST = /^\.packing\.json\.\d+\.tmp$/;

export class PackingFolder {
  readonly dir: string;
  /** For temporary files. */
  readonly work: string;
  /** For the files of rows. */
  readonly rows: string;

  readonly #isNew: boolean;

  private constructor(dir: string, isNew: boolean) {
    this.dir = dir;
    this.#isNew = isNew;
    this.work = join(dir, `.sluice-pack-${process.pid}`);
    this.rows = join(this.work, ROWS_FOLDER);
  }

  /** Takes a new or empty folder, or one that an interrupted pack left. */
  static open(dir: string): PackingFolder {
    const isNew = !existsSync(dir);
    const leftovers = leftoversIn(dir);
    const folder = new PackingFolder(dir, isNew);
    try {
      // An earlier process may have had our number.
      rmSync(folder.work, { recursive: true, force: true });
      mkdirSync(folder.rows, { recursive: true });
    } catch (error) {
      throw new RecipeError(
        `${dir}: cannot be the output folder (${(error as NodeJS.ErrnoException).code}): expected a folder that can be written`,
      );
    }
    const others = readdirSync(dir).flatMap((name) => WORK.exec(name)?.[1] ?? []);
    const holder = others.map(Number).find((pid) => pid !== process.pid && isAlive(pid));
    if (holder !== undefined) {
      folder.discard();
      throw new RetryError(`${dir}: process ${holder} is packing there; wait for it, or choose another folder`);
    }
    for (const name of leftovers) {
      if (join(dir, name) !== folder.work) rmSync(join(dir, name), { recursive: true, force: true });
    }
    return folder;
  }

  /** Renames the rows into place, then writes the manifest. Files of rows are synced by who wrote them. */
  async publish(manifest: PackingManifest): Promise<void> {
    const rows = join(this.dir, ROWS_FOLDER);
    failpoint("rename");
    await syncDirectory(this.rows);
    renameSync(this.rows, rows);
    failpoint("rename");
    try {
      await syncDirectory(this.dir);
      await writeDurably(join(this.dir, PACKING_MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    } catch (error) {
      rmSync(rows, { recursive: true, force: true });
      throw error;
    }
    failpoint("manifest");
  }

  /** Removes what only served the pack, and the folder if nothing came of it. */
  discard(): void {
    rmSync(this.work, { recursive: true, force: true });
    if (this.#isNew && readdirSync(this.dir).length === 0) rmdirSync(this.dir);
  }
}

/** What an interrupted pack left in the folder; an error if there is anything else. */
function leftoversIn(dir: string): readonly string[] {
  if (!existsSync(dir)) return [];
  let names: readonly string[];
  try {
    names = readdirSync(dir);
  } catch (error) {
    throw new RecipeError(
      `${dir}: cannot be the output folder (${(error as NodeJS.ErrnoException).code}): expected a new or empty folder`,
    );
  }
  // Rows without a work folder beside them are somebody's, whatever they are.
  const isInterrupted = names.some((name) => WORK.test(name)) && !names.includes(PACKING_MANIFEST);
  const isLeftover = (name: string): boolean =>
    WORK.test(name) || UNFINISHED_MANIFEST.test(name) || name === ROWS_FOLDER;
  const foreign = isInterrupted ? names.find((name) => !isLeftover(name)) : names[0];
  if (foreign === undefined) return names;
  const found = foreign === PACKING_MANIFEST || names.includes(PACKING_MANIFEST) ? "a finished pack" : foreign;
  throw new RecipeError(`${dir}: found ${found}; expected a new or empty folder: choose another one`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
