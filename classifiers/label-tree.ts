import type { Dictionary } from "./fasttext-model.ts";

/**
 * A Huffman tree over the labels, for hierarchical softmax. Nodes below `labelCount` are labels; node n above has the
 * output row n − labelCount, and two children. The root is the last node.
 */
export interface LabelTree {
  readonly left: Int32Array;
  readonly right: Int32Array;
}

/** The tree is built with this as the weight of nodes yet to come, so the labels' counts must add up to less. */
export const MAX_LABEL_COUNT = 1e15;

/**
 * The tree that fastText builds: joins the two lightest nodes until one is left, labels being taken from the last to
 * the first, since they are sorted by falling count. On equal counts an inner node is taken before a label.
 */
export function labelTree({ wordCount, labelCount, counts }: Dictionary): LabelTree {
  const nodeCount = 2 * labelCount - 1;
  const left = new Int32Array(nodeCount).fill(-1);
  const right = new Int32Array(nodeCount).fill(-1);
  const weights = new Float64Array(nodeCount).fill(MAX_LABEL_COUNT);
  weights.set(counts.subarray(wordCount));
  let nextLabel = labelCount - 1;
  let nextInner = labelCount;
  const takeLightest = (): number =>
    nextLabel >= 0 && weights[nextLabel]! < weights[nextInner]! ? nextLabel-- : nextInner++;
  for (let node = labelCount; node < nodeCount; node++) {
    left[node] = takeLightest();
    right[node] = takeLightest();
    weights[node] = weights[left[node]!]! + weights[right[node]!]!;
  }
  return { left, right };
}

/** The inner node above each node; -1 above the root. */
export function parentsOf({ left, right }: LabelTree): Int32Array {
  const parents = new Int32Array(left.length).fill(-1);
  for (let node = 0; node < left.length; node++) {
    if (left[node]! < 0) continue;
    parents[left[node]!] = node;
    parents[right[node]!] = node;
  }
  return parents;
}
