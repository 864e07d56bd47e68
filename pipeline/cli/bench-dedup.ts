/**
 * How fast deduplication is, part by part, on one core. Time is the process's user CPU time, so that a busy machine
 * measures the same as an idle one as far as it can; rounds are interleaved, and what counts is the ratio.
 */
import { Command } from "commander";
import { EXIT, RecipeError } from "../errors.ts";
import { contextFor } from "../recipe.ts";
import { isRejected } from "../source.ts";
import { benchSigning, type SigningBench, showSigning } from "./bench-dedup/signing.ts";
import { inOnePiece, syntheticPages } from "./bench-dedup/synthetic-pages.ts";
import { openInput } from "./filter/pages.ts";
import { positiveInt } from "./run.ts";

const PAGE_WORDS = 1000;
const SEED = 1;
/** The definitions are some fifty times as slow. */
const DEFINITION_PAGES = 50;

interface Flags {
  readonly pages: number;
  readonly rounds: number;
  readonly json?: boolean;
}

/** `sluice bench dedup`. */
export function benchDedup(): Command {
  return new Command("dedup")
    .description("Signing pages for minhash-dedup: the kernel beside plain TypeScript, value by value.")
    .argument("[files...]", "JSON Lines with `text`, to be signed beside synthetic pages")
    .option("--pages <n>", `synthetic pages, ${PAGE_WORDS} words each`, positiveInt, 1000)
    .option("--rounds <n>", "rounds; each runs all", positiveInt, 7)
    .option("--json", "as JSON")
    .exitOverride()
    .addHelpText("after", "\nExample:\n  sluice bench dedup out/data/*.jsonl\n")
    .action(async (files: string[], flags: Flags) => {
      const signing = await benchAllSigning(files, flags);
      console.log(
        flags.json === true
          ? JSON.stringify({ type: "bench-dedup", node: process.version, signing })
          : signing.map(showSigning).join("\n"),
      );
      process.exitCode = signing.some(({ differences }) => differences > 0) ? EXIT.failed : EXIT.done;
    });
}

async function benchAllSigning(files: readonly string[], { pages, rounds }: Flags): Promise<SigningBench[]> {
  const options = { rounds, definitionPages: DEFINITION_PAGES };
  const inputs: [name: string, texts: readonly string[]][] = [
    ["synthetic pages", syntheticPages(pages, PAGE_WORDS, SEED)],
  ];
  for (const file of files) inputs.push([file, await readTexts(file)]);
  return inputs.map(([name, texts]) => benchSigning(name, texts, options));
}

async function readTexts(file: string): Promise<string[]> {
  const { rows } = await openInput(file, contextFor(process.cwd(), 1));
  const texts: string[] = [];
  for await (const { page } of rows()) if (!isRejected(page)) texts.push(inOnePiece(page.text));
  if (texts.length === 0) throw new RecipeError(`${file}: no page with text; expected JSON Lines with "text"`);
  return texts;
}
