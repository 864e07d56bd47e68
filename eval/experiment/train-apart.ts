import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { RetryError, revive } from "../../pipeline/errors.ts";
import { engineModule } from "../../pipeline/modules.ts";
import type { Work, WorkReply } from "./train-process.ts";

const LAST_WORDS_CHARACTERS = 2000;

export interface ApartHooks {
  readonly onShare: (share: number) => void;
  readonly onNote?: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Trains or aligns in a process of its own. The signal ends it behind the step under way. */
export function trainApart(work: Work, { onShare, onNote, signal }: ApartHooks): Promise<void> {
  const child = fork(fileURLToPath(engineModule("eval/experiment/train-process")), [], {
    execArgv: ["--disable-warning=ExperimentalWarning"],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    // A failpoint that ends a training ends the experiment, too.
    env: { ...process.env, SLUICE_SUPERVISED: "1" },
  });
  let lastWords = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    lastWords = (lastWords + text).slice(-LAST_WORDS_CHARACTERS);
  });
  const stop = (): void => void child.kill("SIGTERM");
  signal?.addEventListener("abort", stop);
  return new Promise<void>((resolve, reject) => {
    let end: WorkReply | undefined;
    child.on("message", (reply: WorkReply) => {
      if (reply.type === "share") onShare(reply.share);
      else if (reply.type === "note") onNote?.(reply.message);
      else end = reply;
    });
    child.on("error", reject);
    child.on("close", (code, killer) => {
      signal?.removeEventListener("abort", stop);
      if (end?.type === "done") resolve();
      else if (signal?.aborted === true) reject(signal.reason as Error);
      else if (end?.type === "failed") reject(revive(end));
      else {
        const words = lastWords.trim() || "it said nothing; was the memory full? Fewer --jobs take less";
        reject(new RetryError(`training ended with ${killer ?? `exit code ${code}`}: ${words}`));
      }
    });
    child.send(work);
  });
}
