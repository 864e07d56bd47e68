/**
 * Finds any of many phrases in a text, in one pass: a trie over UTF-16 units, entered where a phrase may begin. The walk
 * from each place is as long as the longest phrase at most.
 */
import { withRoom } from "./growable.ts";
import { isHighSurrogate, isLowSurrogate } from "./python-text.ts";

export class PhraseMatcher {
  readonly #wholeWords: boolean;
  /** An open-addressed table of the trie's edges, at most half full: node and unit → node. Nodes count from 1, the root is 0. */
  #edgeNodes = new Int32Array(1 << 8);
  #edgeUnits = new Uint16Array(1 << 8);
  #edgeTargets = new Int32Array(1 << 8);
  /** By node: 1 where a phrase ends. */
  #isEnd = new Uint8Array(1 << 8);
  #nodes = 1;
  /** By unit: 1 where a phrase begins with it. */
  readonly #begins = new Uint8Array(0x10000);

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
    let count = 0;
    for (let i = 0; i < text.length; i++)
      if (this.#begins[text.charCodeAt(i)] === 1 && this.#matchesAt(text, i)) count++;
    return count;
  }

  #matchesAt(text: string, start: number): boolean {
    if (this.#wholeWords && isWordBefore(text, start)) return false;
    let node = 0;
    for (let i = start; i < text.length; i++) {
      node = this.#edgeTargets[this.#edge(node, text.charCodeAt(i))]!;
      if (node === 0) return false;
      if (this.#isEnd[node] === 1 && !(this.#wholeWords && isWordAt(text, i + 1))) return true;
    }
    return false;
  }

  #add(phrase: string): void {
    if (phrase === "") return;
    this.#begins[phrase.charCodeAt(0)] = 1;
    let node = 0;
    for (let i = 0; i < phrase.length; i++) {
      if (this.#nodes * 2 > this.#edgeNodes.length) this.#grow();
      const unit = phrase.charCodeAt(i);
      const edge = this.#edge(node, unit);
      if (this.#edgeTargets[edge] === 0) this.#setEdge(edge, node, unit, this.#nodes++);
      node = this.#edgeTargets[edge]!;
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

function isWordBefore(text: string, index: number): boolean {
  if (index === 0) return false;
  const unit = text.charCodeAt(index - 1);
  const isPair = isLowSurrogate(unit) && index >= 2 && isHighSurrogate(text.charCodeAt(index - 2));
  return isPair ? WORD.test(text.slice(index - 2, index)) : isWordUnit(unit);
}

function isWordAt(text: string, index: number): boolean {
  if (index >= text.length) return false;
  const unit = text.charCodeAt(index);
  const isPair = isHighSurrogate(unit) && isLowSurrogate(text.charCodeAt(index + 1));
  return isPair ? WORD.test(text.slice(index, index + 2)) : isWordUnit(unit);
}

/** Python's `\w`. Marks are no part of it: a vowel sign of Hindi ends a word. */
const WORD = /^[\p{L}\p{N}_]$/u;

function isWordUnit(unit: number): boolean {
  wordUnits ??= Uint8Array.from({ length: 0x10000 }, (_, i) => (WORD.test(String.fromCharCode(i)) ? 1 : 0));
  return wordUnits[unit] === 1;
}
let wordUnits: Uint8Array | undefined;
