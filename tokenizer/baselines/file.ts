/**
 * The file of a tokenizer with a token list:
 *
 *     { "format": "sluice token list", "version": 1, "name": "words", "cut": "uax29", "tokens": ["the", " ", …] }
 *
 * `cut` is "characters" or a rule for words. Tokens are in id order; the ids for unknown and for the end of a text
 * follow them.
 */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { FormatError } from "../../pipeline/errors.ts";
import { writeDurably } from "../../pipeline/io/durable.ts";
import { z } from "../../pipeline/stage.ts";
import { CharacterTokenizer } from "./character.ts";
import type { ListTokenizer } from "./list.ts";
import { WORD_RULES, WordTokenizer } from "./word.ts";

const FORMAT = "sluice token list";
const VERSION = 1;
const CHARACTERS = "characters";

const Header = z.object({ format: z.literal(FORMAT), version: z.int().min(1) });
const File = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  name: z.string().min(1),
  cut: z.enum([CHARACTERS, ...WORD_RULES]),
  tokens: z.array(z.string()),
});

/** Writes a tokenizer's file; the same tokenizer gives the same bytes. */
export async function saveTokenList(tokenizer: CharacterTokenizer | WordTokenizer, path: string): Promise<void> {
  const { name, tokens } = tokenizer;
  const cut = tokenizer instanceof WordTokenizer ? tokenizer.rule : CHARACTERS;
  await writeDurably(path, `${JSON.stringify({ format: FORMAT, version: VERSION, name, cut, tokens })}\n`);
}

/** Reads a tokenizer's file. Raises FormatError for one that is something else, or newer than this reader. */
export async function loadTokenList(path: string): Promise<ListTokenizer> {
  return parseTokenList(await readFile(path, "utf8"), basename(path));
}

/** The same from the file's text; `label` names it in errors. */
export function parseTokenList(text: string, label: string): ListTokenizer {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new FormatError(`${label}: no JSON (${(error as Error).message})`, { cause: error });
  }
  const header = Header.safeParse(json);
  if (!header.success) throw new FormatError(`${label}: expected {"format": "${FORMAT}", "version": ${VERSION}, …}`);
  if (header.data.version > VERSION) {
    throw new FormatError(
      `${label}: a token list of version ${header.data.version}, newer than ${VERSION}, the last that is known here`,
    );
  }
  const file = File.safeParse(json);
  if (!file.success) {
    const { path, message } = file.error.issues[0]!;
    throw new FormatError(`${label}: ${path.join(".")}: ${message}`);
  }
  const { name, cut, tokens } = file.data;
  try {
    return cut === CHARACTERS ? new CharacterTokenizer(tokens, name) : new WordTokenizer(tokens, cut, name);
  } catch (error) {
    if (error instanceof FormatError) throw new FormatError(`${label}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Whether a JSON value says that it is such a file. */
export function isTokenList(json: unknown): boolean {
  return Header.safeParse(json).success;
}
