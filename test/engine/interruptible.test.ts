/** Long commands and Ctrl-C. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
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

test("a live display does not end the process before the work has; a second signal does", async () => {
  // log-update listens for signals, too, where there is a terminal.
  const program = `
    process.stderr.isTTY = true;
    const { createLogUpdate } = await import("log-update");
    import { setTimeout } from "node:timers/promises";
    import { interruptible } from ${JSON.stringify(import.meta.resolve("../../pipeline/cli/interruptible.ts"))};
    const [pace] = process.argv.slice(1);
    createLogUpdate(process.stderr)("half");
    const work = interruptible("stopped", async (signal) => {
      signal.onabort = () => console.log("stopping");
      console.log("at work");
      await setTimeout(pace === "slow" ? 60_000 : 2000);
      console.log("in good order");
      signal.throwIfAborted();
    });
    await work.catch((error) => console.log(error.message));
  `;
  const interrupted = async (pace: "quick" | "slow", when: RegExp): Promise<{ text: string; code: number | null }> => {
    const args = ["--input-type=module", "--eval", program, pace];
    const child = spawn(process.execPath, args, { cwd: import.meta.dirname, stdio: ["ignore", "pipe", "ignore"] });
    const exit = once(child, "exit");
    let text = "";
    for await (const chunk of child.stdout.setEncoding("utf8")) {
      if (when.test(chunk)) child.kill("SIGINT");
      text += chunk;
    }
    return { text, code: (await exit)[0] };
  };
  const quick = await interrupted("quick", /at work/);
  assert.match(quick.text, /stopping\nin good order\nstopped\n/);
  assert.equal(quick.code, 0);
  const slow = await interrupted("slow", /at work|stopping/);
  assert.doesNotMatch(slow.text, /in good order/);
  assert.equal(slow.code, 130);
});

test("what else work ends by is told as itself, also behind a signal", async () => {
  const work = interruptible("stopped", async () => {
    process.kill(process.pid, "SIGINT");
    await setTimeout(10);
    throw new TypeError("a mistake");
  });
  await assert.rejects(work, new TypeError("a mistake"));
});
