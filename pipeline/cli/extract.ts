import { Command, Option } from "commander";
import { EXIT } from "../errors.ts";
import { extractPage } from "./extract/extract-page.ts";

interface Flags {
  readonly url?: string;
  readonly mediaType?: string;
  readonly engine?: string;
  readonly format: "text" | "json";
  readonly json?: boolean;
}

export function extractCommand(): Command {
  return new Command("extract")
    .description("Print the main text of one page, HTML or PDF, as the stages extract-html and extract-pdf take it.")
    .argument("<page>", "a file, an http(s) URL, or - for standard input")
    .option("--url <url>", "the page's address, where it is not where the page is read from")
    .option("--media-type <type>", "what the page is: text/html, or text/html;charset=gb2312 (default: sniffed)")
    .option("--engine <name>", "what finds the main text of HTML: the stage's parameter")
    .addOption(new Option("--format <format>", "what is printed").choices(["text", "json"]).default("text"))
    .option("--json", "the same as --format json")
    .addHelpText(
      "after",
      `
As JSON it is {"url", "mediaType", "bytes", "stage", "kept", "tags", "text"}; tags are the title, the charset, the language
and what else the stage found. A page without text that can be had is {…, "kept": false, "reason", "value"}, and exit code 1.

Examples:
  sluice extract article.html
  sluice extract https://example.org/ --json
  curl -s https://example.org/ | sluice extract - --url https://example.org/ --media-type text/html
`,
    )
    .action(async (place: string, flags: Flags) => {
      const page = await extractPage(place, flags);
      if (flags.json === true || flags.format === "json") console.log(JSON.stringify(page));
      else if (page.kept) console.log(page.text);
      if (page.kept) return;
      const value = page.value === undefined ? "" : ` (${page.value})`;
      console.error(`sluice: ${place}: ${page.stage} drops it: ${page.reason}${value}`);
      process.exitCode = EXIT.failed;
    });
}
