/** How far a command is: one line on a terminal that is drawn over and over, a line every ten seconds elsewhere. */
import { createLogUpdate } from "log-update";
import { bar, duration, percent } from "./show.ts";

const LINE_EVERY_MS = 10_000;
const LIVE_EVERY_MS = 100;

export interface ProgressLine {
  /** `share` is done, from 0 to 1; undefined where the whole is not known. `facts` are put behind it. */
  readonly show: (share: number | undefined, facts: () => string) => void;
  readonly close: () => void;
}

export function openProgress(): ProgressLine {
  // Where a terminal has no width, a live line would be empty.
  const live = process.stderr.isTTY && process.stderr.columns > 0 ? createLogUpdate(process.stderr) : undefined;
  const everyMs = live === undefined ? LINE_EVERY_MS : LIVE_EVERY_MS;
  const startedMs = Date.now();
  let shownMs = startedMs;
  return {
    show: (share, facts) => {
      if (Date.now() - shownMs < everyMs) return;
      shownMs = Date.now();
      const seconds = (shownMs - startedMs) / 1000;
      const line = [...timing(share, seconds), facts()].join("  ");
      if (live === undefined) console.error(line);
      else live(share === undefined ? line : `${bar(share, 30)} ${line}`);
    },
    close: () => {
      live?.clear();
      live?.done();
    },
  };
}

function timing(share: number | undefined, seconds: number): string[] {
  const elapsed = duration(seconds);
  if (share === undefined) return [elapsed];
  const left = share > 0 ? [`about ${duration((seconds * (1 - share)) / share)} left`] : [];
  return [percent(share, 1), elapsed, ...left];
}
