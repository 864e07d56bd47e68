import { mkdirSync, realpathSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Command, Option } from "commander";
import { exportDatatrove } from "../../tokenizer/export/datatrove.ts";
import { exportMegatron } from "../../tokenizer/export/megatron.ts";
import { exportNanoGpt } from "../../tokenizer/export/nanogpt.ts";
import type { Exported } from "../../tokenizer/export/shard-set.ts";
import { RecipeError } from "../errors.ts";
import { shardsOf } from "./shards-of.ts";
import { bytes, count } from "./show.ts";

interface Format {
  readonly write: (shardPaths: readonly string[], outPath: string) => Promise<Exported>;
  /** The files that it writes: the path given with `--out`, and this. */
  readonly endings: readonly string[];
  /** How the path given with `--out` has to end. */
  readonly outMustEndIn?: string;
}

const FORMATS: Readonly<Record<string, Format>> = {
  nanogpt: { write: exportNanoGpt, endings: [""] },
  megatron: { write: exportMegatron, endings: [".bin", ".idx"] },
  // Its readers look for this ending in a folder.
  datatrove: { write: exportDatatrove, endings: ["", ".index", ".metadata"], outMustEndIn: ".ds" },
};

interface Flags {
  format: string;
  out: string;
  json?: boolean;
}

export function exportCommand(): Command {
  return new Command("export")
    .description("Write token shards in the format of another trainer.")
    .argument("<run|shard...>", "folders of finished runs, or .tok shards, in the order their tokens are to have")
    .addOption(
      new Option("--format <name>", "whose format to write").choices(Object.keys(FORMATS)).makeOptionMandatory(),
    )
    .requiredOption("--out <path>", "where to: nanogpt PATH; megatron PATH.bin and PATH.idx; datatrove PATH (a .ds)")
    .option("--json", "what was written, as JSON")
    .addHelpText(
      "after",
      `
Examples:
  sluice export out --format nanogpt --out train.bin
  sluice export out --format megatron --out corpus_text_document
  sluice export out/data/00000.tok --format datatrove --out tokens/00000.ds
`,
    )
    .action(async (inputs: string[], flags: Flags) => {
      const shards = inputs.flatMap(shardsOf).map(({ path }) => path);
      const format = FORMATS[flags.format]!;
      checkOut(flags.out, format, shards);
      mkdirSync(dirname(resolve(flags.out)), { recursive: true });
      const exported = await format.write(shards, flags.out);
      if (flags.json === true) console.log(JSON.stringify({ format: flags.format, shards, ...exported }));
      else console.log(describe(exported, shards.length));
    });
}

/** Refuses an output that is no file name, or that would replace what is read. */
function checkOut(out: string, { endings, outMustEndIn }: Format, shards: readonly string[]): void {
  if (outMustEndIn !== undefined && !out.endsWith(outMustEndIn)) {
    throw new RecipeError(`--out ${out}: expected a name that ends in ${outMustEndIn}`);
  }
  const inputs = new Set(shards.map((path) => realpathSync(path)));
  if (inputs.size < shards.length) throw new RecipeError("a shard is given twice: its tokens would be exported twice");
  for (const path of endings.map((ending) => out + ending)) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory() || path.endsWith("/")) {
      throw new RecipeError(`--out ${out}: found a folder; expected the name of a file to write`);
    }
    if (found !== undefined && inputs.has(realpathSync(path))) {
      throw new RecipeError(`--out ${out}: is one of the shards to export; choose another name`);
    }
  }
}

function describe({ files, documents, tokens }: Exported, shards: number): string {
  const from = `from ${count(shards)} ${shards === 1 ? "shard" : "shards"}`;
  return [
    `${count(documents)} documents, ${count(tokens)} tokens ${from}`,
    ...files.map((path) => `  ${path}  ${bytes(statSync(path).size)}`),
  ].join("\n");
}
