import { Command } from "commander";
import { registry } from "../../index.ts";
import { EXIT, FormatError } from "../errors.ts";
import { buildChain } from "../judge.ts";
import { contextFor } from "../recipe.ts";
import { openInput } from "./filter/pages.ts";
import { checkStages } from "./filter/stages.ts";
import { Tally } from "./filter/tally.ts";
import { verdictsOf } from "./filter/verdicts.ts";
import { positiveInt } from "./run.ts";

interface Flags {
  use: string[];
  with?: string[];
  text?: boolean;
  seed: number;
}

export function filterCommand(): Command {
  const collect = (text: string, texts: readonly string[] = []): string[] => [...texts, text];
  return new Command("filter")
    .description("Put documents through filters, and print what each says: one JSON line a document, all scores.")
    .argument(
      "<file>",
      "JSON Lines with a field text, and id, url, date, tags if there are; .gz and .zst too; - for stdin",
    )
    .requiredOption("--use <names>", "stages in order: built-in names and ./file.ts, between commas", collect)
    .option(
      "--with <stage.param=value>",
      "a parameter, its value as in a recipe (YAML); give it again for more",
      collect,
    )
    .option("--text", "print the text, too, as the stages leave it")
    .option("--seed <n>", "decides every random choice", positiveInt, 1)
    .addHelpText(
      "after",
      `
Each line is {"id", "kept", "stage", "reason", "value", "original", "scores": {stage: {name: number}}}. The first stage
that drops a document decides; those after it measure it all the same. "original" is what the implementation that a
stage reproduces calls the reason. A document on which a stage throws is {"id", "error"}.

Examples:
  sluice filter --use gopher-quality,gopher-repetition pages.jsonl
  sluice filter --use length,./no-lorem.ts --with length.minWords=20 --text pages.jsonl.gz | jq -r .reason
  zcat pages.jsonl.gz | sluice filter --use url-filter --with 'url-filter.domains=["adult.txt"]' -
`,
    )
    .action(async (file: string, flags: Flags) => {
      const context = contextFor(process.cwd(), flags.seed);
      const bounds = await checkStages(flags.use, flags.with ?? [], registry, process.cwd());
      const input = await openInput(file, context);
      const chain = await buildChain(bounds, context, "all");
      const tally = new Tally();
      for await (const row of input.rows()) {
        for (const line of await verdictsOf(row, chain, flags.text === true)) {
          tally.add(line);
          await print(JSON.stringify(line));
        }
      }
      console.error(tally.summary());
      if (tally.failedAll) process.exitCode = EXIT.failed;
      if (input.losses.length > 0) throw new FormatError(input.losses.join("; "));
    });
}

/** Waits while whoever reads the output is slower. */
async function print(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`)) await new Promise((resolve) => process.stdout.once("drain", resolve));
}
