import { withRoom } from "./growable.ts";
import { countCodePoints } from "./python-text.ts";
import { viewUnits } from "./units.ts";

/** How much of a list of pieces has been seen before in it. */
export interface Repeats {
  readonly pieces: number;
  /** Pieces equal to an earlier one: of three equal lines, two. */
  readonly repeated: number;
  /** Code points in them. */
  readonly repeatedChars: number;
}

const NEWLINE = 0x0a;

/** The page's pieces: where each begins and ends, and its hash; kept between pages. */
let starts = new Int32Array(1 << 8);
let ends = new Int32Array(1 << 8);
let hashes = new Int32Array(1 << 8);
/** An open-addressed table of pieces: number + 1, or 0. */
let slots = new Int32Array(1 << 9);

/**
 * Cuts `text[start..end)` at runs of at least `minNewlines` "\n" and counts repeated pieces. As with Python's
 * `re.split`, a run at either end leaves an empty piece there.
 */
export function countRepeats(text: string, minNewlines: number, start = 0, end = text.length): Repeats {
  const { units } = viewUnits(text);
  const pieces = cutPieces(units, minNewlines, start, end);
  let size = 1 << 8;
  while (size < pieces * 2) size *= 2;
  if (size > slots.length) slots = new Int32Array(size);
  else slots.fill(0, 0, size);
  const mask = size - 1;
  let repeated = 0;
  let repeatedChars = 0;
  for (let piece = 0; piece < pieces; piece++) {
    const hash = hashes[piece]!;
    let slot = hash & mask;
    let earlier = slots[slot]! - 1;
    while (earlier !== -1 && (hashes[earlier] !== hash || !areEqual(units, earlier, piece))) {
      slot = (slot + 1) & mask;
      earlier = slots[slot]! - 1;
    }
    if (earlier === -1) slots[slot] = piece + 1;
    else {
      repeated++;
      repeatedChars += countCodePoints(text, starts[piece]!, ends[piece]!);
    }
  }
  return { pieces, repeated, repeatedChars };
}

/** Fills `starts`, `ends` and `hashes`; returns how many pieces there are. */
function cutPieces(units: Uint16Array, minNewlines: number, start: number, end: number): number {
  let count = 0;
  for (let from = start; ; ) {
    if (count === starts.length) {
      starts = withRoom(starts, count + 1);
      ends = withRoom(ends, count + 1);
      hashes = withRoom(hashes, count + 1);
    }
    let hash = 0x811c9dc5 | 0;
    let i = from;
    let next = -1;
    while (i < end) {
      const unit = units[i]!;
      if (unit === NEWLINE) {
        next = i + 1;
        while (next < end && units[next] === NEWLINE) next++;
        if (next - i >= minNewlines) break;
        next = -1;
      }
      hash = Math.imul(hash ^ unit, 0x01000193);
      i++;
    }
    starts[count] = from;
    ends[count] = i;
    hashes[count++] = mix(hash);
    if (next === -1) return count;
    from = next;
  }
}

function areEqual(units: Uint16Array, a: number, b: number): boolean {
  const length = ends[a]! - starts[a]!;
  if (ends[b]! - starts[b]! !== length) return false;
  for (let i = starts[a]!, j = starts[b]!, k = 0; k < length; k++) if (units[i + k] !== units[j + k]) return false;
  return true;
}

function mix(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return hash ^ (hash >>> 13);
}

/** The definition that `countRepeats` is tested against. */
export function countRepeatsPlainly(pieces: readonly string[]): Repeats {
  const seen = new Set<string>();
  let repeated = 0;
  let repeatedChars = 0;
  for (const piece of pieces) {
    if (seen.has(piece)) {
      repeated++;
      repeatedChars += [...piece].length;
    } else seen.add(piece);
  }
  return { pieces: pieces.length, repeated, repeatedChars };
}
