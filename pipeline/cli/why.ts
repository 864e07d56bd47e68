import { Command, InvalidArgumentError } from "commander";
import { registry } from "../../index.ts";
import type { Manifest } from "../manifest.ts";
import { labelOf } from "../stage.ts";
import { type PageStory, tellWhy } from "../why.ts";
import { bytes, count } from "./show.ts";
import { compareTexts, type LinePair } from "./why/compare-texts.ts";
import { cutsInWords } from "./why/cuts.ts";
import { sideBySide } from "./why/side-by-side.ts";

const TEXT_CHARS = 600;
const DEFAULT_COLUMNS = 100;
const MIN_COLUMNS = 40;

interface Flags {
  readonly json?: boolean;
  readonly width?: number;
}

export function whyCommand(): Command {
  return new Command("why")
    .description("Tell what became of one page, and why.")
    .argument("<run>", "output folder of a finished run")
    .argument("<url|id>", "the page's URL as the crawl has it, or its id")
    .option("--width <columns>", `columns that texts may take; if absent, the terminal's or ${DEFAULT_COLUMNS}`, width)
    .option("--json", "the story as JSON")
    .addHelpText(
      "after",
      "\nA duplicate is shown beside the page that was kept, and of what was cut out of a page the first few passages: both are\nread again from the run's inputs.\n\nExample:\n  sluice why out https://example.org/a-page\n",
    )
    .action(async (run: string, page: string, flags: Flags) => {
      const { manifest, stories } = await tellWhy(run, page, { registry });
      for (const story of stories) console.log(flags.json === true ? inJson(story) : inWords(story, manifest, flags));
    });
}

function width(text: string): number {
  const columns = Number(text);
  if (Number.isInteger(columns) && columns >= MIN_COLUMNS) return columns;
  throw new InvalidArgumentError(`expected a whole number from ${MIN_COLUMNS} on, found ${JSON.stringify(text)}`);
}

function inJson(story: PageStory): string {
  const pairs = pairsOf(story);
  const told =
    pairs === undefined ? story : { ...story, compared: { ...story.compared, differences: differences(pairs) } };
  return JSON.stringify(told, (_, value) => (typeof value === "bigint" ? Number(value) : value));
}

/** Both texts line by line, where both are known. */
function pairsOf({ compared }: PageStory): LinePair[] | undefined {
  if (compared?.page === undefined || compared.twin === undefined) return undefined;
  return compareTexts(compared.page, compared.twin);
}

/** Lines that differ, each with its number from 1, or that of the first. */
function differences(pairs: readonly LinePair[]): object[] {
  let [nextPage, nextTwin] = [1, 1];
  return pairs.flatMap((pair) => {
    const [page, twin] = [nextPage, nextTwin];
    nextPage += linesIn(pair.page);
    nextTwin += linesIn(pair.twin);
    if (pair.kind === "equal") return [];
    return [
      {
        ...(pair.page === undefined ? {} : { page: { line: page, segments: pair.page } }),
        ...(pair.twin === undefined ? {} : { twin: { line: twin, segments: pair.twin } }),
      },
    ];
  });
}

/** A pair has several lines of a text where the other has them as one. */
function linesIn(segments: LinePair["page"]): number {
  if (segments === undefined) return 0;
  return segments.reduce((sum, { text }) => sum + text.split("\n").length - 1, 1);
}

function inWords(story: PageStory, manifest: Manifest, flags: Flags): string {
  const { page, scores, cuts = [], twin, detail, text, compared } = story;
  const { url, id, file, offset, outcome, stage, reason, value, textBytes, tokens } = page;
  const lines = [url, `  id ${id}`, `  read from ${file}, byte ${count(Number(offset))}`];
  const order = manifest.identity.stages.map(labelOf);
  const measured = [...new Set(scores.map((score) => score.stage))];
  for (const name of measured) {
    const values = scores.filter((score) => score.stage === name).map((score) => `${score.name} ${round(score.value)}`);
    // With `scores: all`, or where a duplicate was told after the workers were done.
    const isBehind = order.includes(stage) && order.indexOf(name) > order.indexOf(stage);
    const what = name === stage ? "dropped by" : isBehind ? "measured, but not judged, by" : "passed";
    lines.push(`  ${what} ${name}: ${values.join(", ")}`);
    for (const cut of cuts) if (cut.stage === name) lines.push(...cutsInWords(cut, id, columnsOf(flags)));
  }
  if (outcome === "kept")
    lines.push(
      `  kept: ${bytes(Number(textBytes))} of text${Number(tokens) === 0 ? "" : `, ${count(Number(tokens))} tokens`}`,
    );
  else if (outcome === "dropped") {
    lines.push(
      `  dropped by ${stage}: ${reason}${value === null || value === undefined ? "" : ` (measured ${round(value)})`}`,
    );
    const params = manifest.identity.stages.find((one) => labelOf(one) === stage)?.params;
    if (params !== undefined) lines.push(`  ${stage} ran with ${JSON.stringify(params)}`);
    if (twin !== undefined) {
      const where = twin.run === null || twin.run === undefined ? "" : ` by the earlier run ${twin.run}`;
      lines.push(
        `  its twin, which was kept${where}: ${twin.url} (id ${twin.twin}), similarity ${round(twin.similarity)}`,
      );
    }
    if (compared?.told !== undefined) lines.push(`  ${compared.told}`);
    for (const note of compared?.notes ?? []) lines.push(`  ${note}`);
    const pairs = pairsOf(story);
    if (pairs !== undefined) lines.push(...beside(pairs, flags));
    else if ((compared?.page ?? text) !== undefined) {
      lines.push("  its text began:", ...indent(beginning((compared?.page ?? text)!)));
    }
  } else lines.push(`  quarantined in ${stage}: ${reason}${detail === undefined ? "" : ` — ${detail}`}`);
  return lines.join("\n");
}

function beside(pairs: readonly LinePair[], flags: Flags): string[] {
  if (pairs.every(({ kind }) => kind === "equal")) {
    return ["  both texts are the same:", ...indent(beginning(textOf(pairs)))];
  }
  const columns = columnsOf(flags);
  const color = process.stdout.isTTY === true && process.stdout.hasColors();
  return [
    "",
    ...sideBySide(pairs, { columns, color, titles: ["this page, which was dropped", "its twin, which was kept"] }),
  ];
}

function columnsOf(flags: Flags): number {
  return flags.width ?? Math.max(MIN_COLUMNS, process.stdout.columns ?? DEFAULT_COLUMNS);
}

function textOf(pairs: readonly LinePair[]): string {
  return pairs.map(({ page = [] }) => page.map(({ text }) => text).join("")).join("\n");
}

function beginning(text: string): string {
  return text.length <= TEXT_CHARS ? text : `${text.slice(0, TEXT_CHARS)}…`;
}

function indent(text: string): string[] {
  return text.split("\n").map((line) => `    ${line}`);
}

function round(value: number): string {
  return Number.isInteger(value) ? count(value) : value.toPrecision(4);
}
