/**
 * Product quantisation (Jégou et al. 2011) as fastText 0.9.2 does it (`ProductQuantizer`): each part of a row is
 * replaced by the nearest of 256 centroids, which k-means finds for that part over the rows (65,536 of them at most).
 * Single precision, the original's order and its random numbers: the centroids and codes are its own to the last bit.
 */
import { RecipeError } from "../pipeline/errors.ts";
import { CENTROIDS } from "./fasttext-matrix.ts";
import { Minstd } from "./minstd.ts";

const MAX_POINTS = 256 * CENTROIDS;
const ROUNDS = 25;
const SEED = 1234;
/** Two centroids that part a crowded one between them start this far to either side of it. */
const APART = Math.fround(1e-7);

export interface Quantised {
  readonly parts: number;
  readonly partColumns: number;
  /** Part by part, 256 centroids each. */
  readonly centroids: Float32Array;
  /** One code per row and part, row by row. */
  readonly codes: Uint8Array;
}

/** Quantises `rows` rows of `columns` numbers. Raises RecipeError where there are fewer rows than centroids. */
export function quantise(weights: Float32Array, rows: number, columns: number, partColumns: number): Quantised {
  if (rows < CENTROIDS) {
    throw new RecipeError(`a matrix of ${rows} rows cannot be quantised, expected ${CENTROIDS} or more`);
  }
  const parts = Math.ceil(columns / partColumns);
  const centroids = new Float32Array(columns * CENTROIDS);
  const codes = new Uint8Array(rows * parts);
  const random = Minstd.from(SEED);
  const order = Int32Array.from({ length: rows }, (_, row) => row);
  const pointCount = Math.min(rows, MAX_POINTS);
  for (let part = 0; part < parts; part++) {
    const first = part * partColumns;
    const width = Math.min(partColumns, columns - first);
    if (pointCount < rows) shuffleLikeGnu(order, random);
    const points = new Float32Array(pointCount * width);
    for (let i = 0; i < pointCount; i++) {
      const at = order[i]! * columns + first;
      points.set(weights.subarray(at, at + width), i * width);
    }
    const own = centroids.subarray(first * CENTROIDS, (first + width) * CENTROIDS);
    findCentroids(points, width, own, random);
    for (let row = 0; row < rows; row++) {
      codes[row * parts + part] = nearest(weights, row * columns + first, width, own);
    }
  }
  return { parts, partColumns, centroids, codes };
}

/** k-means; starts from points drawn at random. */
function findCentroids(points: Float32Array, width: number, centroids: Float32Array, random: Minstd): void {
  const count = points.length / width;
  const order = Int32Array.from({ length: count }, (_, i) => i);
  shuffleLikeGnu(order, random);
  for (let centroid = 0; centroid < CENTROIDS; centroid++) {
    const at = order[centroid]! * width;
    centroids.set(points.subarray(at, at + width), centroid * width);
  }
  const codes = new Uint8Array(count);
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < count; i++) codes[i] = nearest(points, i * width, width, centroids);
    moveToMeans(points, width, codes, centroids, random);
  }
}

function nearest(numbers: Float32Array, start: number, width: number, centroids: Float32Array): number {
  let best = 0;
  let least = Infinity;
  for (let centroid = 0, at = 0; centroid < CENTROIDS; centroid++) {
    let distance = Math.fround(0);
    for (let column = 0; column < width; column++) {
      const difference = Math.fround(numbers[start + column]! - centroids[at++]!);
      distance = Math.fround(distance + Math.fround(difference * difference));
    }
    if (distance < least) {
      least = distance;
      best = centroid;
    }
  }
  return best;
}

function moveToMeans(
  points: Float32Array,
  width: number,
  codes: Uint8Array,
  centroids: Float32Array,
  random: Minstd,
): void {
  const sizes = new Int32Array(CENTROIDS);
  centroids.fill(0);
  for (const [i, code] of codes.entries()) {
    sizes[code]!++;
    for (let column = 0; column < width; column++) centroids[code * width + column]! += points[i * width + column]!;
  }
  for (const [centroid, size] of sizes.entries()) {
    if (size === 0) continue;
    for (let column = 0; column < width; column++) centroids[centroid * width + column]! /= size;
  }
  // One that nobody is nearest to takes half of a crowd, drawn by its size.
  for (let centroid = 0; centroid < CENTROIDS; centroid++) {
    if (sizes[centroid] !== 0) continue;
    let crowd = 0;
    while (random.between(0, 1) * (codes.length - CENTROIDS) >= sizes[crowd]! - 1) crowd = (crowd + 1) % CENTROIDS;
    for (let column = 0; column < width; column++) {
      const apart = column % 2 === 0 ? -APART : APART;
      const middle = centroids[crowd * width + column]!;
      centroids[centroid * width + column] = middle + apart;
      centroids[crowd * width + column] = middle - apart;
    }
    sizes[centroid] = Math.floor(sizes[crowd]! / 2);
    sizes[crowd]! -= sizes[centroid]!;
  }
}

/** `std::shuffle` of GNU's library, which draws two places at a time while that fits one random number. */
function shuffleLikeGnu(items: Int32Array, random: Minstd): void {
  const swap = (i: number, j: number): void => {
    [items[i], items[j]] = [items[j]!, items[i]!];
  };
  const { length } = items;
  if (Math.floor(Minstd.range / length) < length) {
    for (let i = 1; i < length; i++) swap(i, random.below(i + 1));
    return;
  }
  let i = 1;
  if (length % 2 === 0) swap(i++, random.below(2));
  while (i < length) {
    const both = random.below((i + 1) * (i + 2));
    swap(i, Math.floor(both / (i + 2)));
    swap(i + 1, both % (i + 2));
    i += 2;
  }
}
