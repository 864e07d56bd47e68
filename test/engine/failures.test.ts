import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { inOrder } from "../../pipeline/ordered.ts";
import { sluice, tempDir, writePages, writeRecipe } from "./harness.ts";

const fixture = (name: string) => join(import.meta.dirname, "..", "fixtures", name);

test("a failing sink stops the run with its message, and it is worth retrying", async () => {
  const dir = tempDir();
  writePages(dir);
  const recipe = writeRecipe(dir, { sink: { use: fixture("failing-sink.ts"), with: { dir: "out", after: 5 } } });
  const { code, stderr } = await sluice(["run", recipe, "--cache", "off"], { cwd: dir, timeoutMs: 30_000 });
  assert.equal(code, 75, stderr);
  assert.match(stderr, /sluice: .*no space left on device, write: make room for \S+out, and run again/);
});

test("a stage that cannot be set up stops the run and is named", async () => {
  const dir = tempDir();
  writePages(dir);
  writeFileSync(
    join(dir, "broken.ts"),
    `import { defineMap, z } from "sluice";
export default defineMap({ name: "broken", module: import.meta.url, version: 1, params: z.object({}), setup: () => { throw new Error("no model here"); }, map: (page) => page });
`,
  );
  const { code, stderr } = await sluice(
    ["run", writeRecipe(dir, { stages: [{ use: "./broken.ts" }] }), "--cache", "off"],
    { cwd: dir, timeoutMs: 30_000 },
  );
  assert.equal(code, 2, stderr);
  assert.match(stderr, /broken: cannot be set up: Error: no model here/);
});

test("a stage that throws on every page says why in the summary", async () => {
  const dir = tempDir();
  writePages(dir);
  writeFileSync(
    join(dir, "broken.ts"),
    `import { defineMap, z } from "sluice";
export default defineMap({ name: "broken", module: import.meta.url, version: 1, params: z.object({}), map: (page) => page.nothing.here });
`,
  );
  const recipe = writeRecipe(dir, { stages: [{ use: "./broken.ts" }] });
  const { code, stdout } = await sluice(["run", recipe, "--cache", "off"], { cwd: dir });
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^quarantined first: broken threw on page [0-9a-f]{32}: TypeError: .*'here'\) \(out.quarantine has all\)$/m,
  );
});

test("two runs cannot write to one folder", async () => {
  const dir = tempDir();
  writePages(dir, { files: 2, pages: 60 });
  const recipe = writeRecipe(dir, { stages: [{ use: fixture("jitter.ts"), with: { maxMs: 2000 } }] });
  const first = sluice(["run", recipe, "--cache", "off"], { cwd: dir, killAfterMs: 20_000 });
  const lock = join(dir, "out", ".sluice-work", "lock");
  for (let n = 0; n < 200 && !existsSync(lock); n++) await new Promise((resolve) => setTimeout(resolve, 50));
  const second = await sluice(["run", recipe, "--cache", "off"], { cwd: dir });
  assert.equal(second.code, 75, second.stderr);
  assert.match(second.stderr, /is writing a run there/);
  await first;
});

test("results come in order, and what is in flight is bounded by bytes", async () => {
  const sizes = [5, 1, 1, 20, 1, 1, 1, 30, 1, 1];
  let inFlight = 0;
  let most = 0;
  const results = inOrder(
    sizes.map((bytes, n) => ({ bytes, n })),
    async ({ bytes, n }) => {
      inFlight += bytes;
      most = Math.max(most, inFlight);
      await new Promise((resolve) => setTimeout(resolve, (n * 7) % 11));
      return { n, bytes };
    },
    { concurrency: 4, budgetBytes: 8, weigh: ({ bytes }) => bytes },
  );
  const order: number[] = [];
  for await (const { n, bytes } of results) {
    order.push(n);
    inFlight -= bytes;
    await new Promise((resolve) => setTimeout(resolve, 3)); // A slow consumer.
  }
  assert.deepEqual(order, [...sizes.keys()]);
  assert.ok(most <= 7 + 30, `at most a full budget and one item more: ${most}`);
});

test("the first failure reaches the consumer and ends the source", async () => {
  let ended = false;
  async function* source() {
    try {
      for (let n = 0; ; n++) yield n;
    } finally {
      ended = true;
    }
  }
  const results = inOrder(
    source(),
    async (n) => {
      if (n === 5) throw new Error("five");
      return n;
    },
    { concurrency: 3, budgetBytes: 100, weigh: () => 1 },
  );
  const seen: number[] = [];
  await assert.rejects(async () => {
    for await (const n of results) seen.push(n);
  }, /five/);
  assert.deepEqual(seen, [0, 1, 2, 3, 4]);
  assert.ok(ended);
});
