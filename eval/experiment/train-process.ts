/** A training in a process of its own: several of one thread each are faster than one of several. */
import { exitCode, type SentError } from "../../pipeline/errors.ts";
import { backendNamed } from "../../trainer/backends/index.ts";
import type { TrainPlan } from "../../trainer/config.ts";
import { runTraining } from "../../trainer/run.ts";

export type TrainReply =
  | { readonly type: "share"; readonly share: number }
  | { readonly type: "done" }
  | ({ readonly type: "failed" } & SentError);

const stop = new AbortController();

// Whoever waits for the model is gone: nothing is lost, since a training goes on from its last checkpoint.
process.on("disconnect", () => process.exit(1));
process.on("SIGINT", () => {}); // The terminal sends it to the whole group; the parent decides.
process.on("SIGTERM", () => stop.abort());

process.once("message", async (plan: TrainPlan) => {
  const send = (reply: TrainReply) => new Promise<void>((resolve) => process.send?.(reply, () => resolve()));
  try {
    await runTraining(plan, {
      backend: await backendNamed(plan.backend, plan.threads),
      signal: stop.signal,
      onEvent: (event) => {
        if (event.type === "step") void send({ type: "share", share: event.step / event.steps });
      },
    });
    await send({ type: "done" });
    process.exit(0);
  } catch (error) {
    const { name, message } = error as Error;
    await send({ type: "failed", name, message, exitCode: exitCode(error) });
    process.exit(1);
  }
});
