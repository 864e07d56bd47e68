/**
 * Where work is kept by what decides it, beside the cache of spans: what another experiment, or the same one after an
 * interruption, asks for again is there. A unit is finished when its last file is, and that one is renamed into place.
 *
 *     curated/KEY/   a run: recipe and inputs                    → manifest.json
 *     rows/KEY/      rows to train on: run, sample, seed         → packing.json
 *     models/KEY/    a training run: rows, config, seed          → manifest.json
 *     scores/KEY.json    a model's measurements on one domain or task
 *     overlaps/KEY.json  of a run with all that is measured on
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeDurably } from "../../pipeline/io/durable.ts";
import { RUN_MANIFEST } from "../../trainer/checkpoint/trained-model.ts";

export type UnitKind = "curated" | "rows" | "model" | "score" | "overlap";

const FOLDERS: Record<UnitKind, string> = {
  curated: "curated",
  rows: "rows",
  model: "models",
  score: "scores",
  overlap: "overlaps",
};

export class Store {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  place(kind: UnitKind, key: string): string {
    return join(this.root, FOLDERS[kind], kind === "score" || kind === "overlap" ? `${key}.json` : key);
  }

  hasModel(key: string): boolean {
    return existsSync(join(this.place("model", key), RUN_MANIFEST));
  }

  /** What was kept as JSON; undefined where nothing was, or it is damaged: then it is made again. */
  read<T>(kind: UnitKind, key: string): T | undefined {
    const path = this.place(kind, key);
    if (!existsSync(path)) return undefined;
    try {
      return JSON.parse(readFileSync(path, "utf8")) as T;
    } catch {
      return undefined;
    }
  }

  async write(kind: UnitKind, key: string, value: unknown): Promise<void> {
    mkdirSync(join(this.root, FOLDERS[kind]), { recursive: true });
    await writeDurably(this.place(kind, key), `${JSON.stringify(value)}\n`);
  }
}
