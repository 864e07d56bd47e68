/** `Name: value` lines, as WARC and HTTP have them: a multimap, because both repeat names. */

export type HeaderFields = ReadonlyMap<string, readonly string[]>;

const LF = 0x0a;
const CR = 0x0d;
const TAB = 0x09;
const SPACE = 0x20;

/**
 * The position after the blank line that ends the header lines beginning at `from`, or -1 if the text has none. Lines
 * end with CR LF or LF alone; both occur within one header.
 */
export function headerEnd(text: Uint8Array, from: number, maxBytes = Number.POSITIVE_INFINITY): number {
  for (let at = from; at < text.length && at - from < maxBytes; ) {
    if (text[at] === LF) return at + 1;
    if (text[at] === CR && text[at + 1] === LF) return at + 2;
    const lineEnd = text.indexOf(LF, at);
    if (lineEnd < 0) return -1;
    at = lineEnd + 1;
  }
  return -1;
}

/** Reads header lines. Names are lower-cased; a line that begins with a blank continues the one before it. */
export function parseHeaderFields(lines: string): HeaderFields {
  const fields = new Map<string, string[]>();
  let last: string[] | undefined;
  let colon = -1; // the first one at or after the line's start
  for (let lineStart = 0, lineEnd = 0; lineStart < lines.length; lineStart = lineEnd + 1) {
    lineEnd = indexOrEnd(lines, "\n", lineStart);
    const first = lines.charCodeAt(lineStart);
    if (first === LF || (first === CR && lineEnd === lineStart + 1)) continue;
    if (last !== undefined && (first === SPACE || first === TAB)) {
      last[last.length - 1] = `${last.at(-1)} ${lines.slice(lineStart, lineEnd).trim()}`;
      continue;
    }
    if (colon < lineStart) colon = indexOrEnd(lines, ":", lineStart);
    if (colon === lineStart || colon >= lineEnd) continue; // no field: servers send stray lines
    const name = lowerCaseName(lines.slice(lineStart, colon));
    const value = lines.slice(colon + 1, lineEnd).trim();
    last = fields.get(name);
    if (last === undefined) {
      last = [value];
      fields.set(name, last);
    } else last.push(value);
  }
  return fields;
}

function indexOrEnd(text: string, sought: string, from: number): number {
  const found = text.indexOf(sought, from);
  return found < 0 ? text.length : found;
}

/** Names come again in every record. */
const knownNames = new Map<string, string>();
const MAX_KNOWN_NAMES = 1024;
const MAX_KNOWN_NAME_CHARS = 64;

function lowerCaseName(written: string): string {
  const known = knownNames.get(written);
  if (known !== undefined) return known;
  if (knownNames.size === MAX_KNOWN_NAMES || written.length > MAX_KNOWN_NAME_CHARS) return written.trim().toLowerCase();
  // A copy: a part of a string keeps the whole of it alive.
  const own = Buffer.from(written, "utf16le").toString("utf16le");
  const name = own.trim().toLowerCase();
  knownNames.set(own, name);
  return name;
}

/** The first value of a field, or "". */
export function firstValue(fields: HeaderFields, name: string): string {
  return fields.get(name)?.[0] ?? "";
}
