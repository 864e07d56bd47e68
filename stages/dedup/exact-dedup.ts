import { hash } from "node:crypto";
import { dedupOptions } from "../../pipeline/dedup-options.ts";
import { type DedupIndex, defineDedup, z } from "../../pipeline/stage.ts";
import { KeyIndex } from "./key-index.ts";

/** 128 bits of the digest: two of 10¹² pages share them by chance once in 10¹⁴ runs. */
const KEY_WORDS = 4;

/**
 * Drops pages whose text an earlier, kept page has already. Texts are compared by SHA-256 of their UTF-8 bytes, as they
 * are or, with `normalize: whitespace-case`, in lower case with runs of white space made one space. Which pages are
 * kept depends on the order of the input only as to which copy it is; the set of kept texts does not.
 *
 * Memory: 27 to 40 bytes a kept page.
 */
export default defineDedup({
  name: "exact-dedup",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({
    normalize: z
      .enum(["none", "whitespace-case"])
      .default("none")
      .describe("Texts are compared as they are, or in lower case with runs of white space made one space."),
    ...dedupOptions,
  }),
  sign: ({ text }, { normalize }) => ({ keys: digestKeys(normalize === "none" ? text : normalizeText(text)) }),
  keyWords: KEY_WORDS,
  openIndex: () => new ExactIndex(),
});

function digestKeys(text: string): Uint32Array {
  const digest = hash("sha256", text, "buffer");
  return Uint32Array.from({ length: KEY_WORDS }, (_, i) => digest.readUInt32LE(i * Uint32Array.BYTES_PER_ELEMENT));
}

function normalizeText(text: string): string {
  return text.toLowerCase().replace(/\s+/g, " ").trim();
}

class ExactIndex implements DedupIndex {
  readonly #index = new KeyIndex({ bands: 1, keyWords: KEY_WORDS, maxPagesPerKey: 1 });
  readonly #found = new Uint32Array(this.#index.maxPagesFound);

  get bytes(): number {
    return this.#index.bytes;
  }

  find(keys: Uint32Array) {
    if (this.#index.pagesInto(keys, this.#found) === 0) return undefined;
    return { twin: this.#found[0]!, reason: "exact-duplicate", similarity: 1 };
  }

  /** One page under a key is as good as any. */
  room(): number {
    return Infinity;
  }

  add(keys: Uint32Array): void {
    this.#index.add(keys);
  }
}
