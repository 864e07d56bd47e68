/** The map from tokens to ids, as `vocab.json` and `model.vocab` of tokenizer.json spell it. */
import { FormatError } from "../../pipeline/errors.ts";
import { ranksOf, type Vocabulary } from "../vocabulary.ts";
import { MAX_IDS } from "./assemble.ts";
import { type JsonValue, quote } from "./json.ts";
import { toPrintable } from "./printable.ts";

/** Ids by spelling. A map, since "__proto__" and "constructor" are tokens like others. */
export function idsByKey(json: JsonValue): Map<string, number> {
  const ids = new Map<string, number>();
  for (const [key, value] of Object.entries(json.object())) {
    if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value < MAX_IDS) ids.set(key, value);
    else throw json.at(key).wrong(`an id from 0 to ${MAX_IDS - 1}`);
  }
  return ids;
}

/** Spellings by ascending id: ordinary tokens as printable text, special and added ones as they are. */
export function printableTokens(vocabulary: Vocabulary): Map<number, string> {
  const { name, size, special, added = [] } = vocabulary;
  const spelled: (string | undefined)[] = new Array(size).fill(undefined);
  for (const [id, token] of ranksOf(vocabulary).byteStrings.entries()) {
    if (token !== "") spelled[id] = toPrintable(Buffer.from(token, "latin1"));
  }
  for (const [text, id] of special) spelled[id] = text;
  for (const { text, id } of added) spelled[id] = text;

  const texts = new Map<number, string>();
  const idOf = new Map<string, number>();
  for (const [id, text] of spelled.entries()) {
    if (text === undefined) continue;
    const before = idOf.get(text);
    if (before !== undefined) {
      throw new FormatError(
        `tokenizer ${name}: ids ${before} and ${id} are both spelled ${quote(text)} in JSON, expected one; rename the special token`,
      );
    }
    idOf.set(text, id);
    texts.set(id, text);
  }
  if (size > 0 && !texts.has(size - 1)) {
    throw new FormatError(
      `tokenizer ${name}: its last id, ${size - 1}, stands for nothing, which these files cannot say; expected a token there`,
    );
  }
  return texts;
}

/** A JSON object with one entry a line, in the map's order: an object would sort "7" and "8" to the front. */
export function printJsonMap(texts: ReadonlyMap<number, string>, indent: string): string {
  const lines: string[] = [];
  for (const [id, text] of texts) lines.push(`${indent}  ${JSON.stringify(text)}: ${id}`);
  return `{\n${lines.join(",\n")}\n${indent}}`;
}
