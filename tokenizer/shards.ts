import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { RecipeError } from "../pipeline/errors.ts";
import { createShard, packTokens, type ShardTokenizer, type ShardWriter, tokenBytesFor } from "../pipeline/shard.ts";
import type { SinkWriter, WrittenPage } from "../pipeline/sink.ts";
import { defineSink, z } from "../pipeline/stage.ts";
import type { ByteLevelTokenizer } from "./byte-level.ts";
import { loadTokenizer, tokenizerFiles } from "./load.ts";

const FILE_NUMBER_DIGITS = 5;

/**
 * Writes kept pages as token shards, `data/00000.tok` and on: each page's ids, then end-of-text. Documents are whole: a
 * shard ends before the one that would take it above `shardTokens`, and a larger document has a shard to itself.
 */
export default defineSink({
  name: "shards",
  module: import.meta.url,
  version: 1,
  places: ["dir"],
  params: z.strictObject({
    dir: z.string().min(1).describe("The output folder."),
    tokenizer: z
      .string()
      .default("gpt2")
      .describe(
        "`gpt2`, `cl100k_base`, `o200k_base`, or the path of a tokenizer's folder or file (as the command line sees it, not the recipe).",
      ),
    shardTokens: z
      .int()
      .min(1)
      .default(100_000_000)
      .describe("The most tokens in a shard of several documents; 100 million are 200 MB where ids take two bytes."),
  }),
  files: ({ tokenizer }) => tokenizerFiles(tokenizer),
  setup: ({ tokenizer }) => shardTokenizer(tokenizer),
  encode: ({ text }, _params, tokenizer) => {
    const tokenBytes = tokenBytesFor(tokenizer.vocabSize);
    const parts: Uint8Array[] = [];
    tokenizer.encodeParts(text, (ids) => parts.push(packTokens(ids, tokenBytes)));
    parts.push(packTokens([tokenizer.endOfText], tokenBytes));
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return { bytes, tokens: bytes.length / tokenBytes };
  },
  open: async ({ tokenizer, shardTokens }, { dir }) =>
    new ShardsWriter(dir, await shardTokenizer(tokenizer), shardTokens),
});

/** A tokenizer that can end a document. Raises RecipeError for one that cannot. */
export async function shardTokenizer(name: string): Promise<ByteLevelTokenizer & ShardTokenizer> {
  const tokenizer = await loadTokenizer(name);
  const { endOfText } = tokenizer;
  if (endOfText !== undefined) return tokenizer as ByteLevelTokenizer & ShardTokenizer;
  throw new RecipeError(
    `shards.tokenizer: ${name} has no end-of-text token to end documents with (train it with --special "<|endoftext|>")`,
  );
}

class ShardsWriter implements SinkWriter {
  readonly #dir: string;
  readonly #tokenizer: ShardTokenizer;
  readonly #shardTokens: number;
  #current: ShardWriter | undefined;
  #shardsBegun = 0;

  constructor(dir: string, { name, vocabSize, endOfText, digest }: ShardTokenizer, shardTokens: number) {
    this.#dir = join(dir, "data");
    this.#tokenizer = { name, vocabSize, endOfText, digest };
    this.#shardTokens = shardTokens;
  }

  async write(page: WrittenPage): Promise<void> {
    const isFull = this.#current !== undefined && this.#current.tokenCount + page.tokens > this.#shardTokens;
    if (isFull) await this.close();
    this.#current ??= await this.#beginShard();
    await this.#current.add({ id: page.id, url: page.url, file: page.file, offset: page.offset }, page.bytes);
  }

  async close(): Promise<void> {
    const shard = this.#current;
    this.#current = undefined;
    await shard?.finish();
  }

  async abort(): Promise<void> {
    const shard = this.#current;
    this.#current = undefined;
    await shard?.abort();
  }

  async #beginShard(): Promise<ShardWriter> {
    await mkdir(this.#dir, { recursive: true });
    const number = String(this.#shardsBegun++).padStart(FILE_NUMBER_DIGITS, "0");
    return createShard(join(this.#dir, `${number}.tok`), this.#tokenizer);
  }
}
