import { type Packer, packFromBuffer, type SpanBuffer } from "./best-fit.ts";
import type { DocumentSpan } from "./document-span.ts";
import { LengthSet } from "./length-set.ts";

/** `packBestFit`, in constant time a document, whatever the buffer. */
export const packBestFitFast: Packer = (documents, params, counts) =>
  packFromBuffer(new LengthBuffer(params.rowTokens), documents, params, counts);

/** A queue for each length, and the set of the lengths whose queue is not empty. */
class LengthBuffer implements SpanBuffer {
  readonly #lengths: LengthSet;
  readonly #queues = new Map<number, Queue<DocumentSpan>>();
  size = 0;

  constructor(maxTokens: number) {
    this.#lengths = new LengthSet(maxTokens);
  }

  add(span: DocumentSpan): void {
    let queue = this.#queues.get(span.length);
    if (queue === undefined) {
      queue = new Queue();
      this.#queues.set(span.length, queue);
    }
    if (queue.size === 0) this.#lengths.add(span.length);
    queue.push(span);
    this.size++;
  }

  takeLongest(tokens: number): DocumentSpan | undefined {
    return this.#take(this.#lengths.highestUpTo(tokens));
  }

  takeShortest(): DocumentSpan | undefined {
    return this.#take(this.#lengths.lowest());
  }

  #take(length: number): DocumentSpan | undefined {
    if (length < 0) return undefined;
    const queue = this.#queues.get(length)!;
    const span = queue.shift();
    if (queue.size === 0) this.#lengths.remove(length);
    this.size--;
    return span;
  }
}

/** First in, first out; the places of those that left are given back in one go when they are half of it. */
class Queue<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T {
    const item = this.#items[this.#head]!;
    this.#items[this.#head++] = undefined;
    if (2 * this.#head >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
