/**
 * Where work is kept by what decides it, beside the cache of spans: what another experiment, or the same one after an
 * interruption, asks for again is there. A unit is finished when its last file is, and that one is renamed into place.
 *
 *     curated/KEY/   a run: recipe and inputs                    → manifest.json
 *     rows/KEY/      rows to train on: run, sample, seed         → packing.json
 *     models/KEY/    a training run: rows, config, seed          → manifest.json
 *     aligned/KEY/   an alignment: model, config, data, seed     → manifest.json
 *     scores/KEY.json    a model's measurements on one domain or task
 *     overlaps/KEY.json  of a run with all that is measured on
 *
 * What is found damaged is made again.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf } from "../../pipeline/canonical.ts";
import { writeDurably } from "../../pipeline/io/durable.ts";

export type UnitKind = "curated" | "rows" | "model" | "aligned" | "score" | "overlap";

const FOLDERS: Record<UnitKind, string> = {
  curated: "curated",
  rows: "rows",
  model: "models",
  aligned: "aligned",
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

  /** What was kept as JSON; undefined where nothing was, or it is not what was written: then it is made again. */
  read<T>(kind: UnitKind, key: string): T | undefined {
    const kept = jsonOf(this.place(kind, key)) as { sha256?: string; value?: T } | null | undefined;
    return kept?.value !== undefined && kept.sha256 === digestOf(kept.value) ? kept.value : undefined;
  }

  async write(kind: UnitKind, key: string, value: unknown): Promise<void> {
    mkdirSync(join(this.root, FOLDERS[kind]), { recursive: true });
    await writeDurably(this.place(kind, key), `${JSON.stringify({ sha256: digestOf(value), value })}\n`);
  }
}

/** Undefined for a file that is not there, or no JSON. */
export function jsonOf(path: string): unknown {
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
