#!/usr/bin/env node
// Starts the command line: the sources in a clone, the built package elsewhere.
import { existsSync } from "node:fs";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `sluice: found Node ${process.versions.node}, expected 22.18 or newer; "npm ci" in a clone brings one for Linux: start with "npx sluice" or "npm run"`,
  );
  process.exit(2);
}
await import("./compile-cache.js");
const sources = new URL("../pipeline/cli/main.ts", import.meta.url);
const built = new URL("../dist/pipeline/cli/main.js", import.meta.url);
process.removeAllListeners("warning"); // Node 22 announces on every start that it strips types.
await import(existsSync(sources) ? sources.href : built.href);
