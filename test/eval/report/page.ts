/** Reads a report's HTML back, strictly: what a browser would mend is told. */
import { Parser } from "htmlparser2";

export interface PageElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: PageElement[];
  /** All text within. */
  text: string;
}

export interface PageTree {
  readonly root: PageElement;
  /** Tags that were opened and not closed, or closed and not open. */
  readonly mistakes: readonly string[];
}

const VOID = new Set(["meta", "link", "br"]);

export function parsePage(html: string): PageTree {
  const root: PageElement = { name: "", attributes: {}, children: [], text: "" };
  const open = [root];
  const mistakes: string[] = [];
  let closed = 0;
  const parser = new Parser({
    onopentag(name, attributes) {
      const element = { name, attributes, children: [], text: "" };
      open.at(-1)!.children.push(element);
      open.push(element);
    },
    onclosetag(name, isImplied) {
      if (isImplied && !VOID.has(name)) mistakes.push(`<${name}> is not closed`);
      if (!isImplied) closed++;
      open.pop();
    },
    ontext(text) {
      for (const element of open) element.text += text;
    },
    oncomment(text) {
      mistakes.push(`comment: ${text}`);
    },
  });
  parser.end(html);
  const tags = html.match(/<\/[a-z]/gi)?.length ?? 0;
  if (tags !== closed) mistakes.push(`${tags} closing tags, of which ${closed} close what is open`);
  return { root, mistakes };
}

export function* elementsOf(element: PageElement): Generator<PageElement> {
  for (const child of element.children) {
    yield child;
    yield* elementsOf(child);
  }
}

export function named(element: PageElement, name: string): PageElement[] {
  return [...elementsOf(element)].filter((one) => one.name === name);
}

/** Rows of cells' texts, the head first. */
export function rowsOf(table: PageElement): string[][] {
  return named(table, "tr").map((row) => row.children.map(({ text }) => text));
}
