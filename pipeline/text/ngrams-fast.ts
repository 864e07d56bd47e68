/**
 * The counts of `ngrams.ts` over words that are numbers. Nothing is joined: a run is known by the place where it first
 * stood, and hashes only say where to look; what is found there is compared exactly.
 *
 * Most runs of a page occur once and need not be looked up at all. A run of n words occurs twice only where the two runs
 * of n − 1 in it do; and runs that spell the same from two places on begin with the same units there.
 */
import { withRoom } from "./growable.ts";
import { countCodePointsIn, viewUnits } from "./units.ts";
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

/** Where the run that begins at a place first stood, and how often it occurs, counted there; and those of runs shorter by one. */
let firstPlace = new Int32Array(1 << 10);
let counts = new Int32Array(1 << 10);
let shorterFirstPlace = new Int32Array(1 << 10);
let shorterCounts = new Int32Array(1 << 10);

/** `topGramChars` for n = 2 up to `maxN`, in that order. */
export function topGramCharsFast(words: Words, maxN: number): number[] {
  const { kinds, length } = words;
  const lengths = words.vocabulary.codePoints;
  const tops: number[] = [];
  firstPlace = withRoom(firstPlace, length);
  counts = withRoom(counts, length);
  shorterFirstPlace = withRoom(shorterFirstPlace, length);
  shorterCounts = withRoom(shorterCounts, length);
  for (let n = 2; n <= maxN; n++) {
    const places = length - n + 1;
    if (places <= 0) {
      tops.push(0);
      continue;
    }
    // A run of n words is the place of the run of n - 1 words that it begins with (of one word: its kind), and its last.
    const shorter = n === 2 ? kinds : shorterFirstPlace;
    counts.fill(0, 0, places);
    const mask = clearSlots(places);
    // Every run occurs once; of equal counts the first run is the top.
    let topCount = 1;
    for (let i = 0; i < places; i++) {
      const head = shorter[i]!;
      // A run whose parts do not come again does not.
      if (n > 2 && (shorterCounts[head]! < 2 || shorterCounts[shorter[i + 1]!]! < 2)) {
        firstPlace[i] = i;
        counts[i] = 1;
        continue;
      }
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
    const top = topCount === 1 ? 0 : counts.indexOf(topCount);
    let chars = n - 1;
    for (let i = top; i < top + n; i++) chars += lengths[kinds[i]!]!;
    tops.push(chars * topCount);
    [firstPlace, shorterFirstPlace] = [shorterFirstPlace, firstPlace];
    [counts, shorterCounts] = [shorterCounts, counts];
  }
  return tops;
}

/** Units by which runs are told apart before they are looked at as a whole. */
const BEGINNING = 12;
/** Odd, so that no power of it vanishes. */
const BASE = 0x2c9277b5;

/** The page's words end to end; `sums[k]` is the first k units read as a number to BASE, modulo 2³². Kept between pages. */
let joined = new Uint16Array(1 << 12);
let sums = new Int32Array(1 << 12);
/** How many units stand before each word. */
let unitsBefore = new Int32Array(1 << 10);
/** BASE to the power of the index. */
let powers = Int32Array.of(1);
/** Hash of the run at a place, where it was looked up. */
let hashAt = new Int32Array(1 << 10);
/** By place: 1 where a run begins that may come again; and all such places. */
let isCandidate = new Uint8Array(1 << 10);
let candidates = new Int32Array(1 << 10);

/** `repeatedGramChars` for n = `minN` up to `maxN`, in that order. */
export function repeatedGramCharsFast(words: Words, minN: number, maxN: number): number[] {
  const { length } = words;
  joinWords(words);
  const candidateCount = findCandidates(length, minN);
  const repeated: number[] = [];
  for (let n = minN; n <= maxN; n++) {
    const last = length - n;
    const mask = clearSlots(candidateCount);
    let chars = 0;
    let next = 0;
    for (let c = 0; c < candidateCount; c++) {
      const i = candidates[c]!;
      if (i < next) continue;
      if (i > last) break;
      const hash = mix(hashOf(unitsBefore[i]!, unitsBefore[i + n]!));
      let slot = hash & mask;
      let place = slots[slot]! - 1;
      while (place !== -1 && (hashAt[place] !== hash || !areEqualRuns(words, place, i, n))) {
        slot = (slot + 1) & mask;
        place = slots[slot]! - 1;
      }
      if (place === -1) {
        slots[slot] = i + 1;
        hashAt[i] = hash;
      } else {
        chars += countCodePointsIn(joined, unitsBefore[i]!, unitsBefore[i + n]!);
        next = i + n;
      }
    }
    repeated.push(chars);
  }
  return repeated;
}

function joinWords({ text, starts, ends, length }: Words): void {
  const { units } = viewUnits(text);
  joined = withRoom(joined, text.length + BEGINNING);
  sums = withRoom(sums, text.length + BEGINNING + 1);
  unitsBefore = withRoom(unitsBefore, length + 1);
  hashAt = withRoom(hashAt, length);
  let to = 0;
  let sum = 0;
  for (let word = 0; word < length; word++) {
    unitsBefore[word] = to;
    const end = ends[word]!;
    for (let i = starts[word]!; i < end; ) {
      const unit = units[i++]!;
      joined[to++] = unit;
      sum = (Math.imul(sum, BASE) + unit + 1) | 0;
      sums[to] = sum;
    }
  }
  unitsBefore[length] = to;
  // Behind the text, so that beginnings are as long everywhere.
  for (let k = 0; k < BEGINNING; k++) sums[++to] = sum = Math.imul(sum, BASE);
}

/** Hash of the units from `start` to `end` of what was joined. */
function hashOf(start: number, end: number): number {
  const length = end - start;
  if (length >= powers.length) growPowers(length + 1);
  return (sums[end]! - Math.imul(sums[start]!, powers[length]!)) | 0;
}

function growPowers(length: number): void {
  const from = powers.length;
  powers = withRoom(powers, length);
  for (let i = from; i < powers.length; i++) powers[i] = Math.imul(powers[i - 1]!, BASE);
}

/**
 * Writes into `candidates` the places from which the page goes on as it does from another place for `BEGINNING` units at
 * least, or where a run of `minN` words is shorter than that. Runs from all other places occur once.
 */
function findCandidates(length: number, minN: number): number {
  candidates = withRoom(candidates, length);
  const mask = clearSlots(length);
  isCandidate = withRoom(isCandidate, length);
  isCandidate.fill(0, 0, length);
  for (let i = 0; i < length; i++) {
    const at = unitsBefore[i]!;
    if (i + minN <= length && unitsBefore[i + minN]! - at < BEGINNING) isCandidate[i] = 1;
    const hash = mix(hashOf(at, at + BEGINNING));
    let slot = hash & mask;
    let place = slots[slot]! - 1;
    while (place !== -1 && hashAt[place] !== hash) {
      slot = (slot + 1) & mask;
      place = slots[slot]! - 1;
    }
    if (place === -1) {
      slots[slot] = i + 1;
      hashAt[i] = hash;
    } else {
      isCandidate[place] = 1;
      isCandidate[i] = 1;
    }
  }
  let count = 0;
  for (let i = 0; i < length; i++) if (isCandidate[i] === 1) candidates[count++] = i;
  return count;
}

/** Whether the runs of `n` words at `a` and `b` spell the same, whatever their word boundaries. */
function areEqualRuns({ kinds }: Words, a: number, b: number, n: number): boolean {
  let same = 0;
  while (same < n && kinds[a + same] === kinds[b + same]) same++;
  if (same === n) return true;
  const end = unitsBefore[a + n]!;
  if (unitsBefore[b + n]! - unitsBefore[b]! !== end - unitsBefore[a]!) return false;
  for (let i = unitsBefore[a + same]!, j = unitsBefore[b + same]!; i < end; i++, j++) {
    if (joined[i] !== joined[j]) return false;
  }
  return true;
}
