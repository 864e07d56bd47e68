import { realpathSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import {
  DEFAULT_MEMORY_BYTES,
  MIN_LENGTH,
  type PackProgress,
  pack,
  type ShardToPack,
} from "../../tokenizer/packing/pack.ts";
import { RecipeError } from "../errors.ts";
import type { Fill, PackingManifest, Strategy } from "../packed/packing-manifest.ts";
import { interruptible } from "./interruptible.ts";
import { wholeNumber } from "./numbers.ts";
import { openProgress } from "./progress.ts";
import { positiveInt } from "./run.ts";
import { shardsOf } from "./shards-of.ts";
import { bytes, count, percent, table } from "./show.ts";

interface Flags {
  length: number;
  strategy: Strategy;
  fill?: Fill;
  buffer?: number;
  seed?: number;
  shuffle: boolean;
  shuffleRows?: boolean;
  memory: number;
  out: string;
  json?: boolean;
}

export function packCommand(): Command {
  return new Command("pack")
    .description("Pack token shards into rows of one length to train on, in seeded order.")
    .argument("<run|shard...>", "folders of finished runs, or .tok shards, of one tokenizer")
    .requiredOption("--length <tokens>", "positions that a model sees; a row holds one token more", rowLength)
    .addOption(
      new Option("--strategy <name>", "best-fit keeps documents whole where they fit, concatenate cuts at every row")
        .choices(["concatenate", "best-fit"])
        .default("best-fit"),
    )
    .addOption(
      new Option("--fill <how>", "best-fit: how rows are filled up that no document fits (default: pad)").choices([
        "crop",
        "pad",
      ]),
    )
    .option(
      "--buffer <documents>",
      "best-fit: how many to choose from (default: 4096, fewer for rows above 8,192 tokens)",
      positiveInt,
    )
    .option("--seed <n>", "seed of the order (default: 0)", wholeNumber)
    .option("--no-shuffle", "documents in the order of the shards")
    .option("--shuffle-rows", "shuffle the rows, too")
    .option("--memory <MB>", "what shuffling and packing may hold", positiveInt, DEFAULT_MEMORY_BYTES / 1e6)
    .requiredOption("--out <folder>", "where to: a new or empty folder")
    .option("--json", "the manifest, as JSON")
    .addHelpText(
      "after",
      `
Examples:
  sluice pack out --length 2048 --out packed
  sluice pack out --length 2048 --strategy best-fit --fill crop --shuffle-rows --seed 7 --out packed
  sluice pack out/data/00000.tok --length 1024 --strategy concatenate --no-shuffle --out packed
`,
    )
    .action(async (inputs: string[], flags: Flags) => {
      if (flags.strategy !== "best-fit") {
        for (const flag of ["fill", "buffer"] as const) {
          if (flags[flag] !== undefined) throw new RecipeError(`--${flag}: only best-fit packing has it; leave it out`);
        }
      }
      if (flags.seed !== undefined && !flags.shuffle && flags.shuffleRows !== true) {
        throw new RecipeError("--seed: nothing is shuffled with --no-shuffle; leave one of them out");
      }
      const manifest = await packAndShow(shardsToPack(inputs), flags);
      if (flags.json === true) console.log(JSON.stringify({ type: "done", ...manifest }));
      else console.log(describe(manifest, flags.out));
    });
}

/** Packs with a display, and lets Ctrl-C stop it in good order. */
async function packAndShow(shards: readonly ShardToPack[], flags: Flags): Promise<PackingManifest> {
  const progress = openProgress();
  try {
    return await interruptible("packing was stopped; nothing is left of it: pack again", (signal) =>
      pack({
        shards,
        outDir: flags.out,
        length: flags.length,
        strategy: flags.strategy,
        ...(flags.fill === undefined ? {} : { fill: flags.fill }),
        ...(flags.buffer === undefined ? {} : { bufferDocuments: flags.buffer }),
        ...(flags.seed === undefined ? {} : { seed: flags.seed }),
        shuffleDocuments: flags.shuffle,
        shuffleRows: flags.shuffleRows === true,
        memoryBytes: flags.memory * 1e6,
        signal,
        // Shares are of a phase: how long the others take, they do not tell.
        onProgress: (now) => progress.show(undefined, () => told(now)),
      }),
    );
  } finally {
    progress.close();
  }
}

/** The shards that the arguments stand for, with what the runs that wrote them say of them. */
function shardsToPack(inputs: readonly string[]): ShardToPack[] {
  const shards = inputs.flatMap(shardsOf);
  const places = new Set(shards.map(({ path }) => realpathSync(path)));
  if (places.size < shards.length) throw new RecipeError("a shard is given twice: its documents would be packed twice");
  return shards;
}

function rowLength(text: string): number {
  const length = Number(text);
  if (Number.isInteger(length) && length >= MIN_LENGTH) return length;
  throw new InvalidArgumentError(`expected a whole number from ${MIN_LENGTH}, found ${JSON.stringify(text)}`);
}

function told({ phase, tokens, totalTokens, rows }: PackProgress): string {
  return `${phase}  ${percent(tokens, totalTokens)} of ${count(totalTokens)} tokens${rows === 0 ? "" : `  ${count(rows)} rows`}`;
}

function describe({ id, identity, counts, files }: PackingManifest, out: string): string {
  const { tokensIn, documents } = counts;
  const tokens = (n: number): [string, string] => [count(n), percent(n, tokensIn)];
  const padded = percent(counts.tokensPadded, counts.rows * (identity.length + 1));
  const totalBytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const how = identity.fill === null ? identity.strategy : `${identity.strategy}, ${identity.fill}`;
  return [
    `${count(counts.rows)} rows of ${count(identity.length)} + 1 tokens (${how}) from ${count(documents)} documents`,
    table([
      ["tokens in", count(tokensIn), ""],
      ["  kept", ...tokens(counts.tokensKept)],
      ["  cropped", ...tokens(counts.tokensCropped)],
      ["  remainder", ...tokens(counts.tokensRemainder)],
      ["padding", count(counts.tokensPadded), `${padded} of the rows`],
      ["documents whole", count(counts.documentsWhole), percent(counts.documentsWhole, documents)],
      ["documents cut", count(counts.documentsCut), percent(counts.documentsCut, documents)],
    ]),
    `  ${out}  ${count(files.length)} ${files.length === 1 ? "file" : "files"}, ${bytes(totalBytes)}, pack ${id.slice(0, 16)}`,
  ].join("\n");
}
