/** Puts a vocabulary together from what files of any kind say, and checks what all of them have to keep to. */
import { FormatError } from "../../pipeline/errors.ts";
import { type Pattern, WINDOW_BYTES } from "../pretokenize.ts";
import { type AddedToken, isPlainSpecial } from "../special.ts";
import { makeVocabulary, type Vocabulary } from "../vocabulary.ts";
import { quote } from "./json.ts";
import { toPrintable } from "./printable.ts";

/** Ids are below this: eighty times the largest vocabulary in use, and little enough to lay out a table. */
export const MAX_IDS = 1 << 24;

/** An ordinary token. */
export interface Entry {
  readonly bytes: Uint8Array;
  readonly id: number;
  /** For errors: `x.tiktoken:12`, `tokenizer.json: model.vocab["the"]`. */
  readonly where: () => string;
}

/** A merge as the file names it: two tokens as printable text. */
export interface NamedMerge {
  readonly left: string;
  readonly right: string;
  readonly where: () => string;
}

export interface Parts {
  readonly name: string;
  readonly label: string;
  readonly pattern: Pattern;
  readonly wholePieces: boolean;
  readonly entries: readonly Entry[];
  readonly added: readonly AddedToken[];
  /** Absent: merges go by rank. */
  readonly merges?: Uint32Array;
}

export function assemble({ name, label, pattern, wholePieces, entries, added, merges }: Parts): Vocabulary {
  const tokens: Uint8Array[] = [];
  const whereOfId = new Map<number, () => string>();
  const whereOfToken = new Map<string, () => string>();
  const take = (id: number, where: () => string): void => {
    const before = whereOfId.get(id);
    if (before !== undefined) {
      throw new FormatError(`${where()}: found id ${id}, which ${before()} has too, expected one token an id`);
    }
    whereOfId.set(id, where);
  };
  for (const { bytes, id, where } of entries) {
    take(id, where);
    if (bytes.length > WINDOW_BYTES) {
      throw new FormatError(
        `${where()}: found a token of ${bytes.length} bytes, expected ${WINDOW_BYTES} at most: no piece of a text is longer`,
      );
    }
    const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
    const before = whereOfToken.get(key);
    if (before !== undefined) {
      throw new FormatError(`${where()}: found the token of ${before()} again, expected each token once`);
    }
    whereOfToken.set(key, where);
    tokens[id] = bytes;
  }
  expectAllBytes(whereOfToken, label);

  const texts = new Set<string>();
  for (const { text, id } of added) {
    const where = (): string => `${label}: added token ${quote(text)}`;
    take(id, where);
    if (text === "" || !text.isWellFormed()) throw new FormatError(`${where()}: expected one character or more`);
    if (texts.has(text)) throw new FormatError(`${where()}: found it twice, expected each token once`);
    texts.add(text);
  }

  let size = 0;
  for (const id of whereOfId.keys()) size = Math.max(size, id + 1);
  const found = sameNormalization(added);
  const laidOut = makeVocabulary(name, pattern, size, tokens, idsOf(found));
  const rules = found.filter((token) => !isPlainSpecial(token)).sort((a, b) => a.id - b.id);
  return {
    ...laidOut,
    wholePieces,
    special: idsOf(found.filter(({ special }) => special).sort((a, b) => a.id - b.id)),
    ...(rules.length > 0 && { added: rules }),
    ...(merges !== undefined && { merges }),
  };
}

/** Resolves merges to ids. `idOf` knows every ordinary token by its printable text. */
export function resolveMerges(merges: readonly NamedMerge[], idOf: ReadonlyMap<string, number>): Uint32Array {
  const ids = new Uint32Array(2 * merges.length);
  const firstOfPair = new Map<number, NamedMerge>();
  for (const [n, merge] of merges.entries()) {
    const { left, right, where } = merge;
    const leftId = idOf.get(left);
    const rightId = idOf.get(right);
    if (leftId === undefined || rightId === undefined || !idOf.has(left + right)) {
      const missing = leftId === undefined ? left : rightId === undefined ? right : left + right;
      const role = missing === left || missing === right ? "" : "what it makes, ";
      throw new FormatError(
        `${where()}: found ${show(merge)}, but ${role}${quote(missing)} is no token that merges may use (a special one may not)`,
      );
    }
    const pair = leftId * MAX_IDS + rightId;
    const before = firstOfPair.get(pair);
    if (before !== undefined) {
      throw new FormatError(`${where()}: found ${show(merge)}, which is at ${before.where()} too, expected it once`);
    }
    firstOfPair.set(pair, merge);
    ids[2 * n] = leftId;
    ids[2 * n + 1] = rightId;
  }
  return ids;
}

function show({ left, right }: NamedMerge): string {
  return `${quote(left)} + ${quote(right)}`;
}

function expectAllBytes(tokens: { has(key: string): boolean }, label: string): void {
  const missing: string[] = [];
  for (let byte = 0; byte < 256; byte++) {
    if (!tokens.has(String.fromCharCode(byte))) missing.push(`${byte} ("${toPrintable(Uint8Array.of(byte))}")`);
  }
  if (missing.length === 0) return;
  const shown = missing.slice(0, 8).join(", ") + (missing.length > 8 ? ", …" : "");
  throw new FormatError(
    `${label}: ${missing.length} of the 256 single bytes have no token: ${shown}; expected all, so that any text can be spelled`,
  );
}

/** Where all added tokens are looked for at once, it makes no difference whether they are called normalized. */
function sameNormalization(added: readonly AddedToken[]): AddedToken[] {
  const all = added.every(({ normalized }) => normalized);
  return added.map((token) => (all ? { ...token, normalized: false } : token));
}

function idsOf(tokens: readonly AddedToken[]): Map<string, number> {
  return new Map(tokens.map(({ text, id }) => [text, id]));
}
