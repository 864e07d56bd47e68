import { Command, Option } from "commander";
import { EXIT } from "../errors.ts";
import { extractPage } from "./extract/extract-page.ts";

interface Flags {
  readonly url?: string;
  readonly mediaType?: string;
  readonly format: "text" | "markdown" | "json";
  readonly json?: boolean;
  // Parameters of extract-html; left out, they are what they are in a recipe.
  readonly engine?: string;
  readonly favor?: string;
  readonly comments?: true;
  readonly boilerplate?: true;
  readonly captions: boolean;
  readonly links?: true;
}

export function extractCommand(): Command {
  return new Command("extract")
    .description("Print the main text of one page: HTML, PDF, a feed or plain text, as the stages extract-… take it.")
    .argument("<page>", "a file, an http(s) URL, or - for standard input")
    .option("--url <url>", "the page's address, where it is not where the page is read from")
    .option("--media-type <type>", "what the page is: text/html, or text/html;charset=gb2312 (default: sniffed)")
    .addOption(new Option("--format <format>", "what is printed").choices(["text", "markdown", "json"]).default("text"))
    .option("--json", "the same as --format json; with --format markdown, its text is Markdown")
    .addOption(new Option("--engine <name>", "HTML: what finds the main text").choices(["blocks", "readability"]))
    .addOption(
      new Option("--favor <what>", "HTML: what counts when in doubt").choices(["precision", "balanced", "recall"]),
    )
    .option("--comments", "HTML: readers' comments, too")
    .option("--boilerplate", "HTML: all text that the page shows")
    .option("--no-captions", "HTML: without captions of figures")
    .option("--links", "HTML: with --format markdown, links keep their address")
    .addHelpText(
      "after",
      `
As JSON it is {"url", "mediaType", "bytes", "stage", "kept", "tags", "text"}; tags are the title, the charset, the language
and what else the stage found. A page without text that can be had is {…, "kept": false, "reason", "value"}, and exit code 1.
A page that cannot be read at all (no such file, no answer, no type that is known) is an error: exit code 2, or 75 where another try may help.

Examples:
  sluice extract article.html
  sluice extract https://example.org/ --json
  sluice extract guide.html --format markdown --links > guide.md
  sluice extract article.html --comments --favor recall
  curl -s https://example.org/ | sluice extract - --url https://example.org/ --media-type text/html
`,
    )
    .action(async (place: string, flags: Flags) => {
      const page = await extractPage(place, { ...flags, params: paramsOf(flags) });
      if (flags.json === true || flags.format === "json") console.log(JSON.stringify(page));
      else if (page.kept) console.log(page.text);
      if (page.kept) return;
      const value = page.value === undefined ? "" : ` (${page.value})`;
      console.error(`sluice: ${place}: ${page.stage} drops it: ${page.reason}${value}`);
      process.exitCode = EXIT.failed;
    });
}

/** Those that were given: other extractors than that of HTML have none of them, and say so. */
function paramsOf({ format, engine, favor, comments, boilerplate, captions, links }: Flags): Record<string, unknown> {
  const given = {
    format: format === "markdown" ? format : undefined,
    ...{ engine, favor, comments, boilerplate, links },
    captions: captions ? undefined : false,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
