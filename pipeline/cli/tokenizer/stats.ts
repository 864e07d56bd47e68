/** `sluice tokenizer stats`: what a tokenizer makes of documents. */
import { Command } from "commander";
import { loadAnyTokenizer } from "../../../tokenizer/load.ts";
import { StatsGatherer, type TokenCounts, type TokenizerStats } from "../../../tokenizer/stats.ts";
import type { Tokenizer } from "../../tokenizer.ts";
import { openProgress } from "../progress.ts";
import { bytes, count, percent, table } from "../show.ts";
import { readDocuments } from "./input.ts";

/** Languages and domains that are shown; JSON has all. */
const SHOWN_GROUPS = 20;

export const DOCUMENTS_HELP = `
A plain file is one document. Files that end in .jsonl have one a line: {"text": "…"}, with "language" and "domain" if
they are known, in the row or in its "tags". Files that end in .gz or .zst are decompressed; - is standard input.`;

interface Flags {
  tokenizer: string;
  jsonl?: boolean;
  json?: boolean;
}

export function statsCommand(): Command {
  return new Command("stats")
    .description(
      "How a tokenizer spells documents: bytes a token, tokens a document, fertility by language and domain.",
    )
    .argument("<files...>", "plain texts or JSON Lines; paths or URLs")
    .requiredOption("--tokenizer <name>", "gpt2, cl100k_base, o200k_base, bytes, or the path of a folder or file")
    .option("--jsonl", "all files have a document a line, whatever their names")
    .option("--json", "as JSON")
    .exitOverride()
    .addHelpText(
      "after",
      `${DOCUMENTS_HELP}\n\nExample:\n  sluice tokenizer stats --tokenizer gpt2 out/data/00000.jsonl\n`,
    )
    .action(async (files: string[], flags: Flags) => {
      const tokenizer = await loadAnyTokenizer(flags.tokenizer);
      const [stats] = await measure([tokenizer], files, flags.jsonl === true);
      if (flags.json === true) console.log(JSON.stringify({ type: "tokenizer-stats", ...plain(stats!) }));
      else console.log(describe(stats!, tokenizer));
    });
}

/** Statistics of the files' documents by each tokenizer. */
export async function measure(
  tokenizers: readonly Tokenizer[],
  files: readonly string[],
  allJsonLines: boolean,
): Promise<TokenizerStats[]> {
  const gatherers = tokenizers.map((tokenizer) => new StatsGatherer(tokenizer));
  const progress = openProgress();
  let documents = 0;
  try {
    for await (const document of readDocuments(files, allJsonLines)) {
      for (const gatherer of gatherers) gatherer.add(document);
      documents++;
      progress.show(undefined, () => `${count(documents)} documents`);
    }
  } finally {
    progress.close();
  }
  return gatherers.map((gatherer) => gatherer.finish());
}

/** With objects for maps. */
export function plain(stats: TokenizerStats): object {
  const { byLanguage, byDomain, ...rest } = stats;
  return { ...rest, byLanguage: Object.fromEntries(byLanguage), byDomain: Object.fromEntries(byDomain) };
}

function describe(stats: TokenizerStats, { unknown }: Tokenizer): string {
  const { tokenizer, tokensPerDocument: per } = stats;
  const facts = [
    ["bytes a token", stats.bytesPerToken.toFixed(3)],
    ["characters a token", stats.charactersPerToken.toFixed(3)],
    ["tokens a word (fertility)", stats.tokensPerWord.toFixed(3)],
    ["single-byte tokens", percent(stats.singleByteShare, 1)],
    ["vocabulary in use", `${count(stats.idsSeen)} of ${count(tokenizer.vocabSize)}`, percent(stats.vocabularyUse, 1)],
    ...(unknown === undefined ? [] : [["unknown tokens", percent(stats.unknownShare, 1)]]),
  ];
  const spread = ["min", "p5", "p25", "p50", "p75", "p95", "p99", "max"] as const;
  return [
    `${tokenizer.name}: ${count(stats.documents)} documents, ${bytes(stats.bytes)}, ${count(stats.tokens)} tokens (digest ${tokenizer.digest.slice(0, 16)})`,
    table(facts),
    "tokens a document",
    table(
      [
        [...spread, "mean"],
        [...spread.map((name) => count(per[name])), per.mean.toFixed(1)],
      ].map((row) => ["", ...row]),
    ),
    ...groups("language", stats.byLanguage),
    ...groups("domain", stats.byDomain),
  ].join("\n");
}

/** Nothing where no document says what it is. */
function groups(title: string, by: ReadonlyMap<string, TokenCounts>): string[] {
  if (by.size === 0 || (by.size === 1 && by.has("unknown"))) return [];
  const rows = [...by]
    .slice(0, SHOWN_GROUPS)
    .map(([name, counts]) => [
      name,
      count(counts.documents),
      bytes(counts.bytes),
      counts.bytesPerToken.toFixed(3),
      counts.tokensPerWord.toFixed(3),
      percent(counts.singleByteShare, 1),
    ]);
  const more = by.size > SHOWN_GROUPS ? [`  … and ${count(by.size - SHOWN_GROUPS)} more (--json)`] : [];
  return [
    table([[`by ${title}`, "documents", "size", "bytes a token", "fertility", "single bytes"], ...rows], ""),
    ...more,
  ];
}
