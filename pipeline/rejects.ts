/** Pages that are not in the output but can be read: `dropped/STAGE/*.jsonl` and `quarantine/*.jsonl`. */
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { drawUniform } from "./random.ts";

const FILE_BYTES = 256 << 20;

/** One in ten dropped pages can be read by default. */
const SAMPLE_SHARE = 0.1;

/** Whether a page is in the sample: a function of seed and page alone. */
export function isInSample(seed: number, pageId: string): boolean {
  return sampleDraw(seed, pageId) < SAMPLE_SHARE;
}

/** From 0 to 1: the lower, the likelier a page is in a sample of any size. */
export function sampleDraw(seed: number, pageId: string): number {
  return drawUniform(seed, "dropped", pageId);
}

export class RejectFiles {
  readonly #dir: string;
  readonly #open = new Map<string, { fd: number; bytes: number; number: number }>();

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Appends one JSON object to the files of a folder below the run's. */
  write(folder: string, row: object): void {
    const line = Buffer.from(`${JSON.stringify(row)}\n`);
    let file = this.#open.get(folder);
    if (file !== undefined && file.bytes + line.length > FILE_BYTES) {
      closeSync(file.fd);
      file = this.#create(folder, file.number + 1);
    }
    file ??= this.#create(folder, 0);
    for (let at = 0; at < line.length; ) at += writeSync(file.fd, line, at);
    file.bytes += line.length;
  }

  #create(folder: string, number: number): { fd: number; bytes: number; number: number } {
    const path = join(this.#dir, folder, `${String(number).padStart(5, "0")}.jsonl`);
    mkdirSync(dirname(path), { recursive: true });
    const file = { fd: openSync(path, "w"), bytes: 0, number };
    this.#open.set(folder, file);
    return file;
  }

  close(): void {
    for (const { fd } of this.#open.values()) closeSync(fd);
    this.#open.clear();
  }
}
