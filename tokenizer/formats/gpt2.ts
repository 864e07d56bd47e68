/**
 * GPT-2's pair of files, which CS336 and many trainers write too. `vocab.json` maps each token to its id, its bytes as
 * printable characters (printable.ts); `merges.txt` has a line a merge, "left right", the first to be applied first.
 *
 *     {"!": 0, …, "Ġt": 256, …, "<|endoftext|>": 50256}          #version: 0.2
 *                                                                 Ġ t
 *
 * An entry that is neither a byte nor made by a merge is a special token; its text is spelled as it is. One with "Ġ" or
 * "Ċ" in it is an ordinary token whose merge is missing: a merges.txt that was cut short looks so.
 */
import { FormatError } from "../../pipeline/errors.ts";
import { PATTERNS, type Pattern } from "../pretokenize.ts";
import { type AddedToken, plainSpecial } from "../special.ts";
import { ranksOf, type Vocabulary } from "../vocabulary.ts";
import { assemble, type Entry, type NamedMerge, resolveMerges } from "./assemble.ts";
import { decodeUtf8, parseJson, quote } from "./json.ts";
import { type MergeList, mergeListOf } from "./merge-list.ts";
import { fromPrintable } from "./printable.ts";
import { idsByKey, printableTokens, printJsonMap } from "./spelling.ts";

const VERSION_LINE = "#version: 0.2";
/** A space or a line feed. A special token has it as it is. */
const STAND_IN_FOR_SPACE = /[ĠĊ]/;

export interface Gpt2Files {
  readonly vocab: Uint8Array;
  readonly merges: Uint8Array;
}

export interface Gpt2Options {
  readonly name?: string;
  /** The files do not say. GPT-2's unless another is given. */
  readonly pattern?: Pattern;
}

/** Reads `vocab.json` and `merges.txt`; the labels name them in errors. */
export function readGpt2(
  files: Gpt2Files,
  labels: { readonly vocab: string; readonly merges: string },
  { name = labels.vocab, pattern = PATTERNS.gpt2 }: Gpt2Options = {},
): Vocabulary {
  const ids = idsByKey(parseJson(files.vocab, labels.vocab));
  const named = readMerges(files.merges, labels.merges);
  const merges = resolveMerges(named, ids);

  const made = new Set(named.map(({ left, right }) => left + right));
  const entries: Entry[] = [];
  const added: AddedToken[] = [];
  for (const [text, id] of ids) {
    const bytes = fromPrintable(text);
    if (bytes !== undefined && (bytes.length === 1 || made.has(text))) {
      entries.push({ bytes, id, where: () => `${labels.vocab}: ${quote(text)}` });
    } else if (bytes !== undefined && STAND_IN_FOR_SPACE.test(text)) {
      throw new FormatError(
        `${labels.vocab}: ${quote(text)}: found no merge in ${labels.merges} that makes it, expected one; was merges.txt cut short?`,
      );
    } else added.push(plainSpecial(text, id));
  }
  for (const { left, right, where } of named) {
    const part = [left, right].find((text) => text.length > 1 && !made.has(text));
    if (part !== undefined) {
      throw new FormatError(`${where()}: found ${quote(part)}, expected a byte or what another merge makes`);
    }
  }
  return assemble({ name, label: labels.vocab, pattern, wholePieces: false, entries, added, merges });
}

function readMerges(file: Uint8Array, label: string): NamedMerge[] {
  const merges: NamedMerge[] = [];
  for (const [index, ended] of decodeUtf8(file, label).split("\n").entries()) {
    const line = ended.endsWith("\r") ? ended.slice(0, -1) : ended;
    if (line === "" || (index === 0 && line.startsWith("#version"))) continue;
    merges.push(parseMerge(line, () => `${label}:${index + 1}`));
  }
  return merges;
}

/** "left right": a single space between two tokens, in which a space is spelled "Ġ". */
export function parseMerge(text: string, where: () => string): NamedMerge {
  const space = text.indexOf(" ");
  const isPair = space > 0 && space + 1 < text.length && text.indexOf(" ", space + 1) < 0;
  if (isPair) return { left: text.slice(0, space), right: text.slice(space + 1), where };
  throw new FormatError(`${where()}: found ${quote(text)}, expected two tokens with one space between them`);
}

/**
 * Writes both files. Raises FormatError for what they cannot say: another pattern than GPT-2's, added tokens with rules
 * of their own, and tokens that no merge makes.
 */
export function writeGpt2(vocabulary: Vocabulary): Gpt2Files {
  const { name, pattern, added } = vocabulary;
  const instead = "in vocab.json and merges.txt; write tokenizer.json";
  if (pattern.source !== PATTERNS.gpt2.source) {
    throw new FormatError(`tokenizer ${name}: its pattern (${pattern.name}) has no place ${instead}`);
  }
  if (added !== undefined) {
    throw new FormatError(`tokenizer ${name}: the rules of ${quote(added[0]!.text)} have no place ${instead}`);
  }
  const list = mergeListOf(vocabulary);
  const { merges } = list;
  const texts = printableTokens(vocabulary);
  const [unsaid] = unsaidTokens(vocabulary, list);
  if (unsaid !== undefined) {
    throw new FormatError(
      `tokenizer ${name}: no merge makes ${quote(texts.get(unsaid)!)}, so that it has no place ${instead}`,
    );
  }
  let lines = `${VERSION_LINE}\n`;
  for (let i = 0; i < merges.length; i += 2) lines += `${texts.get(merges[i]!)} ${texts.get(merges[i + 1]!)}\n`;
  return { vocab: Buffer.from(`${printJsonMap(texts, "")}\n`), merges: Buffer.from(lines) };
}

/** Ordinary tokens that the files would not give back: special ones to a reader, or never reached without whole pieces. */
function unsaidTokens(vocabulary: Vocabulary, { merges, unreachable }: MergeList): Iterable<number> {
  if (vocabulary.wholePieces) return unreachable;
  const { rankOf, byteStrings } = ranksOf(vocabulary);
  const unmade = new Set<number>();
  for (const [id, token] of byteStrings.entries()) if (token.length > 1) unmade.add(id);
  for (let i = 0; i < merges.length; i += 2) {
    unmade.delete(rankOf.get(byteStrings[merges[i]!]! + byteStrings[merges[i + 1]!]!)!);
  }
  return unmade;
}
