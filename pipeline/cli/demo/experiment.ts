/** The experiment that `sluice demo` ends with: is what its recipe leaves of the crawl a better corpus than all of it? */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { writeHuggingFace } from "../../../tokenizer/formats/huggingface.ts";
import { trainTokenizer } from "../../../tokenizer/train/train.ts";
import { readGutenberg } from "./corpus.ts";
import { writeHeldOut } from "./held-out.ts";

/** Neither the crawl nor held-out text is made from these. */
const TOKENIZER_BOOKS = ["blake-poems", "carroll-alice"];
const VOCAB_SIZE = 2048;

/** Writes held-out text, a tokenizer and `experiment.yaml` into the demo's folder; gives the experiment's path. */
export async function writeDemoExperiment(dir: string): Promise<string> {
  const { domains } = await writeHeldOut(join(dir, "held-out"));
  const tokenizer = join(dir, "tokenizer");
  mkdirSync(tokenizer, { recursive: true });
  const text = join(tokenizer, "text.txt");
  writeFileSync(text, TOKENIZER_BOOKS.map(readGutenberg).join("\n"));
  const { vocabulary } = await trainTokenizer({
    files: [text],
    vocabSize: VOCAB_SIZE,
    name: "demo",
  });
  writeFileSync(join(tokenizer, "tokenizer.json"), writeHuggingFace(vocabulary));
  const path = join(dir, "experiment.yaml");
  writeFileSync(path, stringify(demoExperiment(domains.map(({ name }) => name))));
  return path;
}

function demoExperiment(domains: readonly string[]): object {
  return {
    name: "demo",
    hypothesis:
      "Pages that pass Gopher's rules and come once make a better corpus than all English pages, at an equal number of tokens.",
    expect: { arm: "curated", sign: "better", by: 0.05 },
    factor: "stages",
    base: {
      name: "raw",
      source: { use: "warc", with: { files: ["crawl/*.warc.gz"] } },
      stages: [{ use: "extract-html" }, { use: "extract-pdf" }, { use: "language", with: { keep: ["en"] } }],
    },
    variants: [
      {
        name: "curated",
        add: ["gopher-repetition", "gopher-quality", "exact-dedup", "minhash-dedup"].map((use) => ({ use })),
      },
      // A control: a corpus that must lose.
      { name: "shuffled", add: [{ use: "shuffle-words" }] },
    ],
    model: { layers: 2, width: 96, heads: 3, contextLength: 128, tied: true },
    tokenizer: "tokenizer",
    budget: { tokens: 400_000 },
    train: { sequences: 4, schedule: { peak: 0.002, warmup: 100 } },
    seeds: 3,
    heldOut: { domains: Object.fromEntries(domains.map((name) => [name, `held-out/${name}.jsonl`])) },
    out: "comparison",
  };
}
