/**
 * The counts of `ngrams.ts` over words that are numbers. Nothing is joined: a run is known by the place where it first
 * stood, and hashes only say where to look; what is found there is compared exactly.
 */
import type { Words } from "./words.ts";

/** Slots of the open-addressed tables: place + 1, or 0. Kept between pages, cleared before use. */
let slots = new Int32Array(1 << 12);
/** A table longer than this is given back after use: one huge page must not pin its memory. */
const MAX_KEPT_SLOTS = 1 << 20;

/** A cleared table at most half full with `count` entries; returns its mask. */
function clearSlots(count: number): number {
  let size = 1 << 8;
  while (size < count * 2) size *= 2;
  if (size > slots.length || (slots.length > MAX_KEPT_SLOTS && size <= MAX_KEPT_SLOTS)) slots = new Int32Array(size);
  else slots.fill(0, 0, size);
  return size - 1;
}

function mix(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return hash ^ (hash >>> 15);
}

/** `topGramChars` for n = 2 up to `maxN`, in that order. */
export function topGramCharsFast(words: Words, maxN: number): number[] {
  const { kinds, length } = words;
  const lengths = words.vocabulary.codePoints;
  const tops: number[] = [];
  // Where the run of n - 1 words that starts here first stood (for one word: its kind). A run of n words is that place
  // and its last word.
  let shorter = kinds;
  const counts = new Int32Array(length);
  for (let n = 2; n <= maxN; n++) {
    const places = length - n + 1;
    if (places <= 0) {
      tops.push(0);
      continue;
    }
    const firstPlace = new Int32Array(places);
    counts.fill(0);
    const mask = clearSlots(places);
    let topCount = 0;
    for (let i = 0; i < places; i++) {
      const head = shorter[i]!;
      const last = kinds[i + n - 1]!;
      let slot = mix(Math.imul(head, 0x9e3779b1) ^ last) & mask;
      let place = slots[slot]! - 1;
      while (place !== -1 && (shorter[place] !== head || kinds[place + n - 1] !== last)) {
        slot = (slot + 1) & mask;
        place = slots[slot]! - 1;
      }
      if (place === -1) {
        place = i;
        slots[slot] = i + 1;
      }
      firstPlace[i] = place;
      const count = ++counts[place]!;
      if (count > topCount) topCount = count;
    }
    const top = counts.indexOf(topCount);
    let chars = n - 1;
    for (let i = top; i < top + n; i++) chars += lengths[kinds[i]!]!;
    tops.push(chars * topCount);
    shorter = firstPlace;
  }
  return tops;
}

/** `repeatedGramChars` for n = `minN` up to `maxN`, in that order. */
export function repeatedGramCharsFast(words: Words, minN: number, maxN: number): number[] {
  const { kinds, length } = words;
  const { codePoints, hashes, powers, inversePowers } = words.vocabulary;

  // H(i), the first i words joined and read as one number, would be H(i-1)·power(word) + hash(word). Kept divided by
  // the power of all that length, it becomes a running sum, and a run's hash (sums(j) - sums(i))·scale(j).
  const sums = new Int32Array(length + 1);
  const scales = new Int32Array(length + 1);
  const charsBefore = new Int32Array(length + 1);
  let inverse = 1;
  scales[0] = 1;
  for (let i = 0; i < length; i++) {
    const kind = kinds[i]!;
    inverse = Math.imul(inverse, inversePowers[kind]!);
    scales[i + 1] = Math.imul(scales[i]!, powers[kind]!);
    sums[i + 1] = sums[i]! + Math.imul(hashes[kind]!, inverse);
    charsBefore[i + 1] = charsBefore[i]! + codePoints[kind]!;
  }

  const hashAt = new Int32Array(length);
  const repeated: number[] = [];
  for (let n = minN; n <= maxN; n++) {
    const places = length - n + 1;
    let chars = 0;
    const mask = clearSlots(Math.max(0, places));
    for (let i = 0; i < places; ) {
      const hash = Math.imul(sums[i + n]! - sums[i]!, scales[i + n]!);
      let slot = mix(hash) & mask;
      let place = slots[slot]! - 1;
      while (place !== -1 && (hashAt[place] !== hash || !areEqualRuns(words, place, i, n))) {
        slot = (slot + 1) & mask;
        place = slots[slot]! - 1;
      }
      if (place === -1) {
        slots[slot] = i + 1;
        hashAt[i] = hash;
        i++;
      } else {
        chars += charsBefore[i + n]! - charsBefore[i]!;
        i += n;
      }
    }
    repeated.push(chars);
  }
  return repeated;
}

/** Whether the runs of `n` words at `a` and `b` spell the same, whatever their word boundaries. */
function areEqualRuns(words: Words, a: number, b: number, n: number): boolean {
  const { text, kinds, starts, ends } = words;
  let same = 0;
  while (same < n && kinds[a + same] === kinds[b + same]) same++;
  if (same === n) return true;

  let wordA = a + same;
  let wordB = b + same;
  let i = starts[wordA]!;
  let j = starts[wordB]!;
  while (true) {
    if (i === ends[wordA]!) {
      if (++wordA === a + n) return wordB === b + n - 1 && j === ends[wordB]!;
      i = starts[wordA]!;
    }
    if (j === ends[wordB]!) {
      if (++wordB === b + n) return false;
      j = starts[wordB]!;
    }
    if (text.charCodeAt(i++) !== text.charCodeAt(j++)) return false;
  }
}
