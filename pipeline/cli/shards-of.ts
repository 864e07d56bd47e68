import { statSync } from "node:fs";
import { join } from "node:path";
import type { ShardToPack } from "../../tokenizer/packing/pack.ts";
import { FormatError, RecipeError } from "../errors.ts";
import { missingArtifacts, readManifest } from "../manifest.ts";

/** The shards that an argument stands for: itself, or those of the run in that folder. */
export function shardsOf(path: string): ShardToPack[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new RecipeError(`${path}: no such file or folder`);
  if (found.isFile()) return [{ path }];
  if (!found.isDirectory()) throw new RecipeError(`${path}: expected a file or folder, found a device or pipe`);
  const manifest = readManifest(path);
  const artifacts = manifest.artifacts.filter((one) => one.kind === "data" && one.path.endsWith(".tok"));
  if (artifacts.length === 0) {
    const { sink } = manifest.identity;
    const why = sink.name === "shards" ? "it kept no pages" : `its sink was ${sink.name}`;
    throw new RecipeError(`${path}: the run has no token shards (${why}); expected one with the sink "shards"`);
  }
  const missing = missingArtifacts(path, { ...manifest, artifacts })[0];
  if (missing !== undefined) {
    throw new FormatError(`${join(path, missing)}: missing, or not of the size that the manifest says; run again`);
  }
  return artifacts.map((one) => ({
    path: join(path, one.path),
    run: { id: manifest.id, path: one.path, sha256: one.sha256 },
  }));
}
