/** `sluice tokenizer decode`: ids in, the bytes they stand for out, as a stream. */
import { Command, Option } from "commander";
import { loadAnyTokenizer } from "../../../tokenizer/load.ts";
import { FormatError } from "../../errors.ts";
import type { Tokenizer } from "../../tokenizer.ts";
import { DTYPES, type Dtype, dtypeFor, readBinaryIds, readTextIds } from "./ids.ts";
import { openInput, STDIN } from "./input.ts";
import { openOutput } from "./output.ts";

interface Flags {
  tokenizer: string;
  dtype?: Dtype;
  out?: string;
}

export function decodeCommand(): Command {
  return new Command("decode")
    .description("The text that token ids stand for, byte by byte.")
    .argument("[input]", "file, or - for standard input", STDIN)
    .requiredOption("--tokenizer <name>", "gpt2, cl100k_base, o200k_base, bytes, or the path of a folder or file")
    .addOption(
      new Option(
        "--dtype <type>",
        "the input is binary, little-endian; otherwise it is numbers and whitespace",
      ).choices(DTYPES),
    )
    .option("--out <file>", "write the text there (default: standard output)")
    .exitOverride()
    .addHelpText(
      "after",
      `
Examples:
  echo 31373 995 | sluice tokenizer decode --tokenizer gpt2
  sluice tokenizer decode --tokenizer o200k_base --dtype u32 --out books.txt books.u32
`,
    )
    .action(async (path: string, flags: Flags) => {
      const tokenizer = await loadAnyTokenizer(flags.tokenizer);
      if (flags.dtype !== undefined) dtypeFor(flags.dtype, tokenizer);
      const { chunks, label } = await openInput(path);
      const output = await openOutput(flags.out, path);
      const parts =
        flags.dtype === undefined
          ? readTextIds(chunks, label, tokenizer)
          : readBinaryIds(chunks, label, flags.dtype, tokenizer);
      try {
        let position = 0;
        for await (const ids of parts) {
          await output.write(decode(tokenizer, ids, label, position));
          position += ids.length;
        }
        await output.finish();
      } finally {
        await output.discard();
      }
    });
}

/** The ids' bytes; an error says which of all ids it was. */
function decode(tokenizer: Tokenizer, ids: Uint32Array, label: string, position: number): Uint8Array {
  try {
    return tokenizer.decode(ids);
  } catch (error) {
    // The vocabulary has gaps, so not every id below its size is one.
    const at = ids.findIndex((id) => !isToken(tokenizer, id));
    if (at < 0) throw error;
    throw new FormatError(
      `${label}: found id ${ids[at]} at position ${position + at}, which stands for nothing in ${tokenizer.name}; is it the tokenizer that made the ids?`,
      { cause: error },
    );
  }
}

function isToken(tokenizer: Tokenizer, id: number): boolean {
  try {
    tokenizer.decode([id]);
    return true;
  } catch {
    return false;
  }
}
