import { MOST_WINDOWS, type Partitions, type Piece } from "./partitions.ts";
import type { RangeRuns } from "./range-runs.ts";
import { GOOD_WINDOWS, NONE, type WindowTable } from "./window-table.ts";

/** What stays of a string that repeats: its first copy, or none. */
export type Copies = "first" | "none";

/**
 * Finds the windows of a partition that are to go, and adds their ranges as one run. Mostly few windows come again and
 * again, so that it tries with a small table first. Where the largest does not hold all, it finds the windows of one class
 * at a time, a run for each.
 */
export function findRepeats(
  partitions: Partitions,
  partition: number,
  copies: Copies,
  table: WindowTable,
  ranges: RangeRuns,
): void {
  const most = Math.min(partitions.windowsIn(partition), table.mostWindows);
  let room = Math.min(most, GOOD_WINDOWS);
  for (let bits = 0, number = 0; number < 2 ** bits; ) {
    table.reset(room, bits, number);
    ranges.begin();
    if (findClass(partitions, partition, copies, table, ranges)) {
      number++;
      continue;
    }
    ranges.giveUp();
    if (room < most) {
      room = Math.min(most, 4 * room);
    } else {
      bits++;
      number *= 2;
    }
  }
}

/** False when the table does not hold all windows of its class. */
function findClass(
  partitions: Partitions,
  partition: number,
  copies: Copies,
  table: WindowTable,
  ranges: RangeRuns,
): boolean {
  const keepsFirst = copies === "first";
  const firstPages = new Int32Array(MOST_WINDOWS);
  const hadRoom = partitions.read(partition, (piece) => {
    if (!table.meet(piece, firstPages)) return false;
    if (keepsFirst) addRanges(piece, firstPages, ranges);
    return true;
  });
  if (!hadRoom || keepsFirst) return hadRoom;
  // Of a window that stood once so far it is known only now whether it repeats.
  return partitions.read(partition, (piece) => {
    table.recall(piece, firstPages);
    addRanges(piece, firstPages, ranges);
    return true;
  });
}

function addRanges({ page, start, windows }: Piece, firstPages: Int32Array, ranges: RangeRuns): void {
  for (let window = 0; window < windows; ) {
    const from = window;
    const twin = firstPages[window++]!;
    if (twin === NONE) continue;
    while (window < windows && firstPages[window] === twin) window++;
    ranges.add(page, start + from, start + window, twin);
  }
}
