/**
 * Which places of a reference text a page's blocks come from. Text is often on a page more than once (a title in the
 * menu, a name beside each post), and short text is in a reference by chance; what tells is order:
 *
 *     page        Home   Pears   Our fruit   Pears   are sweet and …   Home
 *     reference                  Our fruit   Pears   are sweet and …
 *                                └──── the heaviest chain ─────────┘
 */

/** A run of words that is looked up; shorter blocks are looked up whole. */
export const RUN_WORDS = 4;
/** The most places that are tried for a block. */
const MAX_PLACES = 12;
/** Runs of a long block that are looked up once it has been found. */
const MAX_RUNS = 40;
/** A longer block counts no more than this many words. */
const MAX_WORDS = 60;
/** Blocks of so many words stand where they stand by themselves … */
const ANCHOR_WORDS = 8;
/** … others where what lies between them and such a one is as much text on the page as in the reference, or little. */
const MAX_DIFFERENCE_WORDS = 12;
const MAX_BETWEEN_WORDS = 80;

/** A text's words and where they are. */
export class Reference {
  readonly words: readonly string[];
  readonly #runs = new Map<string, number[]>();
  readonly #places = new Map<string, number[]>();

  constructor(words: readonly string[]) {
    this.words = words;
    for (const [at, word] of words.entries()) add(this.#places, word, at);
    for (const [at, run] of runsOf(words).entries()) add(this.#runs, run, at);
  }

  /** The share of a block's runs that are in this text; of a short block, all of it or nothing. */
  shareOf(block: readonly string[]): number {
    if (block.length < RUN_WORDS) return this.#wholeAt(block).length > 0 ? 1 : 0;
    const runs = runsOf(block);
    return runs.filter((run) => this.#runs.has(run)).length / runs.length;
  }

  /** Where a block may begin. */
  placesOf(block: readonly string[]): number[] {
    if (block.length < RUN_WORDS) return this.#wholeAt(block).slice(0, MAX_PLACES);
    const places: number[] = [];
    for (const [offset, run] of runsOf(block).entries()) {
      for (const at of (this.#runs.get(run) ?? []).slice(0, MAX_PLACES)) {
        const start = Math.max(0, at - offset);
        if (places.every((other) => Math.abs(other - start) >= RUN_WORDS)) places.push(start);
      }
      if (places.length >= MAX_PLACES || (offset >= MAX_RUNS && places.length > 0)) break;
    }
    return places.slice(0, MAX_PLACES);
  }

  #wholeAt(block: readonly string[]): number[] {
    const firsts = block.length === 0 ? [] : (this.#places.get(block[0]!) ?? []);
    return firsts.filter((at) => block.every((word, i) => this.words[at + i] === word));
  }
}

/**
 * 1 for blocks that are part of the reference where they stand. Of blocks that are in it by their words (`isCandidate`)
 * these are the ones on the heaviest chain, short ones only near longer ones; and longer ones of which no copy is on it:
 * the reference has them in another order.
 */
export function alignedBlocks(
  blocks: readonly (readonly string[])[],
  reference: Reference,
  isCandidate: readonly boolean[],
): Uint8Array {
  const chain = heaviestChain(blocks, reference, isCandidate);
  const isAligned = new Uint8Array(blocks.length);
  for (const block of standing(blocks, chain)) isAligned[block] = 1;
  const aligned = new Set<string>();
  for (const [block, words] of blocks.entries()) if (isAligned[block] === 1) aligned.add(words.join(" "));
  for (const [block, words] of blocks.entries()) {
    if (isCandidate[block] && words.length >= RUN_WORDS && !aligned.has(words.join(" "))) isAligned[block] = 1;
  }
  return isAligned;
}

interface Link {
  readonly block: number;
  readonly place: number;
}

/** Blocks and their places, both growing, with the most words in all. */
function heaviestChain(
  blocks: readonly (readonly string[])[],
  reference: Reference,
  isCandidate: readonly boolean[],
): Link[] {
  const room = reference.words.length + 2;
  const best = new BestBefore(room);
  const links: (Link & { readonly weight: number; readonly before: number })[] = [];
  let last = -1;
  for (const [block, words] of blocks.entries()) {
    if (!isCandidate[block]) continue;
    const first = links.length;
    for (const place of reference.placesOf(words)) {
      const { weight, link: before } = best.until(Math.min(room - 1, place + 1)); // words may be cut otherwise
      links.push({ block, place, weight: weight + Math.min(words.length, MAX_WORDS), before });
    }
    for (let link = first; link < links.length; link++) {
      const { place, weight } = links[link]!;
      best.set(Math.min(room - 1, place + words.length), weight, link);
      if (last < 0 || weight > links[last]!.weight) last = link;
    }
  }
  const chain: Link[] = [];
  for (let link = last; link >= 0; link = links[link]!.before) chain.push(links[link]!);
  return chain.reverse();
}

/** The blocks of a chain that are long, or near to one that stands. Where none is long, all stand. */
function standing(blocks: readonly (readonly string[])[], chain: readonly Link[]): number[] {
  const lengthOf = ({ block }: Link): number => blocks[block]!.length;
  const stands = chain.map((link) => lengthOf(link) >= ANCHOR_WORDS);
  if (!stands.includes(true)) return chain.map(({ block }) => block);
  const wordsBefore = [0];
  for (const words of blocks) wordsBefore.push(wordsBefore.at(-1)! + words.length);
  const isNear = (one: Link, next: Link): boolean => {
    const onPage = wordsBefore[next.block]! - wordsBefore[one.block + 1]!;
    const inReference = next.place - one.place - lengthOf(one);
    return Math.abs(onPage - inReference) <= MAX_DIFFERENCE_WORDS || Math.max(onPage, inReference) <= MAX_BETWEEN_WORDS;
  };
  for (let i = 1; i < chain.length; i++) stands[i] ||= stands[i - 1]! && isNear(chain[i - 1]!, chain[i]!);
  for (let i = chain.length - 2; i >= 0; i--) stands[i] ||= stands[i + 1]! && isNear(chain[i]!, chain[i + 1]!);
  return chain.filter((link, i) => stands[i] || lengthOf(link) >= RUN_WORDS).map(({ block }) => block);
}

/** The heaviest of the links that end at or before a place (Fenwick 1994); of equals, the one that is set last: the nearer. */
class BestBefore {
  readonly #weights: Float64Array;
  readonly #links: Int32Array;

  constructor(count: number) {
    this.#weights = new Float64Array(count + 1);
    this.#links = new Int32Array(count + 1).fill(-1);
  }

  until(place: number): { readonly weight: number; readonly link: number } {
    let [weight, link] = [0, -1];
    for (let i = place + 1; i > 0; i -= i & -i) {
      if (this.#weights[i]! > weight) [weight, link] = [this.#weights[i]!, this.#links[i]!];
    }
    return { weight, link };
  }

  set(place: number, weight: number, link: number): void {
    for (let i = place + 1; i < this.#weights.length; i += i & -i) {
      if (weight >= this.#weights[i]!) [this.#weights[i], this.#links[i]] = [weight, link];
    }
  }
}

function runsOf(words: readonly string[]): string[] {
  const runs: string[] = [];
  for (let i = 0; i + RUN_WORDS <= words.length; i++) runs.push(words.slice(i, i + RUN_WORDS).join(" "));
  return runs;
}

function add(places: Map<string, number[]>, key: string, at: number): void {
  const known = places.get(key);
  if (known === undefined) places.set(key, [at]);
  else known.push(at);
}
