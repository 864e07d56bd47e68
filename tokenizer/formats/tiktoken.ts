/**
 * tiktoken's files: a line a token, "base64(bytes) rank". Ranks are ids. Neither a pattern nor special tokens are in
 * them, nor merges: any two tokens merge whose joined bytes are a token.
 */
import { FormatError } from "../../pipeline/errors.ts";
import { PATTERNS, type Pattern } from "../pretokenize.ts";
import { type AddedToken, addedTokensOf } from "../special.ts";
import { ranksOf, type Vocabulary } from "../vocabulary.ts";
import { assemble, type Entry, MAX_IDS } from "./assemble.ts";
import { quote } from "./json.ts";
import { mergesOfRanks } from "./merge-list.ts";

const LINE = /^([A-Za-z0-9+/]+={0,2}) ([0-9]{1,9})$/;
/** The longest token in use has 128 bytes; a regular expression has no business with a line of megabytes. */
const MAX_LINE_CHARS = 1 << 16;

export interface TiktokenOptions {
  readonly name?: string;
  readonly pattern?: Pattern;
  readonly special?: ReadonlyMap<string, number>;
}

/** Reads a `.tiktoken` file; `label` names it in errors. Its pattern is GPT-2's unless another is given. */
export function readTiktoken(
  file: Uint8Array,
  label: string,
  { name = label, pattern = PATTERNS.gpt2, special = new Map() }: TiktokenOptions = {},
): Vocabulary {
  const entries: Entry[] = [];
  // Latin-1 keeps garbage as it is, and a byte order mark as three characters.
  const text = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
    .toString("latin1")
    .replace(/^\xef\xbb\xbf/, "");
  for (const [index, ended] of text.split("\n").entries()) {
    const line = ended.endsWith("\r") ? ended.slice(0, -1) : ended;
    if (line === "") continue;
    const [, base64 = "", digits] = (line.length <= MAX_LINE_CHARS && LINE.exec(line)) || [];
    const id = Number(digits);
    const bytes = Buffer.from(base64, "base64");
    if (base64 === "" || unpadded(bytes.toString("base64")) !== unpadded(base64) || !(id < MAX_IDS)) {
      throw new FormatError(
        `${label}:${index + 1}: found ${quote(line)}, expected "base64 rank" with a rank below ${MAX_IDS}`,
      );
    }
    entries.push({ bytes, id, where: () => `${label}:${index + 1}` });
  }
  const added: AddedToken[] = addedTokensOf({ special });
  return assemble({ name, label, pattern, wholePieces: true, entries, added });
}

/**
 * Writes a `.tiktoken` file: ordinary tokens by ascending id. Raises FormatError for a vocabulary whose merges are not
 * those that the order of its ids says, since the format has no other.
 */
export function writeTiktoken(vocabulary: Vocabulary): Uint8Array {
  const { merges, wholePieces, name } = vocabulary;
  if (merges !== undefined || !wholePieces) {
    const ranked = mergesOfRanks(vocabulary);
    const sameMerges = merges === undefined || Buffer.compare(bytesOf(ranked.merges), bytesOf(merges)) === 0;
    if (!sameMerges || (!wholePieces && ranked.unreachable.length > 0)) {
      throw new FormatError(
        `tokenizer ${name}: its merges are not those that the order of its ids says, and a .tiktoken file has no others; write tokenizer.json`,
      );
    }
  }
  let text = "";
  for (const [id, token] of ranksOf(vocabulary).byteStrings.entries()) {
    if (token !== "") text += `${Buffer.from(token, "latin1").toString("base64")} ${id}\n`;
  }
  return Buffer.from(text, "latin1");
}

function unpadded(base64: string): string {
  return base64.replace(/=+$/, "");
}

function bytesOf(ids: Uint32Array): Uint8Array {
  return new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength);
}
