import { IntList } from "./int-list.ts";
import { TAG_NAMES, TRAITS, Trait } from "./tags.ts";

/** Place of no element: below every place on the stack. */
export const NOWHERE = 0;

/**
 * The elements that are open. Whether an element is, and where, is known without looking through the stack, which may be
 * as deep as the page is long: each entry keeps what it covered up.
 *
 *     place      0        1     2    3    4
 *     tag        page     div   p    a    …
 *     lastOf     div → 1, p → 2, a → 3; lastBlock → 2
 */
export class OpenElements {
  /** The topmost place of each tag; `NOWHERE` for one that is not open. */
  readonly lastOf = new Int32Array(TAG_NAMES.length);
  /** The topmost place of a block element. */
  lastBlock = NOWHERE;
  private readonly tags = new IntList();
  private readonly containers = new IntList();
  private readonly marks = new IntList();
  private readonly coveredSame = new IntList();
  private readonly coveredBlock = new IntList();

  constructor(root: number) {
    this.tags.push(ENDED);
    this.containers.push(root);
    this.marks.push(0);
    this.coveredSame.push(NOWHERE);
    this.coveredBlock.push(NOWHERE);
  }

  get top(): number {
    return this.tags.length - 1;
  }

  /** The container that text goes to. */
  get container(): number {
    return this.containers.values[this.top]!;
  }

  get topTag(): number {
    return this.tags.values[this.top]!;
  }

  tagAt(place: number): number {
    return this.tags.values[place]!;
  }

  containerAt(place: number): number {
    return this.containers.values[place]!;
  }

  /** What was said of an element when it was opened. */
  markAt(place: number): number {
    return this.marks.values[place]!;
  }

  push(tag: number, container: number, mark: number): void {
    const place = this.tags.length;
    this.tags.push(tag);
    this.containers.push(container);
    this.marks.push(mark);
    this.coveredSame.push(this.lastOf[tag]!);
    this.coveredBlock.push(this.lastBlock);
    this.lastOf[tag] = place;
    if ((TRAITS[tag]! & Trait.block) !== 0) this.lastBlock = place;
  }

  pop(): void {
    const place = this.top;
    const tag = this.tags.values[place]!;
    if (tag !== ENDED) this.lastOf[tag] = this.coveredSame.values[place]!;
    this.lastBlock = this.coveredBlock.values[place]!;
    for (const list of [this.tags, this.containers, this.marks, this.coveredSame, this.coveredBlock]) list.length--;
  }

  /** Ends the topmost element of a tag where it is, below elements that stay open. */
  end(tag: number): void {
    const place = this.lastOf[tag]!;
    if (place === NOWHERE) return;
    this.lastOf[tag] = this.coveredSame.values[place]!;
    this.tags.values[place] = ENDED;
  }

  /** The topmost place of several tags. */
  lastAmong(tags: readonly number[]): number {
    let last = NOWHERE;
    for (const tag of tags) if (this.lastOf[tag]! > last) last = this.lastOf[tag]!;
    return last;
  }
}

/** In the place of a tag: the element has ended. */
const ENDED = -1;
