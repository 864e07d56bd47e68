import { createHash } from "node:crypto";

/**
 * Randomness is a function of (seed, purpose, page): the same page draws the same number on any thread, in any order,
 * in any run.
 */
export function drawUniform(seed: number, purpose: string, pageId: string): number {
  const digest = createHash("sha256").update(`${seed}\0${purpose}\0${pageId}`).digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}

/** A stream of numbers for one page: uniform in [0, 1), and another for every seed, purpose and page. */
export function randomForPage(seed: number, purpose: string, pageId: string): () => number {
  return seededRandom(drawUniform(seed, purpose, pageId) * 2 ** 32);
}

/** A small seeded generator (mulberry32), for long streams of numbers: uniform in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Fisher–Yates, in place. */
export function shuffle<T>(items: T[], random: () => number): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
}
