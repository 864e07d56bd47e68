/** A worker thread: encodes texts, a batch at a time. Its tokenizer is made once. */
import { workerData } from "node:worker_threads";
import { move, transferableSymbol, valueSymbol } from "piscina";
import { ByteLevelTokenizer } from "./byte-level.ts";
import { SpecialScanner } from "./special.ts";
import type { Vocabulary } from "./vocabulary.ts";

export interface EncodeWorkerData {
  readonly vocabulary: Vocabulary;
  /** Special tokens that stand for themselves. */
  readonly allowed: readonly string[];
}

export interface EncodeTask {
  /** Texts in UTF-8, one behind the other. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each text ends in them. */
  readonly ends: readonly number[];
}

export interface EncodedTexts {
  readonly ids: Uint32Array<ArrayBuffer>;
  /** Where each text's ids end. */
  readonly ends: readonly number[];
}

const { vocabulary, allowed } = workerData as EncodeWorkerData;
const tokenizer = new ByteLevelTokenizer(vocabulary);
const scanner =
  allowed.length === 0 || vocabulary.added !== undefined
    ? undefined
    : new SpecialScanner([...vocabulary.special].filter(([text]) => allowed.includes(text)));

export default function work({ bytes, ends }: EncodeTask): unknown {
  const parts: Uint32Array[] = [];
  const idEnds: number[] = [];
  let start = 0;
  let count = 0;
  for (const end of ends) {
    for (const ids of encode(bytes.subarray(start, end))) {
      parts.push(ids);
      count += ids.length;
    }
    idEnds.push(count);
    start = end;
  }
  return moved({ ids: joined(parts, count), ends: idEnds });
}

function* encode(text: Uint8Array): Generator<Uint32Array> {
  if (scanner !== undefined) yield* encodeBetween(scanner, text);
  else if (allowed.length === 0) yield tokenizer.encodeBytes(text);
  else yield tokenizer.encodeWithSpecial(new TextDecoder("utf-8", { ignoreBOM: true }).decode(text), allowed);
}

/** The text's parts between special tokens, each a text of its own, and those. */
function* encodeBetween(special: SpecialScanner, text: Uint8Array): Generator<Uint32Array> {
  for (let done = 0; ; ) {
    const { start, end, id } = special.find(text, done, true);
    if (start > done) yield tokenizer.encodeBytes(text.subarray(done, start));
    if (id === undefined) return;
    yield Uint32Array.of(id);
    done = end;
  }
}

function joined(parts: readonly Uint32Array[], count: number): Uint32Array<ArrayBuffer> {
  // `encodeBytes` gives its array away.
  if (parts.length === 1) return parts[0] as Uint32Array<ArrayBuffer>;
  const ids = new Uint32Array(count);
  let at = 0;
  for (const part of parts) {
    ids.set(part, at);
    at += part.length;
  }
  return ids;
}

/** The ids' memory goes to the other thread, it is not copied. */
function moved(texts: EncodedTexts): unknown {
  return move({ [transferableSymbol]: [texts.ids.buffer], [valueSymbol]: texts } as never);
}
