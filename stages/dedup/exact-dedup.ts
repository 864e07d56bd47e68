import { hash } from "node:crypto";
import { dedupOptions } from "../../pipeline/dedup-options.ts";
import { type DedupIndex, defineDedup, z } from "../../pipeline/stage.ts";
import { KeyIndex } from "./key-index.ts";
import { foldWhitespaceCase } from "./passages/normalize.ts";

/** 128 bits of the digest: two of 10¹² pages share them by chance once in 10¹⁴ runs. */
const KEY_WORDS = 4;

/**
 * Drops pages whose text an earlier, kept page has already. Texts are compared by SHA-256 of their UTF-8 bytes, as they
 * are or, with `normalize: whitespace-case`, in lower case with runs of white space made one space. Which pages are
 * kept depends on the order of the input only as to which copy it is; the set of kept texts does not.
 *
 * With `by: url` addresses are compared instead, as C4 and DCLM do (tensorflow/datasets, text/c4_utils.py,
 * `normalize_url`): without "http://", "https://" and a "www." behind them, without a query that begins with "utm_", "ref"
 * or "feed", and without slashes at the end. Pages without a URL stay. Together with `keep: newest` the latest capture of
 * each address stays. (Traps of theirs: "?reference=5" is such a query, "?id=5&utm_source=x" is none, and the case of
 * letters counts, in host names, too.)
 *
 * Memory: 24 to 36 bytes a kept page.
 */
export default defineDedup({
  name: "exact-dedup",
  module: import.meta.url,
  version: 1,
  params: z
    .strictObject({
      by: z.enum(["text", "url"]).default("text").describe("What is compared: pages' texts, or their addresses."),
      normalize: z
        .enum(["none", "whitespace-case"])
        .default("none")
        .describe("Texts are compared as they are, or in lower case with runs of white space made one space."),
      ...dedupOptions,
    })
    .refine(({ by, normalize }) => by === "text" || normalize === "none", {
      path: ["normalize"],
      message: 'none with "by: url", where no texts are compared',
    }),
  sign: ({ text, url }, { by, normalize }) => {
    if (by === "text") return { keys: digestKeys(normalize === "none" ? text : foldWhitespaceCase(text)) };
    const address = normalizeUrl(url);
    return address === "" ? null : { keys: digestKeys(address) };
  },
  keyWords: KEY_WORDS,
  openIndex: ({ by }) => new ExactIndex(by === "text" ? "exact-duplicate" : "url-duplicate"),
});

function normalizeUrl(url: string): string {
  const bare = url.replace(/https?:\/\/(www\.)?/g, "").replace(/\?(utm_|ref|feed)[^\n]*/g, "");
  let { length } = bare;
  while (length > 0 && bare[length - 1] === "/") length--;
  return bare.slice(0, length);
}

function digestKeys(text: string): Uint32Array {
  const digest = hash("sha256", text, "buffer");
  return Uint32Array.from({ length: KEY_WORDS }, (_, i) => digest.readUInt32LE(i * Uint32Array.BYTES_PER_ELEMENT));
}

class ExactIndex implements DedupIndex {
  readonly #index = new KeyIndex({ bands: 1, keyWords: KEY_WORDS, maxPagesPerKey: 1 });
  readonly #found = new Uint32Array(this.#index.maxPagesFound);
  readonly #reason: string;

  constructor(reason: string) {
    this.#reason = reason;
  }

  get bytes(): number {
    return this.#index.bytes;
  }

  find(keys: Uint32Array) {
    if (this.#index.pagesInto(keys, this.#found) === 0) return undefined;
    return { twin: this.#found[0]!, reason: this.#reason, similarity: 1 };
  }

  /** One page under a key is as good as any. */
  room(): number {
    return Infinity;
  }

  add(keys: Uint32Array): void {
    this.#index.add(keys);
  }
}
