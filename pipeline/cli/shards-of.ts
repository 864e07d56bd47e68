import { statSync } from "node:fs";
import { join } from "node:path";
import type { ShardToPack } from "../../tokenizer/packing/pack.ts";
import { RecipeError } from "../errors.ts";
import { readManifest, shardArtifacts } from "../manifest.ts";

/** The shards that an argument stands for: itself, or those of the run in that folder. */
export function shardsOf(path: string): ShardToPack[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new RecipeError(`${path}: no such file or folder`);
  if (found.isFile()) return [{ path }];
  if (!found.isDirectory()) throw new RecipeError(`${path}: expected a file or folder, found a device or pipe`);
  const manifest = readManifest(path);
  return shardArtifacts(path, manifest).map((one) => ({
    path: join(path, one.path),
    run: { id: manifest.id, path: one.path, sha256: one.sha256 },
  }));
}
