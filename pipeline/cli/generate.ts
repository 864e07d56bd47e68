import { Command, Option } from "commander";
import { backendNamed } from "../../trainer/backends/index.ts";
import { onnxBackend } from "../../trainer/backends/onnx/onnx.ts";
import { loadTrainedModel, type TrainedModel } from "../../trainer/checkpoint/trained-model.ts";
import { CachedModel } from "../../trainer/generate/cached-model.ts";
import { type Decoder, type GeneratedText, generateTexts, PlainDecoder } from "../../trainer/generate/generator.ts";
import { type SpeculationReport, SpeculativeDecoder } from "../../trainer/generate/speculative.ts";
import { Transformer } from "../../trainer/model/transformer.ts";
import { RecipeError } from "../errors.ts";
import { positiveInt } from "./run.ts";
import { count } from "./show.ts";
import { tokenizerOf } from "./tokenizer-of.ts";

interface Flags {
  prompt?: string[];
  maxTokens: number;
  temperature: number;
  topK?: number;
  topP?: number;
  seed: number;
  stop?: string[];
  draft?: string;
  tokenizer?: string;
  backend: "onnx" | "reference";
  threads?: number;
  json?: boolean;
}

export function generateCommand(): Command {
  const collect = (text: string, texts: string[] | undefined): string[] => [...(texts ?? []), text];
  return new Command("generate")
    .description("Let a trained model write on.")
    .argument("<checkpoint>", "a training run's folder, or one of its checkpoints")
    .option(
      "--prompt <text>",
      "what to go on from; give it again for more (default: the beginning of a document)",
      collect,
    )
    .option("--max-tokens <n>", "at most so many", positiveInt, 200)
    .option("--temperature <x>", "0 takes the likeliest token, 1 draws as the model says", numberFrom(0), 1)
    .option("--top-k <n>", "draw from the k likeliest", positiveInt)
    .option("--top-p <x>", "draw from the likeliest that have this share together", numberFrom(0))
    .option("--seed <n>", "the same seed, the same text", numberFrom(0), 0)
    .option("--stop <text>", "ends where this would be written; give it again for more", collect)
    .option(
      "--draft <checkpoint>",
      "a smaller model of the same tokenizer that guesses ahead: the same distribution, sooner",
    )
    .option("--tokenizer <name>", "name or path, where the model's own name does not lead to it")
    .addOption(new Option("--backend <name>").choices(["onnx", "reference"]).default("onnx"))
    .option("--threads <n>", "by default one a core", positiveInt)
    .option("--json", "a JSON object a prompt; the last line is the result")
    .addHelpText(
      "after",
      '\nExample:\n  sluice generate tiny --prompt "Once upon a time" --temperature 0.8 --top-p 0.95\n',
    )
    .action(writeOn);
}

async function writeOn(folder: string, flags: Flags): Promise<void> {
  const trained = await loadTrainedModel(folder);
  const tokenizer = await tokenizerOf(trained.tokenizer, flags.tokenizer);
  if (tokenizer === undefined) {
    throw new RecipeError(`tokenizer: "${trained.tokenizer.name}" is not to be found; give its path (--tokenizer)`);
  }
  const model = await cached(trained, flags);
  const draft = flags.draft === undefined ? undefined : await draftOf(flags.draft, trained, flags);
  const speculative = draft && new SpeculativeDecoder(model, draft);
  const decoder: Decoder = speculative ?? new PlainDecoder(model);
  const { prompt: prompts = [""], maxTokens, temperature, topK, topP, seed, stop, json = false } = flags;
  // One text is shown as it is written; of several, each when all are there.
  const isLive = prompts.length === 1 && !json;
  if (isLive) process.stdout.write(prompts[0]!);
  const startMs = performance.now();
  const texts = await generateTexts(decoder, tokenizer, prompts, {
    maxTokens,
    temperature,
    seed,
    ...(topK !== undefined && { topK }),
    ...(topP !== undefined && { topP }),
    ...(stop && { stop }),
    ...(isLive && { onText: (_: number, text: string) => void process.stdout.write(text) }),
  });
  const seconds = (performance.now() - startMs) / 1000;
  if (isLive) process.stdout.write("\n");
  for (const [n, { text, ids, reason }] of texts.entries()) {
    if (json) console.log(JSON.stringify({ type: "text", prompt: prompts[n], text, tokens: ids.length, reason }));
    else if (!isLive) console.log(`${prompts[n]}${text}\n`);
  }
  printResult(texts, seconds, await speculative?.report(), json);
  await model.close();
  await draft?.close();
}

function printResult(
  texts: readonly GeneratedText[],
  seconds: number,
  speculation: SpeculationReport | undefined,
  json: boolean,
): void {
  const tokens = texts.reduce((sum, { ids }) => sum + ids.length, 0);
  const tokensPerSecond = tokens / seconds;
  if (json) {
    console.log(
      JSON.stringify({ type: "done", tokens, seconds, tokensPerSecond, ...(speculation && { speculation }) }),
    );
    return;
  }
  const reasons = texts.map(({ reason }) => reason).join(", ");
  console.error(`${count(tokens)} tokens, ${tokensPerSecond.toFixed(1)} tokens/s (${reasons})`);
  if (speculation !== undefined) console.error(speculation.verdict);
}

async function cached({ config, parameters }: TrainedModel, { backend, threads }: Flags): Promise<CachedModel> {
  // A token is little work: threads that wait for each other at full speed cost more than they save.
  const runs =
    backend === "onnx" ? onnxBackend({ spinning: false, ...(threads && { threads }) }) : backendNamed(backend);
  return new CachedModel(new Transformer(config), parameters, await runs);
}

async function draftOf(folder: string, { tokenizer }: TrainedModel, flags: Flags): Promise<CachedModel> {
  const draft = await loadTrainedModel(folder);
  if (draft.tokenizer.digest === tokenizer.digest) return cached(draft, flags);
  throw new RecipeError(
    `--draft: ${folder} was trained with ${draft.tokenizer.name}, the model with ${tokenizer.name}; expected one tokenizer`,
  );
}

function numberFrom(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= least))
      throw new RecipeError(`expected a number from ${least}, found "${text}"`);
    return value;
  };
}
