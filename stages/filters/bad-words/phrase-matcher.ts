/**
 * Finds any of many phrases in a text, in one pass: a trie over UTF-16 units, entered where a phrase may begin. The walk
 * from each place is as long as the longest phrase at most.
 */
import { withRoom } from "../../../pipeline/text/growable.ts";
import { isHighSurrogate, isLowSurrogate } from "../../../pipeline/text/python-text.ts";

export class PhraseMatcher {
  readonly #wholeWords: boolean;
  /** An open-addressed table of the trie's edges, at most half full: node and unit → node. Nodes count from 1, the root is 0. */
  #edgeNodes = new Int32Array(1 << 8);
  #edgeUnits = new Uint16Array(1 << 8);
  #edgeTargets = new Int32Array(1 << 8);
  /** By node: 1 where a phrase ends. */
  #isEnd = new Uint8Array(1 << 8);
  #nodes = 1;
  /** By unit: the node that a phrase which begins with it comes to, or 0. These edges are in the table, too. */
  readonly #firstNodes = new Int32Array(0x10000);

  /**
   * With `wholeWords` a phrase is only found between characters that are no letter, number or underscore (Python's `\W`),
   * or the text's ends. An empty phrase is none.
   */
  constructor(phrases: Iterable<string>, { wholeWords }: { readonly wholeWords: boolean }) {
    this.#wholeWords = wholeWords;
    for (const phrase of phrases) this.#add(phrase);
  }

  /** Places in the text where a phrase begins. */
  count(text: string): number {
    const firstNodes = this.#firstNodes;
    const isWord = wordUnits();
    let count = 0;
    let isInWord = false;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      const node = firstNodes[unit]!;
      if (node !== 0 && !isInWord && this.#matchesFrom(node, text, i + 1)) count++;
      if (this.#wholeWords) isInWord = isWord[unit] === 1 || (isLowSurrogate(unit) && isWordPair(text, i - 1));
    }
    return count;
  }

  /** Whether a phrase of which `node` has been reached ends at `start` or goes on there. */
  #matchesFrom(node: number, text: string, start: number): boolean {
    for (let at = node, i = start; at !== 0; i++) {
      if (this.#isEnd[at] === 1 && !(this.#wholeWords && isWordAt(text, i))) return true;
      if (i >= text.length) return false;
      at = this.#edgeTargets[this.#edge(at, text.charCodeAt(i))]!;
    }
    return false;
  }

  #add(phrase: string): void {
    if (phrase === "") return;
    let node = 0;
    for (let i = 0; i < phrase.length; i++) {
      if (this.#nodes * 2 > this.#edgeNodes.length) this.#grow();
      const unit = phrase.charCodeAt(i);
      const edge = this.#edge(node, unit);
      if (this.#edgeTargets[edge] === 0) this.#setEdge(edge, node, unit, this.#nodes++);
      node = this.#edgeTargets[edge]!;
      if (i === 0) this.#firstNodes[unit] = node;
    }
    this.#isEnd = withRoom(this.#isEnd, this.#nodes);
    this.#isEnd[node] = 1;
  }

  /** The slot of an edge, or the empty one where it belongs. */
  #edge(node: number, unit: number): number {
    const mask = this.#edgeNodes.length - 1;
    const hash = Math.imul(node ^ Math.imul(unit, 0x9e3779b1), 0x85ebca6b);
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      if (this.#edgeTargets[slot] === 0) return slot;
      if (this.#edgeNodes[slot] === node && this.#edgeUnits[slot] === unit) return slot;
    }
  }

  #setEdge(slot: number, node: number, unit: number, target: number): void {
    this.#edgeNodes[slot] = node;
    this.#edgeUnits[slot] = unit;
    this.#edgeTargets[slot] = target;
  }

  #grow(): void {
    const [nodes, units, targets] = [this.#edgeNodes, this.#edgeUnits, this.#edgeTargets];
    this.#edgeNodes = new Int32Array(nodes.length * 2);
    this.#edgeUnits = new Uint16Array(nodes.length * 2);
    this.#edgeTargets = new Int32Array(nodes.length * 2);
    for (let i = 0; i < nodes.length; i++) {
      if (targets[i] !== 0) this.#setEdge(this.#edge(nodes[i]!, units[i]!), nodes[i]!, units[i]!, targets[i]!);
    }
  }
}

function isWordAt(text: string, index: number): boolean {
  if (index >= text.length) return false;
  return wordUnits()[text.charCodeAt(index)] === 1 || isWordPair(text, index);
}

/** Whether a letter or number beyond the basic plane lies at `index`. */
function isWordPair(text: string, index: number): boolean {
  if (!isHighSurrogate(text.charCodeAt(index)) || !isLowSurrogate(text.charCodeAt(index + 1))) return false;
  return WORD.test(text.slice(index, index + 2));
}

/** Python's `\w`. Marks are no part of it: a vowel sign of Hindi ends a word. */
const WORD = /^[\p{L}\p{N}_]$/u;

/** By UTF-16 unit: 1 for `WORD`; made on first use. */
function wordUnits(): Uint8Array {
  units ??= Uint8Array.from({ length: 0x10000 }, (_, unit) => (WORD.test(String.fromCharCode(unit)) ? 1 : 0));
  return units;
}
let units: Uint8Array | undefined;
