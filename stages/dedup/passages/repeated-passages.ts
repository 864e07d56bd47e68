/**
 * Deduplication of passages, whatever a passage is: the parameters, and the index over them. The first look counts every
 * passage's copies, the second says which of them go.
 */
import { type Cut, type PassageIndex, type PassagePage, z } from "../../../pipeline/stage.ts";
import { withRoom } from "../../../pipeline/text/growable.ts";
import { isSpace } from "../../../pipeline/text/python-text.ts";
import { countCodePointsIn, viewUnits } from "../../../pipeline/text/units.ts";
import { hostOf } from "../../filters/url/host.ts";
import { cutsOf, STAYS } from "./cuts-of.ts";
import { NORMALIZATIONS, type Normalization } from "./normalize.ts";
import { type Hash64, hashText, NO_SEED, PassageHasher } from "./passage-hash.ts";
import { PassageTable } from "./passage-table.ts";
import { Passages, type Splitter } from "./split.ts";

export const SCOPES = ["global", "host", "page"] as const;
export const COPIES = ["first", "none"] as const;

/** The parameters of a stage whose passages are called `passages`. */
export function passageParams(passages: string) {
  return z.strictObject({
    scope: z
      .enum(SCOPES)
      .default("global")
      .describe(
        `Where copies are looked for: in all pages; in those of the same host, as it is written in their URLs, where pages without a host stay as they are; or in each page by itself.`,
      ),
    copies: z
      .enum(COPIES)
      .default("first")
      .describe(`Which copies of repeated ${passages} stay: the first in the order of the input, or none.`),
    minCopies: z
      .int()
      .min(2)
      .default(2)
      .describe(`From so many copies on ${passages} are repeated. Copies in one page count each.`),
    normalize: z
      .enum(NORMALIZATIONS)
      .default("none")
      .describe(
        `What is compared: ${passages} as they are; in lower case with runs of white space made one space; or as cc_net does, in lower case with digits made 0, without control characters and typographic punctuation.`,
      ),
    minChars: z
      .int()
      .min(1)
      .default(20)
      .describe(`Shorter ${passages} are left alone, in characters without the white space around them.`),
    minWords: z
      .int()
      .min(0)
      .default(0)
      .describe(`${passages[0]!.toUpperCase()}${passages.slice(1)} of fewer words between white space are left alone.`),
  });
}

export interface PassageParams {
  readonly scope: (typeof SCOPES)[number];
  readonly copies: (typeof COPIES)[number];
  readonly minCopies: number;
  readonly normalize: Normalization;
  readonly minChars: number;
  readonly minWords: number;
}

export class RepeatedPassages implements PassageIndex {
  readonly #params: PassageParams;
  readonly #split: Splitter;
  readonly #hasher: PassageHasher;
  readonly #table = new PassageTable();
  readonly #passages = new Passages();
  /** Of each passage of the page at hand: whether it is compared, and its hash; then the page of its twin. */
  #isCompared = new Uint8Array(1 << 8);
  #hashes = new Uint32Array(1 << 9);
  #twins = new Int32Array(1 << 8);
  readonly #hash = { a: 0, b: 0 };
  #observed = 0;
  #judged = 0;

  constructor(params: PassageParams, split: Splitter) {
    this.#params = params;
    this.#split = split;
    this.#hasher = new PassageHasher(params.normalize);
  }

  get bytes(): number {
    return this.#table.bytes + 21 * this.#passages.starts.length;
  }

  observe(page: PassagePage): void {
    const number = this.#observed++;
    if (this.#params.scope === "page" || !this.#read(page)) return;
    this.#count(number);
  }

  cuts(page: PassagePage): readonly Cut[] {
    const number = this.#judged++;
    if (!this.#read(page)) return [];
    if (this.#params.scope === "page") {
      this.#table.clear();
      this.#count(number);
    }
    return this.#judge(number) ? cutsOf(this.#passages, this.#twins, page.text.length) : [];
  }

  /** Finds and hashes the passages of a page; false where none is compared. */
  #read({ text, url }: PassagePage): boolean {
    const seed = this.#params.scope === "host" ? seedOf(url) : NO_SEED;
    if (seed === undefined) return false;
    const { units } = viewUnits(text);
    const passages = this.#passages;
    this.#split(units, text.length, passages);
    const { count } = passages;
    this.#isCompared = withRoom(this.#isCompared, count);
    this.#hashes = withRoom(this.#hashes, 2 * count);
    this.#twins = withRoom(this.#twins, count);
    const hasher = this.#hasher;
    let isAnyCompared = false;
    for (let i = 0; i < count; i++) {
      const start = passages.starts[i]!;
      const end = passages.ends[i]!;
      this.#isCompared[i] = 0;
      if (this.#isShort(units, start, end)) continue;
      hasher.hash(text, units, start, end, seed);
      if (hasher.length === 0) continue;
      this.#isCompared[i] = 1;
      this.#hashes[2 * i] = hasher.a;
      this.#hashes[2 * i + 1] = hasher.b;
      isAnyCompared = true;
    }
    return isAnyCompared;
  }

  #isShort(units: Uint16Array, start: number, end: number): boolean {
    const { minChars, minWords } = this.#params;
    let first = start;
    let last = end;
    while (first < last && isSpace(units[first]!)) first++;
    while (last > first && isSpace(units[last - 1]!)) last--;
    if (last - first < minChars) return true;
    // A character has at most two units.
    if (last - first < 2 * minChars && countCodePointsIn(units, first, last) < minChars) return true;
    let words = 0;
    for (let i = first; words < minWords && i < last; i++) {
      if (!isSpace(units[i]!) && (i === first || isSpace(units[i - 1]!))) words++;
    }
    return words < minWords;
  }

  #count(number: number): void {
    for (let i = 0; i < this.#passages.count; i++) {
      if (this.#isCompared[i] === 1) this.#table.count(this.#hashAt(i), number);
    }
  }

  /** Fills `twins`; false where all passages stay. */
  #judge(number: number): boolean {
    const { copies, minCopies } = this.#params;
    const table = this.#table;
    let isAnyCut = false;
    for (let i = 0; i < this.#passages.count; i++) {
      this.#twins[i] = STAYS;
      if (this.#isCompared[i] === 0) continue;
      const slot = table.find(this.#hashAt(i));
      if (table.copiesAt(slot) < minCopies) continue;
      if (copies === "first" && table.claimFirst(slot, number)) continue;
      this.#twins[i] = table.firstPageAt(slot);
      isAnyCut = true;
    }
    return isAnyCut;
  }

  #hashAt(i: number): Hash64 {
    const hash = this.#hash;
    hash.a = this.#hashes[2 * i]!;
    hash.b = this.#hashes[2 * i + 1]!;
    return hash;
  }
}

/** What hashes of passages begin with on a host, so that those of different hosts differ; nothing where there is no host. */
function seedOf(url: string): Hash64 | undefined {
  const host = hostOf(url).toLowerCase();
  return host === "" ? undefined : hashText(host);
}
