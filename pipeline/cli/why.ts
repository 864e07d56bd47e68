import { Command } from "commander";
import type { Manifest } from "../manifest.ts";
import { labelOf } from "../stage.ts";
import { type PageStory, tellWhy } from "../why.ts";
import { bytes, count } from "./show.ts";

const TEXT_CHARS = 600;

export function whyCommand(): Command {
  return new Command("why")
    .description("Tell what became of one page, and why.")
    .argument("<run>", "output folder of a finished run")
    .argument("<url|id>", "the page's URL as the crawl has it, or its id")
    .option("--json", "the story as JSON")
    .addHelpText("after", "\nExample:\n  sluice why out https://example.org/a-page\n")
    .action(async (run: string, page: string, flags: { json?: boolean }) => {
      const { manifest, stories } = await tellWhy(run, page);
      for (const story of stories) {
        console.log(
          flags.json === true
            ? JSON.stringify(story, (_, value) => (typeof value === "bigint" ? Number(value) : value))
            : inWords(story, manifest),
        );
      }
    });
}

function inWords({ page, scores, twin, detail, text }: PageStory, manifest: Manifest): string {
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
    if (twin !== undefined)
      lines.push(`  its twin, which was kept: ${twin.url} (id ${twin.twin}), similarity ${round(twin.similarity)}`);
    if (text !== undefined) lines.push("  its text began:", ...indent(text.slice(0, TEXT_CHARS)));
  } else lines.push(`  quarantined in ${stage}: ${reason}${detail === undefined ? "" : ` — ${detail}`}`);
  return lines.join("\n");
}

function indent(text: string): string[] {
  return text.split("\n").map((line) => `    ${line}`);
}

function round(value: number): string {
  return Number.isInteger(value) ? count(value) : value.toPrecision(4);
}
