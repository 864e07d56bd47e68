/**
 * Which of like pages stays: the one of the highest rank. Pages are ranked by the policy's measure; those that are equal in
 * it by their content, and then by their address, so that the order of the input decides only between pages that are the
 * same in all of these.
 */
import { hash } from "node:crypto";
import type { KeepPolicy } from "../dedup-options.ts";
import { withRoom } from "../text/growable.ts";

/** What is known of a page when pages are ranked. */
export interface RankedPage {
  readonly textBytes: number;
  readonly date: string;
  readonly url: string;
  /** The first 13 hex digits of the SHA-256 of its text. */
  readonly contentHash: string;
  /** The score that `keep: best` asks for; `undefined` where it was not measured: such pages come last. */
  readonly score?: number | undefined;
  /** What else tells it from pages of the same text, URL and date: an id of its own. */
  readonly ownId?: string;
}

/** Hex digits of a hash that a number holds. */
const HASH_DIGITS = 13;

/** What `RankedPage.contentHash` is. */
export function contentHashOf(text: string | Uint8Array): string {
  return hash("sha256", text).slice(0, HASH_DIGITS);
}

/** The policy's measure of a page; the highest stays. Dates that cannot be read rank below all others. */
export function measureOf({ textBytes, date, score }: RankedPage, policy: KeepPolicy): number {
  switch (policy) {
    case "first":
      return 0;
    case "longest":
      return textBytes;
    case "newest":
      return numberOr(Date.parse(date), Number.NEGATIVE_INFINITY);
    case "best":
      return numberOr(score, Number.NEGATIVE_INFINITY);
  }
}

function numberOr(value: number | undefined, otherwise: number): number {
  return value === undefined || Number.isNaN(value) ? otherwise : value;
}

/** Orders pages, numbered as they were pushed, from the one that outranks all others down: 24 to 48 bytes a page. */
export class Ranking {
  readonly #policy: KeepPolicy;
  #count = 0;
  #unmeasured = 0;
  #measures = new Float64Array(1 << 10);
  #hashes = new Float64Array(1 << 10);
  #addresses = new Float64Array(1 << 10);

  constructor(policy: KeepPolicy) {
    this.#policy = policy;
  }

  push(page: RankedPage): void {
    const n = this.#count++;
    if (this.#policy === "first") return;
    this.#measures = withRoom(this.#measures, this.#count);
    this.#hashes = withRoom(this.#hashes, this.#count);
    this.#addresses = withRoom(this.#addresses, this.#count);
    this.#measures[n] = measureOf(page, this.#policy);
    if (this.#measures[n] === Number.NEGATIVE_INFINITY) this.#unmeasured++;
    this.#hashes[n] = Number.parseInt(page.contentHash, 16);
    const address = JSON.stringify([page.url, page.date, page.ownId ?? ""]);
    this.#addresses[n] = Number.parseInt(hash("sha256", address).slice(0, HASH_DIGITS), 16);
  }

  /** How many pages rank last since they have no date that can be read, or no score; `undefined` if none does. */
  get unmeasured(): { readonly pages: number; readonly lack: string } | undefined {
    if (this.#unmeasured === 0) return undefined;
    return { pages: this.#unmeasured, lack: this.#policy === "newest" ? "date that can be read" : "score to rank by" };
  }

  /** Numbers of the pages in their order. */
  order(): Uint32Array {
    const order = Uint32Array.from({ length: this.#count }, (_, n) => n);
    if (this.#policy === "first") return order;
    const [measures, hashes, addresses] = [this.#measures, this.#hashes, this.#addresses];
    return order.sort(
      (a, b) =>
        compare(measures[b]!, measures[a]!) || hashes[a]! - hashes[b]! || addresses[a]! - addresses[b]! || a - b,
    );
  }
}

/** The measure may be infinite: a difference would be no number. */
function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
