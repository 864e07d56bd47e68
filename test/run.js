// `npm test`: the tests whose files match the patterns given. What they compile is kept for the processes that they start.
import "../bin/compile-cache.js";
import { spawnSync } from "node:child_process";

const args = ["--test", "--test-concurrency=2", ...process.argv.slice(2)];
process.exitCode = spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1;
