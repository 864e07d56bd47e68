/** The package: the engine's contracts, `run`, and every built-in stage as a function that makes its spec. */
import { installResolveHook } from "./pipeline/modules.ts";
import { runWith } from "./pipeline/run.ts";
import { sinks, sources, stages } from "./stages/index.ts";
import { sinks as tokenSinks } from "./tokenizer/index.ts";

export * from "./pipeline/index.ts";
export { default as classifierScore } from "./stages/annotate/classifier-score.ts";
export { default as language } from "./stages/annotate/language.ts";
export { default as cleanLines } from "./stages/clean/clean-lines.ts";
export { default as pii } from "./stages/clean/pii.ts";
export { default as injectDuplicates } from "./stages/controls/inject-duplicates.ts";
export { default as mixBoilerplate } from "./stages/controls/mix-boilerplate.ts";
export { default as shuffleWords } from "./stages/controls/shuffle-words.ts";
export { default as decontaminate } from "./stages/decontaminate/decontaminate.ts";
export { default as exactDedup } from "./stages/dedup/exact-dedup.ts";
export { default as lineDedup } from "./stages/dedup/line-dedup.ts";
export { default as minhashDedup } from "./stages/dedup/minhash-dedup.ts";
export { default as ngramDedup } from "./stages/dedup/ngram-dedup.ts";
export { default as paragraphDedup } from "./stages/dedup/paragraph-dedup.ts";
export { default as substringDedup } from "./stages/dedup/substring-dedup.ts";
export { default as extractFeed } from "./stages/extract/feed.ts";
export { default as extractHtml } from "./stages/extract/html.ts";
export { default as extractPdf } from "./stages/extract/pdf.ts";
export { default as extractText } from "./stages/extract/text.ts";
export { default as badWords } from "./stages/filters/bad-words.ts";
export { default as c4 } from "./stages/filters/c4.ts";
export { default as dclmRefinedWeb } from "./stages/filters/dclm-refinedweb.ts";
export { default as dolmaGopher } from "./stages/filters/dolma-gopher.ts";
export { default as finewebQuality } from "./stages/filters/fineweb-quality.ts";
export { default as gopherQuality } from "./stages/filters/gopher-quality.ts";
export { default as gopherRepetition } from "./stages/filters/gopher-repetition.ts";
export { default as languageMix } from "./stages/filters/language-mix.ts";
export { default as length } from "./stages/filters/length.ts";
export { default as mc4Paragraph } from "./stages/filters/mc4-paragraph.ts";
export { default as nemoHeuristic } from "./stages/filters/nemo-heuristic.ts";
export { default as sample } from "./stages/filters/sample.ts";
export { default as urlFilter } from "./stages/filters/url-filter.ts";
export { default as jsonlSink } from "./stages/sinks/jsonl.ts";
export { default as jsonl } from "./stages/sources/jsonl.ts";
export { default as parquet } from "./stages/sources/parquet.ts";
export { default as text } from "./stages/sources/text.ts";
export { default as warc } from "./stages/sources/warc.ts";
export { default as shards } from "./tokenizer/shards.ts";
export { type Asked, defineVerifier, type Judgement } from "./trainer/align/verifiers/verifier.ts";

// A user's own modules import "sluice": from here on that means this very copy.
installResolveHook();

/** All built-in names. */
export const registry = { sources, stages, sinks: { ...tokenSinks, ...sinks } };

/**
 * Runs a recipe, given as an object or as the path of a file, to the end.
 * @example
 * const manifest = await run({
 *   source: warc({ files: ["crawl/*.warc.gz"] }),
 *   stages: [extractHtml(), language({ keep: ["en"] })],
 *   sink: shards({ dir: "out", tokenizer: "gpt2" }),
 * });
 */
export const run = runWith(registry);
