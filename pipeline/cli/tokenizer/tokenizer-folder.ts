/**
 * The folder that training leaves. Its files are written to one beside it, which takes its name in one step: a tokenizer
 * is there whole, or not at all.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { TOKENS_JSON, TRAINED_ON_JSON } from "../../../tokenizer/load.ts";
import { RecipeError } from "../../errors.ts";
import { syncDirectory, writeDurably } from "../../io/durable.ts";

export const FILES = ["vocab.json", "merges.txt", "tokenizer.json", "tokenizer.tiktoken"] as const;
const OURS = new Set<string>([...FILES, TOKENS_JSON, TRAINED_ON_JSON]);

export class TokenizerFolder {
  readonly dir: string;
  /** Where the files lie until `publish`. */
  readonly staging: string;
  readonly #replaced: string;

  private constructor(dir: string) {
    this.dir = resolve(dir);
    const beside = (suffix: string): string =>
      join(dirname(this.dir), `.${basename(this.dir)}.sluice-${suffix}-${process.pid}`);
    this.staging = beside("train");
    this.#replaced = beside("replaced");
  }

  /** Raises RecipeError where something is in the way: with `force`, anything but an earlier tokenizer. */
  static open(dir: string, force: boolean): TokenizerFolder {
    const folder = new TokenizerFolder(dir);
    expectFree(dir, force);
    try {
      folder.#clearLeftovers();
      mkdirSync(folder.staging, { recursive: true });
    } catch (error) {
      throw new RecipeError(
        `--out ${dir}: cannot be the output folder (${(error as NodeJS.ErrnoException).code}); expected a folder that can be written`,
        { cause: error },
      );
    }
    return folder;
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    await writeDurably(join(this.staging, name), bytes);
  }

  async publish(): Promise<void> {
    await syncDirectory(this.staging);
    // Only an empty folder is replaced by renaming.
    const isFull = existsSync(this.dir) && readdirSync(this.dir).length > 0;
    if (isFull) renameSync(this.dir, this.#replaced);
    renameSync(this.staging, this.dir);
    await syncDirectory(dirname(this.dir));
    if (isFull) rmSync(this.#replaced, { recursive: true, force: true });
  }

  /** Leaves nothing. After `publish` it does nothing. */
  discard(): void {
    rmSync(this.staging, { recursive: true, force: true });
  }

  /** What killed processes left: their staging goes; a tokenizer that had just lost its name gets it back. */
  #clearLeftovers(): void {
    const parent = dirname(this.dir);
    if (!existsSync(parent)) return;
    const ours = `.${basename(this.dir)}.sluice-`;
    for (const name of readdirSync(parent)) {
      if (!name.startsWith(ours)) continue;
      const [kind, pid] = name.slice(ours.length).split("-");
      if (pid === undefined || isAlive(Number(pid))) continue;
      if (kind === "replaced" && !existsSync(this.dir)) renameSync(join(parent, name), this.dir);
      else if (kind === "replaced" || kind === "train") rmSync(join(parent, name), { recursive: true, force: true });
    }
  }
}

function expectFree(dir: string, force: boolean): void {
  const found = statSync(dir, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isDirectory()) throw new RecipeError(`--out ${dir}: found a file, expected a new or empty folder`);
  const names = readdirSync(dir);
  const foreign = names.find((name) => !OURS.has(name));
  if (foreign !== undefined) {
    throw new RecipeError(
      `--out ${dir}: found ${foreign}, which no training left there; expected a new or empty folder: choose another`,
    );
  }
  if (names.length > 0 && !force) {
    throw new RecipeError(`--out ${dir}: holds a tokenizer; choose another folder, or give --force to replace it`);
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
