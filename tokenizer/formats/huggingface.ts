/**
 * Hugging Face's `tokenizer.json`, as far as it is byte-level BPE:
 *
 *     pre_tokenizer   the pattern (pre-tokenizer.ts)
 *     model           vocab: tokens in printable spelling → ids; merges: "left right" or ["left", "right"];
 *                     ignore_merges: a piece that is a token is taken as it is
 *     added_tokens    tokens that are found in the text (special.ts)
 *
 * Read past: `truncation` and `padding` (we encode whole documents) and `post_processor` (it puts special tokens around
 * a text; `encode` never does). Whatever else would change ids is refused, with its place in the file.
 *
 * The library that reads these files (tokenizers 0.23) gives an added token that `model.vocab` lacks the next free id,
 * whatever the file says. So we refuse a file that says otherwise; and where ids have gaps, we write added tokens to
 * `model.vocab`, too.
 */
import { FormatError } from "../../pipeline/errors.ts";
import { type AddedToken, addedTokensOf } from "../special.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { assemble, type Entry, MAX_IDS, type NamedMerge, resolveMerges } from "./assemble.ts";
import { parseMerge } from "./gpt2.ts";
import { type JsonValue, parseJson, quote } from "./json.ts";
import { mergeListOf } from "./merge-list.ts";
import { readPreTokenizer, writePreTokenizer } from "./pre-tokenizer.ts";
import { fromPrintable } from "./printable.ts";
import { idsByKey, printableTokens, printJsonMap } from "./spelling.ts";

const VERSION = "1.0";

/** Reads a `tokenizer.json`; `label` names it in errors. */
export function readHuggingFace(file: Uint8Array, label: string, name: string = label): Vocabulary {
  const json = parseJson(file, label);
  json.at("version").expect(VERSION, undefined);
  json.at("normalizer").expect(null, undefined);
  const model = json.at("model");
  const pattern = readPreTokenizer(json.at("pre_tokenizer"));
  const decoder = json.at("decoder");
  if (!decoder.isAbsent) decoder.at("type").expect("ByteLevel");
  const wholePieces = readModelOptions(model);

  const ids = idsByKey(model.at("vocab"));
  const named = model.at("merges").items().map(readMerge);
  const added = readAddedTokens(json.at("added_tokens"), ids, wholePieces);
  const addedIn = new Map(added.map((token) => [token.text, token]));
  const entries: Entry[] = [];
  const ordinary = new Map<string, number>();
  for (const [text, id] of ids) {
    if (addedIn.has(text)) continue;
    const where = (): string => `${model.path}.vocab[${quote(text)}]`;
    const bytes = fromPrintable(text);
    if (bytes === undefined) {
      throw new FormatError(
        `${where()}: found characters that stand for no byte, expected a token of byte-level BPE (where a space is "Ġ"), or an entry in added_tokens`,
      );
    }
    entries.push({ bytes, id, where });
    ordinary.set(text, id);
  }
  const merges = resolveMerges(named, ordinary);
  return assemble({ name, label, pattern, wholePieces, entries, added, merges });
}

/** Checks the model's options; returns whether a piece that is a token is taken as it is. */
function readModelOptions(model: JsonValue): boolean {
  model.at("type").expect("BPE", undefined); // Older files leave it out.
  for (const option of ["dropout", "unk_token"]) model.at(option).expect(null, undefined);
  for (const option of ["continuing_subword_prefix", "end_of_word_suffix"]) {
    model.at(option).expect(null, "", undefined);
  }
  for (const option of ["fuse_unk", "byte_fallback"]) model.at(option).expect(false, undefined);
  return model.at("ignore_merges").boolean(false);
}

function readMerge(json: JsonValue): NamedMerge {
  if (typeof json.value === "string") return parseMerge(json.string(), () => json.path);
  const parts = json.items();
  if (parts.length !== 2) throw json.wrong('"left right" or ["left", "right"]');
  return { left: parts[0]!.string(), right: parts[1]!.string(), where: () => json.path };
}

