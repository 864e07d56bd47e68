/** Every built-in source, stage and sink of this folder by the name that recipes use: one line each. */
import type { Definition } from "../pipeline/index.ts";

type Modules = Readonly<Record<string, () => Promise<{ default: Definition }>>>;

export const sources: Modules = {
  warc: () => import("./sources/warc.ts"),
  jsonl: () => import("./sources/jsonl.ts"),
  parquet: () => import("./sources/parquet.ts"),
  text: () => import("./sources/text.ts"),
};

export const stages: Modules = {
  "extract-html": () => import("./extract/html.ts"),
  "extract-pdf": () => import("./extract/pdf.ts"),
  "extract-text": () => import("./extract/text.ts"),
  "extract-feed": () => import("./extract/feed.ts"),
  "url-filter": () => import("./filters/url-filter.ts"),
  length: () => import("./filters/length.ts"),
  sample: () => import("./filters/sample.ts"),
  "language-mix": () => import("./filters/language-mix.ts"),
  language: () => import("./annotate/language.ts"),
  "classifier-score": () => import("./annotate/classifier-score.ts"),
  "gopher-quality": () => import("./filters/gopher-quality.ts"),
  "gopher-repetition": () => import("./filters/gopher-repetition.ts"),
  c4: () => import("./filters/c4.ts"),
  "mc4-paragraph": () => import("./filters/mc4-paragraph.ts"),
  "bad-words": () => import("./filters/bad-words.ts"),
  "fineweb-quality": () => import("./filters/fineweb-quality.ts"),
  "dclm-refinedweb": () => import("./filters/dclm-refinedweb.ts"),
  "dolma-gopher": () => import("./filters/dolma-gopher.ts"),
  "nemo-heuristic": () => import("./filters/nemo-heuristic.ts"),
  "clean-lines": () => import("./clean/clean-lines.ts"),
  pii: () => import("./clean/pii.ts"),
  "exact-dedup": () => import("./dedup/exact-dedup.ts"),
  "minhash-dedup": () => import("./dedup/minhash-dedup.ts"),
  "line-dedup": () => import("./dedup/line-dedup.ts"),
  "paragraph-dedup": () => import("./dedup/paragraph-dedup.ts"),
  "ngram-dedup": () => import("./dedup/ngram-dedup.ts"),
  "substring-dedup": () => import("./dedup/substring-dedup.ts"),
  decontaminate: () => import("./decontaminate/decontaminate.ts"),
  "shuffle-words": () => import("./controls/shuffle-words.ts"),
  "inject-duplicates": () => import("./controls/inject-duplicates.ts"),
  "mix-boilerplate": () => import("./controls/mix-boilerplate.ts"),
};

export const sinks: Modules = {
  jsonl: () => import("./sinks/jsonl.ts"),
};
