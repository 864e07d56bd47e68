import type { Window } from "./scorer.ts";

/**
 * A document as windows of at most `contextLength` positions, each of its ids predicted once, from at least one before it:
 * lm-evaluation-harness's rolling windows (`get_rolling_token_windows` with context_len 1, then `make_disjoint_window`).
 * The last window is moved back to be full, so its first ids are context alone.
 *
 *     context length 4     p 0 1 2 3 4 5 6 7 8     ids, behind the prefix
 *                          . ^ ^ ^ ^
 *                                  . ^ ^ ^ ^
 *                                    . . . . ^
 */
export function rollingWindows(ids: ArrayLike<number>, prefix: number, contextLength: number): Window[] {
  const all = new Uint32Array(ids.length + 1);
  all[0] = prefix;
  all.set(ids, 1);
  const windows: Window[] = [];
  for (let predicted = 1; predicted < all.length; predicted += contextLength) {
    const end = Math.min(predicted + contextLength, all.length);
    const begin = Math.max(0, end - contextLength - 1);
    windows.push({ ids: all.subarray(begin, end), firstScored: predicted - begin });
  }
  return windows;
}
