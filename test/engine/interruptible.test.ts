/** Long commands and Ctrl-C. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { interruptible } from "../../pipeline/cli/interruptible.ts";
import { EXIT, exitCode, RetryError } from "../../pipeline/errors.ts";

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`${signal} ends work in good order, with an error that says what is left of it`, async () => {
    let isTidy = false;
    const work = interruptible("stopped; nothing is left of it", async (stop) => {
      process.kill(process.pid, signal);
      try {
        await setTimeout(60_000, undefined, { signal: stop }).catch(() => stop.throwIfAborted());
      } finally {
        isTidy = true;
      }
    });
    await assert.rejects(work, new RetryError("stopped; nothing is left of it"));
    assert.ok(isTidy);
    assert.equal(await work.catch(exitCode), EXIT.retry);
    assert.equal(process.listenerCount(signal), 0);
  });
}

test("what else work ends by is told as itself, also behind a signal", async () => {
  const work = interruptible("stopped", async () => {
    process.kill(process.pid, "SIGINT");
    await setTimeout(10);
    throw new TypeError("a mistake");
  });
  await assert.rejects(work, new TypeError("a mistake"));
});
