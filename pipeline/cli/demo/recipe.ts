import { join } from "node:path";
import type { Recipe } from "../../recipe.ts";

/** The recipe that `sluice demo` runs over its crawl: English prose, once each, without personal data, as GPT-2 tokens. */
export function demoRecipe(crawlDir: string, outDir: string): Recipe {
  return {
    name: "demo",
    source: { use: "warc", with: { files: [join(crawlDir, "*.warc.gz")] } },
    stages: [
      { use: "extract-html" },
      { use: "extract-pdf" },
      { use: "language", with: { keep: ["en"] } },
      { use: "gopher-repetition" },
      { use: "gopher-quality" },
      { use: "pii" },
      { use: "exact-dedup" },
      { use: "minhash-dedup" },
    ],
    sink: { use: "shards", with: { dir: outDir, tokenizer: "gpt2" } },
  };
}