function readAddedTokens(json: JsonValue, ids: ReadonlyMap<string, number>, wholePieces: boolean): AddedToken[] {
  if (json.isAbsent) return [];
  const idsToCome = new LibraryIds(ids.size);
  return json.items().map((item): AddedToken => {
    const text = item.at("content").string();
    const id = item.at("id").index(MAX_IDS);
    const assigned = idsToCome.next(ids.get(text));
    if (id !== assigned) {
      const from = ids.has(text) ? "model.vocab has it so" : "what the library gives a token that model.vocab lacks";
      throw item.at("id").wrong(`${assigned}`, from);
    }
    const special = item.at("special").boolean(false);
    const singleWord = item.at("single_word").boolean(false);
    if (singleWord && wholePieces && ids.has(text)) {
      throw item.at("single_word").wrong("false", "with ignore_merges and in model.vocab, it is found within words");
    }
    return {
      text,
      id,
      special,
      leftStrip: item.at("lstrip").boolean(false),
      rightStrip: item.at("rstrip").boolean(false),
      singleWord,
      normalized: item.at("normalized").boolean(!special),
    };
  });
}

/** The ids that the library gives added tokens, in their order in the file. */
class LibraryIds {
  readonly #vocabCount: number;
  #highest = -1;

  constructor(vocabCount: number) {
    this.#vocabCount = vocabCount;
  }

  /** `inVocab` is the token's id in `model.vocab`, if it is there. */
  next(inVocab?: number): number {
    const id = inVocab ?? (this.#highest >= this.#vocabCount ? this.#highest + 1 : this.#vocabCount);
    this.#highest = Math.max(this.#highest, id);
    return id;
  }
}

/**
 * Writes a `tokenizer.json`. Where merges go by rank, the list that says the same is written, and read again, it is a
 * list. Raises FormatError for a pattern that the file cannot say.
 */
export function writeHuggingFace(vocabulary: Vocabulary): Uint8Array {
  const texts = printableTokens(vocabulary);
  const { merges } = mergeListOf(vocabulary);
  const lines: string[] = [];
  for (let i = 0; i < merges.length; i += 2) {
    lines.push(`      ${JSON.stringify(`${texts.get(merges[i]!)} ${texts.get(merges[i + 1]!)}`)}`);
  }
  const added = addedTokensOf(vocabulary);
  const idsToCome = new LibraryIds(texts.size - added.length);
  if (added.every(({ id }) => idsToCome.next() === id)) {
    for (const { id } of added) texts.delete(id);
  } else if (vocabulary.wholePieces) {
    const word = added.find(({ singleWord }) => singleWord);
    if (word !== undefined) {
      throw new FormatError(
        `tokenizer ${vocabulary.name}: ids with gaps and the single word ${quote(word.text)} have no place in one tokenizer.json`,
      );
    }
  }
  const head = {
    version: VERSION,
    truncation: null,
    padding: null,
    added_tokens: added.map(({ id, text, special, ...rules }) => ({
      id,
      content: text,
      single_word: rules.singleWord,
      lstrip: rules.leftStrip,
      rstrip: rules.rightStrip,
      normalized: rules.normalized,
      special,
    })),
    normalizer: null,
    pre_tokenizer: writePreTokenizer(vocabulary.pattern),
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
  };
  const model = {
    type: "BPE",
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: vocabulary.wholePieces,
  };
  // The two long lists are put in by hand: an object would not keep the tokens in the order of their ids.
  const opened = (object: object, indent: string): string =>
    JSON.stringify(object, null, 2).slice(0, -2).replaceAll("\n", `\n${indent}`);
  return Buffer.from(
    `${opened(head, "")},\n  "model": ${opened(model, "  ")},\n    "vocab": ${printJsonMap(texts, "    ")},\n    "merges": [${lines.length > 0 ? `\n${lines.join(",\n")}\n    ` : ""}]\n  }\n}\n`,
  );
}
