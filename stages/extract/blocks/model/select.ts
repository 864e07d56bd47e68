/**
 * Which blocks to keep, when all that is known of each is how likely it is main text. A threshold of a half would be
 * right if blocks were to be judged one by one; texts are judged by F, in which precision and recall share. The choice
 * with the best F to be expected has a threshold too, half of that F itself (Lipton et al. 2014, "Optimal thresholding
 * of classifiers to maximize F1 measure"): on an article, of which the model is sure, near a half; on a page of cards or
 * of specifications, of which it is not, far lower. There is always a best choice, so that a page with text never comes
 * to nothing.
 *
 * `beta` is how much more recall counts than precision: F = (1 + β²) · hits / (kept + β² · wanted), where hits and wanted
 * are sums of chances, and a block counts by its length.
 */

/** Sets `keep` to 1 for chosen blocks and to 0 for others. Blocks that are equally likely are kept or left together. */
export function selectBlocks(lengths: ArrayLike<number>, logits: Float64Array, beta: number, keep: Uint8Array): void {
  const count = lengths.length;
  const chances = new Float64Array(count);
  let wanted = 0;
  for (let block = 0; block < count; block++) {
    chances[block] = 1 / (1 + Math.exp(-logits[block]!));
    wanted += lengths[block]! * chances[block]!;
  }
  const order = Uint32Array.from(chances, (_, block) => block).sort((a, b) => chances[b]! - chances[a]!);

  const weight = beta * beta;
  let hits = 0;
  let kept = 0;
  let bestF = -1;
  let threshold = 0;
  for (let i = 0; i < count; i++) {
    const block = order[i]!;
    hits += lengths[block]! * chances[block]!;
    kept += lengths[block]!;
    const isLastOfEquals = i + 1 === count || chances[order[i + 1]!]! < chances[block]!;
    // (1 + β²) is the same for all choices.
    const f = hits / (kept + weight * wanted);
    if (isLastOfEquals && f > bestF) {
      bestF = f;
      threshold = chances[block]!;
    }
  }
  for (let block = 0; block < count; block++) keep[block] = chances[block]! >= threshold ? 1 : 0;
}
