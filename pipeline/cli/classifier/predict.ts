/** `sluice classifier predict`: labels of texts, as they come. */
import { Command, InvalidArgumentError } from "commander";
import { FastTextScorer, loadFastTextModel, type Prediction } from "../../../classifiers/index.ts";
import { RecipeError } from "../../errors.ts";
import { probability } from "../numbers.ts";
import { positiveInt } from "../run.ts";
import { openOutput } from "../tokenizer/output.ts";
import { DocumentReader, type ReadFlags, withoutPrefix, withReadFlags } from "./documents.ts";

const WRITE_BYTES = 1 << 16;

interface Thresholds {
  /** For labels without one of their own; undefined: those are not told. */
  readonly all?: number;
  readonly byLabel: ReadonlyMap<string, number>;
}

interface Flags extends ReadFlags {
  readonly k?: number;
  readonly threshold?: Thresholds;
  readonly out?: string;
}

export function predictCommand(): Command {
  return withReadFlags(
    new Command("predict")
      .description("Labels of texts with their probabilities, one JSON line a text.")
      .argument("<model>", "a fastText classifier, .bin or .ftz")
      .argument(
        "<file>",
        'texts, one a line: .jsonl, or plain text; .gz and .zst are decompressed; "-" is standard input',
      ),
  )
    .option(
      "--k <n>",
      "at most so many labels, the likeliest first (default: 1, or all above their thresholds)",
      positiveInt,
    )
    .option(
      "--threshold <p>",
      "only labels with this probability or more; label=p is for one label, and others are then told only with a threshold, too; may be repeated",
      addThreshold,
    )
    .option("--out <file>", "where to (default: standard output)")
    .exitOverride()
    .addHelpText(
      "after",
      `
A line of the output has the text's "id" (from a field "id", else FILE:LINE) and "labels", the likeliest first.

Examples:
  sluice classifier predict lid.176.ftz pages.jsonl --k 3
  sluice classifier predict quality.bin pages.jsonl.gz --threshold hq=0.018112 --out scores.jsonl
  zcat pages.jsonl.gz | sluice classifier predict toxic.bin - --jsonl --threshold 0.4
`,
    )
    .action(predict);
}

function addThreshold(text: string, before: Thresholds = { byLabel: new Map() }): Thresholds {
  // A label may hold a sign of equality, a probability may not.
  const at = text.lastIndexOf("=");
  const value = probability(text.slice(at + 1));
  if (value === undefined) {
    throw new InvalidArgumentError(
      `expected a probability from 0 to 1, or label=probability, found ${JSON.stringify(text)}`,
    );
  }
  if (at === -1) return { ...before, all: value };
  return { ...before, byLabel: new Map([...before.byLabel, [withoutPrefix(text.slice(0, at)), value]]) };
}

async function predict(path: string, file: string, flags: Flags): Promise<void> {
  const scorer = new FastTextScorer(loadFastTextModel(path));
  const choose = chooser(scorer, path, flags);
  const reader = new DocumentReader(flags);
  const output = await openOutput(flags.out, file);
  try {
    let lines = "";
    for await (const { place, id = place, text } of reader.read([{ file }])) {
      lines += `${JSON.stringify({ id, labels: scorer.read(text) ? choose() : [] })}\n`;
      if (lines.length < WRITE_BYTES) continue;
      await output.write(Buffer.from(lines));
      lines = "";
    }
    await output.write(Buffer.from(lines));
    await output.finish();
  } finally {
    await output.discard();
  }
}

/** Which labels of the text read last are told. */
function chooser(scorer: FastTextScorer, path: string, { k, threshold }: Flags): () => Prediction[] {
  const { labels } = scorer.model;
  if (threshold === undefined) return () => scorer.top(k ?? 1);
  const { all, byLabel } = threshold;
  for (const label of byLabel.keys()) {
    if (labels.includes(label)) continue;
    const known = labels.slice(0, 12).join(", ");
    throw new RecipeError(
      `--threshold: ${path} has no label "${label}" (it has: ${known}${labels.length > 12 ? ", …" : ""})`,
    );
  }
  const lowest = Math.min(all ?? 1, ...byLabel.values());
  const passes = ({ label, probability }: Prediction): boolean =>
    probability >= (byLabel.get(label) ?? all ?? Infinity);
  return () => scorer.top(labels.length, lowest).filter(passes).slice(0, k);
}
