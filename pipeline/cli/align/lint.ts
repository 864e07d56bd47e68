/** `sluice align lint`: what examples or pairs are like, before anything is learned from them. */
import { Command } from "commander";
import { loadAnyTokenizer } from "../../../tokenizer/load.ts";
import {
  type Duplicates,
  type ExampleLint,
  type LengthSummary,
  lintExamples,
  lintPreferences,
  type Overlap,
  type PreferenceLint,
} from "../../../trainer/align/examples/lint.ts";
import { type ReadOptions, readExamples, readPreferences } from "../../../trainer/align/examples/read.ts";
import { resolveTemplate } from "../../../trainer/align/templates/template.ts";
import { RecipeError } from "../../errors.ts";
import { positiveInt } from "../run.ts";
import { count, percent, table } from "../show.ts";
import { collected, nameAndValue } from "./given.ts";

interface Flags {
  readonly pairs?: boolean;
  readonly with?: readonly { readonly name: string; readonly value: unknown }[];
  readonly tokenizer?: string;
  readonly template: string;
  readonly context?: number;
  readonly json?: boolean;
}

export function lintCommand(): Command {
  return new Command("lint")
    .description("Tell what examples or pairs are like before a model learns from them: faults, duplicates, lengths.")
    .argument("<files...>", "JSONL, JSON or CSV; globs; .gz and .zst too")
    .option("--pairs", "rows are pairs of a chosen and a rejected answer")
    .option(
      "--with <option=value>",
      "how files are read, as in a config's data (YAML); again for more",
      collected(nameAndValue),
    )
    .option("--tokenizer <name>", "name or path: lengths are in tokens instead of characters")
    .option("--template <name>", "with --context: how examples are put", "chat")
    .option("--context <n>", "of examples: how many are longer than a model's context; needs --tokenizer", positiveInt)
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      `
Examples:
  sluice align lint instructions.json --tokenizer gpt2 --context 1024
  sluice align lint pairs.jsonl.gz --pairs --with validation=0.1
  sluice align lint mine.jsonl --with 'fields={prompt: ask, response: say}'
`,
    )
    .action(lint);
}

async function lint(files: readonly string[], flags: Flags): Promise<void> {
  const { pairs = false, json = false, context } = flags;
  if (context !== undefined && flags.tokenizer === undefined) {
    throw new RecipeError("--context: counts tokens; expected --tokenizer, too");
  }
  if (context !== undefined && pairs) throw new RecipeError("--context: is told of examples; leave out --pairs");
  const options = Object.fromEntries((flags.with ?? []).map(({ name, value }) => [name, value])) as ReadOptions;
  const tokenizer = flags.tokenizer === undefined ? undefined : await loadAnyTokenizer(flags.tokenizer);
  const template = resolveTemplate(flags.template, process.cwd(), "--template");
  const common = { ...(tokenizer && { tokenizer }) };
  const examine = async () => {
    if (pairs) {
      const { rows, validation, ...told } = await readPreferences(files, options);
      const lint = lintPreferences(rows, { ...common, ...(validation.length > 0 && { validation }) });
      return { told, lint, lines: linesOfPairs(lint) };
    }
    const { rows, validation, ...told } = await readExamples(files, options);
    const lint = lintExamples(rows, {
      ...common,
      ...(context !== undefined && { contextLength: context, template }),
      ...(validation.length > 0 && { validation }),
    });
    return { told, lint, lines: linesOfExamples(lint) };
  };
  const { told, lint: found, lines } = await examine();
  const { formats, faults } = told;
  if (json) {
    console.log(JSON.stringify({ formats, faults, ...found }));
    return;
  }
  for (const [file, format] of Object.entries(formats)) console.log(`${file}: ${format}`);
  const { rows, faulty, reasons } = faults;
  console.log(`\n${table([...linesOfFaults(rows, faulty, reasons), ...lines])}`);
}

type Line = readonly string[];
/** Places that are shown of each kind. */
const PLACES = 3;

