/** `sluice tokenizer compare`: two tokenizers on the same documents. */
import { Command, InvalidArgumentError, Option } from "commander";
import { compareTokenizers, GPT2_SMALL, type ModelShape, type Pair } from "../../../tokenizer/compare.ts";
import { loadAnyTokenizer } from "../../../tokenizer/load.ts";
import { bytes, count, percent, table } from "../show.ts";
import { DOCUMENTS_HELP, measure, plain } from "./stats.ts";

/** Of a transformer's layers: 12 · layers · width² parameters (Kaplan et al. 2020, arXiv 2001.08361, table 1). */
const layers = (n: number, width: number): ModelShape => ({ layerParameters: 12 * n * width ** 2, width });

/** Radford et al. 2019, table 2. */
const SHAPES: Readonly<Record<string, ModelShape>> = {
  "gpt2-small": GPT2_SMALL,
  "gpt2-medium": layers(24, 1024),
  "gpt2-large": layers(36, 1280),
  "gpt2-xl": layers(48, 1600),
};
const SHOWN_GROUPS = 20;

interface Flags {
  shape: { readonly name: string; readonly shape: ModelShape };
  jsonl?: boolean;
  json?: boolean;
}

export function compareCommand(): Command {
  return new Command("compare")
    .description("Two tokenizers side by side, and the training cost a byte of text that each implies.")
    .argument("<a>", "gpt2, cl100k_base, o200k_base, bytes, or the path of a folder or file")
    .argument("<b>", "the other")
    .argument("<files...>", "plain texts or JSON Lines; paths or URLs")
    .addOption(
      new Option(
        "--shape <model>",
        `the model to train: ${Object.keys(SHAPES).join(", ")}, or layers and width: 12x768`,
      )
        .argParser(shapeOf)
        .default(shapeOf("gpt2-small"), "gpt2-small"),
    )
    .option("--jsonl", "all files have a document a line, whatever their names")
    .option("--json", "as JSON, with the statistics of both")
    .exitOverride()
    .addHelpText(
      "after",
      `${DOCUMENTS_HELP}\n\nExample:\n  sluice tokenizer compare gpt2 ./my-tokenizer books.txt --shape gpt2-medium\n`,
    )
    .action(async (nameA: string, nameB: string, files: string[], flags: Flags) => {
      const tokenizers = [await loadAnyTokenizer(nameA), await loadAnyTokenizer(nameB)];
      const [a, b] = await measure(tokenizers, files, flags.jsonl === true);
      const { name, shape } = flags.shape;
      const comparison = compareTokenizers(a!, b!, shape);
      if (flags.json === true) {
        const { tokensByLanguage, tokensByDomain, ...rest } = comparison;
        const maps = {
          tokensByLanguage: Object.fromEntries(tokensByLanguage),
          tokensByDomain: Object.fromEntries(tokensByDomain),
        };
        const stats = { a: plain(a!), b: plain(b!) };
        console.log(JSON.stringify({ type: "tokenizer-compare", shape: { name, ...shape }, ...rest, ...maps, stats }));
        return;
      }
      const row = (title: string, { a: left, b: right, ratio }: Pair, show: (n: number) => string): string[] => [
        title,
        show(left),
        show(right),
        ratio === 0 ? "–" : ratio.toFixed(3),
      ];
      const share = (n: number): string => percent(n, 1);
      const hasUnknown = tokenizers.some(({ unknown }) => unknown !== undefined);
      const groups = (title: string, by: ReadonlyMap<string, Pair>): string[][] =>
        by.size === 1 && by.has("unknown")
          ? []
          : [...by].slice(0, SHOWN_GROUPS).map(([group, pair]) => row(`tokens, ${title} ${group}`, pair, count));
      console.log(`${count(a!.documents)} documents, ${bytes(a!.bytes)}`);
      console.log(
        table([
          ["", comparison.a.name, comparison.b.name, "b / a"],
          row("vocabulary", pairOf(comparison.a.vocabSize, comparison.b.vocabSize), count),
          row("tokens", comparison.tokens, count),
          row("bytes a token", comparison.bytesPerToken, (n) => n.toFixed(3)),
          row("tokens a word (fertility)", comparison.tokensPerWord, (n) => n.toFixed(3)),
          row("single-byte tokens", comparison.singleByteShare, share),
          row("vocabulary in use", comparison.vocabularyUse, share),
          ...(hasUnknown ? [row("unknown tokens", comparison.unknownShare, share)] : []),
          row(`training FLOPs a byte (${name})`, comparison.trainingFlopsPerByte, (n) => n.toExponential(3)),
          ...groups("language", comparison.tokensByLanguage),
          ...groups("domain", comparison.tokensByDomain),
        ]),
      );
    });
}

function pairOf(a: number, b: number): Pair {
  return { a, b, ratio: b / a };
}

function shapeOf(text: string): Flags["shape"] {
  if (Object.hasOwn(SHAPES, text)) return { name: text, shape: SHAPES[text]! };
  const [, n, width] = /^([1-9]\d{0,3})x([1-9]\d{0,5})$/.exec(text) ?? [];
  if (n !== undefined) return { name: text, shape: layers(Number(n), Number(width)) };
  throw new InvalidArgumentError(
    `expected ${Object.keys(SHAPES).join(", ")}, or layers and width such as 12x768, found ${JSON.stringify(text)}`,
  );
}
