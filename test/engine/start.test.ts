/** What a start of the command line leaves for the next one. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const folder = mkdtempSync(join(tmpdir(), "sluice-start-"));
after(() => rmSync(folder, { recursive: true }));

function start(variables: NodeJS.ProcessEnv): string {
  // The first is set by "npm test", the other perhaps by a user.
  const { NODE_COMPILE_CACHE: _, NODE_DISABLE_COMPILE_CACHE: __, ...env } = process.env;
  const program = join(import.meta.dirname, "../../bin/sluice.js");
  return execFileSync(process.execPath, [program, "--version"], {
    env: { ...env, ...variables },
    encoding: "utf8",
  });
}

test("compiled code is kept for the next start, unless that is turned off or cannot be", () => {
  const version = start({ TMPDIR: folder, NODE_DISABLE_COMPILE_CACHE: "1" });
  assert.match(version, /^\d+\.\d+\.\d+\n$/);
  assert.deepEqual(readdirSync(folder), []);
  assert.equal(start({ TMPDIR: folder }), version);
  assert.deepEqual(readdirSync(folder), ["node-compile-cache"]);
  assert.equal(start({ TMPDIR: "/dev/null" }), version);
});
