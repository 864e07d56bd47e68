/** The engine in a process of its own, under the supervisor: recipe in, events and the manifest out. */

import { type EngineOptions, runEngine } from "./engine.ts";
import { EXIT, exitCode, RetryError, type SentError } from "./errors.ts";
import type { RunEvent } from "./events.ts";
import type { Manifest } from "./manifest.ts";
import { checkRecipe, type Recipe } from "./recipe.ts";

export interface EngineOrder {
  readonly recipe: Recipe;
  readonly baseDir: string;
  readonly options: Omit<EngineOptions, "emit" | "signal">;
}
export type EngineReply =
  | { readonly type: "event"; readonly event: RunEvent }
  | { readonly type: "done"; readonly manifest: Manifest }
  | ({ readonly type: "failed" } & SentError);

const stop = new AbortController();

/** How long a run that was told to stop may take to end its threads. */
const PATIENCE_MS = 5000;

// The supervisor is gone (kill -9, say): a run that nobody watches must not go on writing.
process.on("disconnect", () => process.exit(1));
process.on("SIGINT", () => {}); // The terminal sends it to the whole group; the supervisor decides.
process.on("SIGTERM", () => {
  stop.abort(new RetryError("stopped by SIGTERM; run it again to go on"));
  // Planning may be waiting for a server that never answers.
  setTimeout(() => process.exit(EXIT.retry), PATIENCE_MS).unref();
});

process.once("message", async (order: EngineOrder) => {
  const send = (reply: EngineReply) => new Promise<void>((resolve) => process.send?.(reply, () => resolve()));
  try {
    const recipe = await checkRecipe(order.recipe, {
      registry: { sources: {}, stages: {}, sinks: {} },
      baseDir: order.baseDir,
    });
    const manifest = await runEngine(recipe, {
      ...order.options,
      signal: stop.signal,
      emit: (event) => void send({ type: "event", event }),
    });
    await send({ type: "done", manifest });
    process.exit(0);
  } catch (error) {
    const { name, message } = error as Error;
    await send({ type: "failed", name, message, exitCode: exitCode(error) });
    process.exit(1);
  }
});
