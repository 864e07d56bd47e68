/** URLs against lists of domains and words, as DCLM does it (mlfoundations/dclm 361714b, `url_substring_filter`). */
import { isWordBorder } from "./python-classes.ts";

/**
 * What DCLM looks up in its list of domains: the lower-cased part of the URL between "//" and the next "/", "?" or "#",
 * user and port included, without every "www" in it. So "www.example.org" becomes ".example.org", which no list has.
 */
export function bannedDomainOf(url: string): string {
  const rest = /^[\0-\x20]*(?:[a-z][a-z0-9+.-]*:)?\/\/([^/?#]*)/i.exec(url.replace(/[\t\n\r]/g, ""))?.[1] ?? "";
  return rest.toLowerCase().replaceAll("www", "");
}

interface Node {
  readonly next: Map<number, Node>;
  isEnd: boolean;
}

/** Finds words in a URL from left to right: at each place the longest that stands there, and on behind it. */
export class BannedWords {
  readonly #root: Node = { next: new Map(), isEnd: false };
  readonly #wholeWords: boolean;

  /** With `wholeWords` a word counts only between word borders: "_" and digits belong to words, as in "a_banned". */
  constructor(words: Iterable<string>, wholeWords: boolean) {
    this.#wholeWords = wholeWords;
    for (const word of words) this.#add(word.toLowerCase());
  }

  /** How many different words are in the URL, which has to be in lower case. */
  count(url: string): number {
    const found = new Set<string>();
    for (let i = 0; i < url.length; ) {
      const end = this.#longestAt(url, i);
      if (end > i) found.add(url.slice(i, end));
      i = Math.max(end, i + 1);
    }
    return found.size;
  }

  #add(word: string): void {
    let node = this.#root;
    for (let i = 0; i < word.length; i++) {
      const unit = word.charCodeAt(i);
      let next = node.next.get(unit);
      if (next === undefined) {
        next = { next: new Map(), isEnd: false };
        node.next.set(unit, next);
      }
      node = next;
    }
    node.isEnd = word !== "";
  }

  /** Where the longest word that begins at `start` ends; `start` if none does. */
  #longestAt(url: string, start: number): number {
    if (this.#wholeWords && !isWordBorder(url, start)) return start;
    let longest = start;
    let node: Node | undefined = this.#root;
    for (let i = start; node !== undefined; i++) {
      if (node.isEnd && (!this.#wholeWords || isWordBorder(url, i))) longest = i;
      node = i < url.length ? node.next.get(url.charCodeAt(i)) : undefined;
    }
    return longest;
  }
}
