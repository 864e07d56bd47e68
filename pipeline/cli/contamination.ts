import { Command } from "commander";
import { type ContaminationReport, contaminationOf } from "./contamination/report.ts";
import { wholeNumber } from "./numbers.ts";
import { count, percent, table } from "./show.ts";

const DEFAULT_ITEMS = 20;
const EXAMPLE_URLS = 3;

export function contaminationCommand(): Command {
  return new Command("contamination")
    .description(
      "Tell which items of evaluation sets the pages of a run held, from what its stage decontaminate found.",
    )
    .argument("<run>", "output folder of a finished run")
    .option("--items <n>", "items shown, those in most pages first", wholeNumber, DEFAULT_ITEMS)
    .option("--json", "the report as JSON, a line for each decontaminate of the run, with every item")
    .addHelpText(
      "after",
      "\nExample:\n  sluice contamination out\n\nHow many items the sets have is read from their files, which must be where and what they were.\n",
    )
    .action(async (run: string, flags: { items: number; json?: boolean }) => {
      for (const report of await contaminationOf(run, EXAMPLE_URLS)) {
        console.log(flags.json === true ? JSON.stringify(report) : inWords(report, flags.items));
      }
    });
}

function inWords(report: ContaminationReport, shown: number): string {
  const { stage, method, action, pages, suites, items, unknown } = report;
  const fate =
    action === "drop"
      ? `${count(pages.dropped)} dropped`
      : `${count(pages.masked)} masked, ${count(pages.dropped)} dropped`;
  const lines = [
    `${stage} (${method}): ${count(pages.contaminated)} of ${count(pages.searched)} pages hold items of evaluation sets, ${fate}`,
    "",
    table([
      ["set", "items", "not searched", "contaminated", "share", "pages"],
      ...suites.map(({ suite, items: all, unsearched, contaminated, pages: held }) => [
        suite,
        all === undefined ? "?" : count(all),
        unsearched === undefined ? "?" : count(unsearched),
        count(contaminated),
        all === undefined ? "?" : percent(contaminated, all - (unsearched ?? 0)),
        count(held),
      ]),
    ]),
  ];
  if (unknown !== undefined) lines.push("", `  how many items the sets have is not known: ${unknown}`);
  const first = items.toSorted((a, b) => b.pages - a.pages).slice(0, shown);
  if (first.length > 0) {
    const measure = method === "near-duplicate" ? "alike" : "words";
    const examples = ["for example", ...first.map(({ urls }) => urls[0] ?? "")];
    // Addresses begin below each other.
    const width = Math.max(...examples.map((url) => url.length));
    const [title, ...urls] = examples.map((url) => url.padEnd(width));
    lines.push(
      "",
      table([
        ["item", "pages", measure, title!],
        ...first.map(({ id, pages: held, most }, n) => [id, count(held), String(Number(most.toFixed(3))), urls[n]!]),
      ]),
    );
    if (items.length > first.length) lines.push(`  … and ${count(items.length - first.length)} more (--items, --json)`);
  }
  return lines.join("\n");
}
