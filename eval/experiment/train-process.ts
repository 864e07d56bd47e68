/** A training or an alignment in a process of its own: several of one thread each are faster than one of several. */
import { exitCode, type SentError } from "../../pipeline/errors.ts";
import { loadAnyTokenizer } from "../../tokenizer/load.ts";
import { alignPlanOf } from "../../trainer/align/config.ts";
import { METHODS } from "../../trainer/align/methods/index.ts";
import { runAlignment } from "../../trainer/align/run.ts";
import { backendNamed } from "../../trainer/backends/index.ts";
import type { TrainPlan } from "../../trainer/config.ts";
import { runTraining } from "../../trainer/run.ts";

/** What a process can be sent to do. A method is code: its config is sent, and read again. */
export type Work = { readonly kind: "train"; readonly plan: TrainPlan } | AlignWork;

export interface AlignWork {
  readonly kind: "align";
  readonly method: string;
  readonly config: Readonly<Record<string, unknown>> & { readonly tokenizer: string };
  readonly folder: string;
  /** Where the config stands, for messages. */
  readonly where: string;
}

export type WorkReply =
  | { readonly type: "share"; readonly share: number }
  | { readonly type: "note"; readonly message: string }
  | { readonly type: "done" }
  | ({ readonly type: "failed" } & SentError);

const stop = new AbortController();

// Whoever waits for the model is gone: nothing is lost, since a training goes on from its last checkpoint.
process.on("disconnect", () => process.exit(1));
process.on("SIGINT", () => {}); // The terminal sends it to the whole group; the parent decides.
process.on("SIGTERM", () => stop.abort());

process.once("message", async (work: Work) => {
  try {
    await (work.kind === "train" ? train(work.plan) : align(work));
    await send({ type: "done" });
    process.exit(0);
  } catch (error) {
    const { name, message } = error as Error;
    await send({ type: "failed", name, message, exitCode: exitCode(error) });
    process.exit(1);
  }
});

async function train(plan: TrainPlan): Promise<void> {
  await runTraining(plan, {
    backend: await backendNamed(plan.backend, plan.threads),
    signal: stop.signal,
    onEvent: (event) => {
      if (event.type === "step") void send({ type: "share", share: event.step / event.steps });
    },
  });
}

async function align({ method, config, folder, where }: AlignWork): Promise<void> {
  const plan = alignPlanOf(config, METHODS.get(method)!, { folder, locate: () => where });
  await runAlignment(plan, {
    backend: await backendNamed(plan.backend, plan.threads),
    tokenizerOf: () => loadAnyTokenizer(config.tokenizer),
    bytesOfId: () => [], // Of held-out shards, which an experiment's stages have none of.
    signal: stop.signal,
    onEvent: (event) => {
      if (event.type === "step") void send({ type: "share", share: event.step / event.steps });
      if (event.type === "note") void send({ type: "note", message: event.message });
    },
  });
}

function send(reply: WorkReply): Promise<void> {
  return new Promise((resolve) => process.send?.(reply, () => resolve()));
}
