/** What the other folders, and users' own stages, may use of the engine. */
export * from "./dedup-options.ts";
export * from "./document.ts";
export * from "./errors.ts";
export type * from "./events.ts";
export * from "./features.ts";
export type { Manifest, RunCounts } from "./manifest.ts";
export * from "./random.ts";
export type { Recipe } from "./recipe.ts";
export type { RunOptions } from "./run.ts";
export * from "./sink.ts";
export * from "./source.ts";
export * from "./stage.ts";
export * from "./tokenizer.ts";
export * from "./verdict.ts";
export * from "./view.ts";
