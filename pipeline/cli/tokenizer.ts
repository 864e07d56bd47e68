import { Command } from "commander";
import { compareCommand } from "./tokenizer/compare.ts";
import { decodeCommand } from "./tokenizer/decode.ts";
import { encodeCommand } from "./tokenizer/encode.ts";
import { statsCommand } from "./tokenizer/stats.ts";
import { trainCommand } from "./tokenizer/train.ts";

export function tokenizerCommand(): Command {
  return new Command("tokenizer")
    .description("Train tokenizers; encode and decode with them; measure and compare them.")
    .addCommand(trainCommand())
    .addCommand(encodeCommand())
    .addCommand(decodeCommand())
    .addCommand(statsCommand())
    .addCommand(compareCommand());
}
