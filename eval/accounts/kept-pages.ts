/** The pages that a run kept, as its shards hold them. */
import { join } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import { shardArtifacts } from "../../pipeline/manifest.ts";
import { openShard } from "../../pipeline/shard.ts";
import type { Tokenizer } from "../../pipeline/tokenizer.ts";
import type { Run } from "./run.ts";

export interface KeptPage {
  readonly id: string;
  readonly url: string;
  /** The ids decoded, without end-of-text. */
  readonly text: string;
}

/** Documents between two turns of timers and signals. */
const DOCUMENTS_A_BREATH = 64;

/** In the order of the run; `isWanted` spares decoding the others. */
export async function* keptPages(
  { dir, manifest }: Run,
  tokenizer: Tokenizer,
  isWanted: (id: string) => boolean = () => true,
): AsyncGenerator<KeptPage> {
  const decoder = new TextDecoder();
  for (const { path } of shardArtifacts(dir, manifest)) {
    const shard = openShard(join(dir, path));
    try {
      for (let n = 0; n < shard.documentCount; n++) {
        const { id, url } = shard.provenanceOf(n);
        if (!isWanted(id)) continue;
        const { start, end } = shard.rangeOf(n);
        yield { id, url, text: decoder.decode(tokenizer.decode(shard.readTokens(start, end - 1))) };
        if (n % DOCUMENTS_A_BREATH === 0) await breathe();
      }
    } finally {
      shard.close();
    }
  }
}
