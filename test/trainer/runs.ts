/** Runs to train on, made of token ids, with the project's own writer. */
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MANIFEST, manifestId, type RunIdentity } from "../../pipeline/manifest.ts";
import { createShard, packTokens, type ShardTokenizer } from "../../pipeline/shard.ts";

export function tokenizerOf(vocabSize: number): ShardTokenizer {
  const digest = vocabSize.toString(16).padStart(64, "0");
  return { name: `v${vocabSize}`, vocabSize, endOfText: vocabSize - 1, digest };
}

export const SMALL = tokenizerOf(1000);

export interface RunOptions {
  readonly shardCount?: number;
  readonly tokenizer?: ShardTokenizer;
  readonly sink?: string;
}

/** What a run leaves of the documents: shards of one tokenizer, and the manifest. */
export async function writeRun(
  dir: string,
  documents: readonly number[][],
  { shardCount = 1, tokenizer = SMALL, sink = "shards" }: RunOptions = {},
): Promise<string> {
  mkdirSync(join(dir, "data"), { recursive: true });
  const artifacts: { path: string; kind: string; bytes: number; sha256: string }[] = [];
  for (let n = 0; n < shardCount; n++) {
    const path = `data/${String(n).padStart(5, "0")}.tok`;
    const writer = await createShard(join(dir, path), tokenizer);
    const share = documents.slice(
      Math.floor((n * documents.length) / shardCount),
      Math.floor(((n + 1) * documents.length) / shardCount),
    );
    for (const [i, ids] of share.entries()) {
      const id = `${n}-${i}`;
      await writer.add({ id, url: "", file: "f", offset: i }, packTokens(ids, writer.tokenBytes));
    }
    await writer.finish();
    artifacts.push({ path, kind: "data", bytes: statSync(join(dir, path)).size, sha256: "" });
  }
  const identity = { seed: 0, sink: { name: sink } } as unknown as RunIdentity;
  const tokens = documents.flat().length;
  const counts = { textBytes: 4 * tokens, tokens };
  const manifest = { format: 1, id: manifestId(identity), identity, counts, measured: {}, artifacts };
  writeFileSync(join(dir, MANIFEST), JSON.stringify(manifest));
  return dir;
}
