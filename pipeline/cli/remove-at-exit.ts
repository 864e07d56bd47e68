import { rmSync } from "node:fs";

const EXIT_BY_SIGNAL = { SIGINT: 130, SIGTERM: 143 } as const;

/** Removes a file or folder when the process ends, also by Ctrl-C, unless what is returned was called before. */
export function removeAtExit(path: string): () => void {
  const remove = () => rmSync(path, { recursive: true, force: true });
  const onSignal = (signal: keyof typeof EXIT_BY_SIGNAL) => process.exit(EXIT_BY_SIGNAL[signal]);
  process.once("exit", remove).once("SIGINT", onSignal).once("SIGTERM", onSignal);
  return () => {
    process.removeListener("exit", remove).removeListener("SIGINT", onSignal).removeListener("SIGTERM", onSignal);
  };
}
