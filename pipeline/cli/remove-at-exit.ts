import { rmSync } from "node:fs";

const EXIT_BY_SIGNAL = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
const SIGNALS = Object.keys(EXIT_BY_SIGNAL) as (keyof typeof EXIT_BY_SIGNAL)[];

/**
 * Removes a file or folder when the process ends, also by Ctrl-C or with its terminal, unless what is returned was called
 * before.
 */
export function removeAtExit(path: string): () => void {
  const remove = () => rmSync(path, { recursive: true, force: true });
  const onSignal = (signal: keyof typeof EXIT_BY_SIGNAL) => process.exit(EXIT_BY_SIGNAL[signal]);
  process.once("exit", remove);
  for (const signal of SIGNALS) process.once(signal, onSignal);
  return () => {
    process.removeListener("exit", remove);
    for (const signal of SIGNALS) process.removeListener(signal, onSignal);
  };
}
