import type { Manifest } from "../../pipeline/manifest.ts";

/** A finished curation run: its folder, and the manifest that it ends with. */
export interface Run {
  readonly dir: string;
  readonly manifest: Manifest;
}