function linesOfFaults(
  rows: number,
  faulty: number,
  reasons: Readonly<Record<string, { readonly count: number; readonly places: readonly string[] }>>,
): Line[] {
  return [
    ["rows", count(rows)],
    ["left out", count(faulty), percent(faulty, rows)],
    ...Object.entries(reasons).map(([reason, { count: n, places }]) => [
      `  ${reason}`,
      count(n),
      percent(n, rows),
      shown(places),
    ]),
  ];
}

function linesOfExamples({
  examples,
  prompts,
  duplicates,
  empty,
  refusals,
  length,
  context,
  validation,
}: ExampleLint): Line[] {
  return [
    ["examples", count(examples)],
    ...linesInCommon(examples, prompts, duplicates),
    ["empty responses", count(empty), percent(empty, examples)],
    ["responses like refusals", count(refusals), percent(refusals, examples)],
    ...linesOfLengths([
      ["prompt", length.prompt],
      ["response", length.response],
      ...(context ? [["whole rows", context.length] as const] : []),
    ]),
    ...(context
      ? [
          ["longer than the context", count(context.tooLong), percent(context.tooLong, examples)],
          ["not to be put by the template", count(context.unrendered), percent(context.unrendered, examples)],
        ]
      : []),
    ...linesOfOverlap(validation),
  ];
}

function linesOfPairs(lint: PreferenceLint): Line[] {
  const { pairs, prompts, duplicates, judgedAgain, equalAnswers, length, refusals, validation } = lint;
  const { chosenLonger, rejectedLonger, equal, longerWins } = length;
  return [
    ["pairs", count(pairs)],
    ...linesInCommon(pairs, prompts, duplicates),
    ["judged again, agreeing", count(judgedAgain.agreeing)],
    ["judged again, opposite", count(judgedAgain.opposite), "", shown(judgedAgain.oppositePlaces)],
    ["answers equal but for case and space", count(equalAnswers), percent(equalAnswers, pairs)],
    ...linesOfLengths([
      ["chosen", length.chosen],
      ["rejected", length.rejected],
    ]),
    ["chosen is longer", count(chosenLonger), percent(chosenLonger, pairs)],
    ["rejected is longer", count(rejectedLonger), percent(rejectedLonger, pairs)],
    ["equally long", count(equal), percent(equal, pairs)],
    ["“the longer is better” is right", "", percent(longerWins, 1)],
    ["chosen like refusals", count(refusals.chosen), percent(refusals.chosen, pairs)],
    ["rejected like refusals", count(refusals.rejected), percent(refusals.rejected, pairs)],
    ["only the chosen", count(refusals.onlyChosen), percent(refusals.onlyChosen, pairs)],
    ["only the rejected", count(refusals.onlyRejected), percent(refusals.onlyRejected, pairs)],
    ...linesOfOverlap(validation),
  ];
}

function linesInCommon(
  rows: number,
  prompts: { readonly distinct: number; readonly repeated: number },
  { exact, normalised }: Duplicates,
): Line[] {
  return [
    ["different prompts", count(prompts.distinct)],
    ["prompts of several rows", count(prompts.repeated), percent(prompts.repeated, prompts.distinct)],
    ["duplicates", count(exact), percent(exact, rows)],
    ["duplicates but for case and space", count(normalised), percent(normalised, rows)],
  ];
}

function linesOfLengths(lengths: readonly (readonly [string, LengthSummary])[]): Line[] {
  return lengths.map(([what, { unit, mean, p5, p50, p95, max }]) => [
    `${what}, ${unit}`,
    mean.toFixed(1),
    "",
    `5 % ${count(p5)}, half ${count(p50)}, 95 % ${count(p95)}, most ${count(max)}`,
  ]);
}

function linesOfOverlap(validation: Overlap | undefined): Line[] {
  if (validation === undefined) return [];
  const { rows, overlapping, places } = validation;
  return [
    ["held out", count(rows)],
    ["held out, prompt trained on", count(overlapping), percent(overlapping, rows), shown(places)],
  ];
}

function shown(places: readonly string[]): string {
  return places.slice(0, PLACES).join(", ") + (places.length > PLACES ? " …" : "");
}
