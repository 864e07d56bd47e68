/** What engines are measured beside: the libraries themselves, as anybody would call them, from a page's bytes. */
import { createRequire } from "node:module";
import { decodeText } from "../../../stages/extract/charset.ts";
import { loadTreeLibraries } from "../../../stages/extract/html-tree.ts";
import type { RawPage } from "../../document.ts";

/** Something that is done to every page, and timed. */
export interface Contender {
  readonly name: string;
  run(page: RawPage): unknown;
}

export const READABILITY_OVER_LINKEDOM = "Readability over linkedom";

/** Readability over linkedom's own tree, and parsers that only read: htmlparser2's events, parse5's tree if it is installed. */
export async function referenceContenders(): Promise<Contender[]> {
  const [{ Parser, parseHTML }, { Readability }] = await Promise.all([
    loadTreeLibraries(),
    import("@mozilla/readability"),
  ]);
  const contenders: Contender[] = [
    {
      name: READABILITY_OVER_LINKEDOM,
      run: ({ body, charset }) => {
        const { document } = parseHTML(decodeText(body, charset).text);
        return new Readability(document as never).parse()?.textContent;
      },
    },
    {
      name: "htmlparser2, events alone",
      run: ({ body, charset }) => {
        const parser = new Parser({ ontext() {} });
        parser.end(decodeText(body, charset).text);
      },
    },
  ];
  const parse5 = loadParse5();
  if (parse5 !== undefined) {
    contenders.push({
      name: "parse5, tree alone",
      run: ({ body, charset }) => parse5.parse(decodeText(body, charset).text),
    });
  }
  return contenders;
}

interface Parse5 {
  parse(html: string): unknown;
}

/** Nothing where it is not installed: only comparisons need it. */
function loadParse5(): Parse5 | undefined {
  try {
    return createRequire(import.meta.url)("parse5") as Parse5;
  } catch {
    return undefined;
  }
}
