/** Where finished spans are kept: the cache, or a folder that lives as long as the run. */
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { Convictions } from "./convictions.ts";
import { keyOfLeg, type Plan, type PlannedSpan } from "./plan.ts";

const FOLDERS = ["stages", "read"] as const;

/** Half-written entries are left alone this long: they may be another run's, on another machine. */
const ABANDONED_AFTER_MS = 24 * 3600 * 1000;

export class SpanStore {
  readonly convictions: Convictions;
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
    for (const folder of FOLDERS) {
      mkdirSync(join(dir, folder), { recursive: true });
      removeAbandoned(join(dir, folder));
    }
    this.convictions = new Convictions(join(dir, CONVICTIONS));
  }

  readDir({ readKey }: PlannedSpan): string {
    return join(this.#dir, "read", readKey);
  }

  /** Folder of the entry in which a stage's work on a span lies, by the stage's place in the recipe. */
  dirOfLeg(plan: Plan, planned: PlannedSpan, stage: number): string {
    const key = keyOfLeg(plan, planned, stage);
    return key === planned.readKey ? this.readDir(planned) : join(this.#dir, "stages", key);
  }

  /** Folders of what the pages have become after the stages of `Plan.keptAfter`. */
  keptDirs({ keptKeys }: PlannedSpan): string[] {
    return keptKeys.map((key) => join(this.#dir, "stages", key));
  }
}

export const CONVICTIONS = "convictions.jsonl";

function removeAbandoned(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (!name.endsWith(".tmp")) continue;
    const found = statSync(join(folder, name), { throwIfNoEntry: false });
    if (found !== undefined && Date.now() - found.mtimeMs > ABANDONED_AFTER_MS) {
      rmSync(join(folder, name), { recursive: true, force: true });
    }
  }
}
