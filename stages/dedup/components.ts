/**
 * Connected components of pages: the clusters that pairs make when likeness is taken to be transitive. Deduplication
 * itself does not use them (see `minhash-index.ts`); they show what would go together.
 *
 * Union-find in one array: a page's parent is a page of its component with a smaller number, or itself. Components are
 * united towards the smaller number, so that the root is a component's first page, whatever the order of the unions.
 * Without a choice by size a path may be long once; halving it on the way keeps m operations within O(m log n)
 * (Tarjan, van Leeuwen 1984).
 *
 * Memory: 4 bytes a page where the number of pages is told, up to 6 where it grows, 10 while it does; 4 more in `clusters`.
 */

const GROWTH = 1.5;

export class Components {
  #parents: Uint32Array;

  /** `pageCount`: pages to make room for. Others may come. */
  constructor(pageCount = 0) {
    this.#parents = ascending(new Uint32Array(pageCount), 0);
  }

  get bytes(): number {
    return this.#parents.byteLength;
  }

  /** Unites the components of two pages; false when they were one already. */
  join(a: number, b: number): boolean {
    const firstA = this.firstOf(a);
    const firstB = this.firstOf(b);
    if (firstA === firstB) return false;
    if (Math.max(a, b) >= this.#parents.length) this.#grow(Math.max(a, b) + 1);
    if (firstA < firstB) this.#parents[firstB] = firstA;
    else this.#parents[firstA] = firstB;
    return true;
  }

  /** The page of the smallest number in a page's component. */
  firstOf(page: number): number {
    const parents = this.#parents;
    if (page >= parents.length) return page;
    let at = page;
    for (;;) {
      const parent = parents[at]!;
      if (parent === at) return at;
      const grandparent = parents[parent]!;
      parents[at] = grandparent;
      at = grandparent;
    }
  }

  /** The pages of every component that has two or more, in ascending order; components by their first page. */
  *clusters(): Generator<readonly number[]> {
    // A list through each component: its first page, then the others. Page 0 is always a first one, and marks the end.
    const next = new Uint32Array(this.#parents.length);
    for (let page = next.length - 1; page > 0; page--) {
      const first = this.firstOf(page);
      if (first === page) continue;
      next[page] = next[first]!;
      next[first] = page;
    }
    for (let first = 0; first < next.length; first++) {
      if (next[first] === 0 || this.firstOf(first) !== first) continue;
      const pages = [first];
      for (let page = next[first]!; page !== 0; page = next[page]!) pages.push(page);
      yield pages;
    }
  }

  #grow(pageCount: number): void {
    const length = Math.max(pageCount, Math.ceil(this.#parents.length * GROWTH));
    const parents = new Uint32Array(length);
    parents.set(this.#parents);
    this.#parents = ascending(parents, this.#parents.length);
  }
}

function ascending(parents: Uint32Array, from: number): Uint32Array {
  for (let page = from; page < parents.length; page++) parents[page] = page;
  return parents;
}
