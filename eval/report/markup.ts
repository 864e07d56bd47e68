/** HTML that is known to be safe: whatever else goes into it is text. */
export class Markup {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

type Part = string | number | Markup | undefined | readonly Markup[];

/** Strings between the tags are escaped, `Markup` is not; undefined is nothing. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  const source = strings.map((string, i) => string + (i < parts.length ? sourceOf(parts[i]) : ""));
  return new Markup(source.join(""));
}

function sourceOf(part: Part): string {
  if (part === undefined) return "";
  if (part instanceof Markup) return part.source;
  if (typeof part === "object") return part.map(({ source }) => source).join("");
  return escapeHtml(String(part));
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Holds in text and in quoted attributes. */
export function escapeHtml(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** Control characters, which HTML forbids and terminals obey, become U+FFFD, as do lone surrogates. */
export function printable(text: string): string {
  return text.toWellFormed().replace(/[\0-\x08\x0b-\x1f\x7f-\x9f]/g, "\ufffd");
}
