/** A worker thread: encodes texts, a batch at a time. Its tables are made once; memory for texts and ids is lent to it. */
import { workerData } from "node:worker_threads";
import { move, transferableSymbol, valueSymbol } from "piscina";
import { ByteLevelTokenizer } from "./byte-level.ts";
import { Encoder } from "./encoder.ts";
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
  /** Room for their ids. */
  readonly ids: Uint32Array<ArrayBuffer>;
}

/** The task's memory comes back with the ids in it. */
export interface EncodedTexts extends EncodeTask {
  /** Where each text's ids end. */
  readonly ends: readonly number[];
}

const { vocabulary, allowed } = workerData as EncodeWorkerData;
const encodeText = vocabulary.added === undefined ? streamEncoder() : wholeTextEncoder();
let room = new Uint32Array();
let count = 0;

export default function work({ bytes, ends, ids }: EncodeTask): unknown {
  room = ids;
  count = 0;
  let start = 0;
  const idEnds = ends.map((end) => {
    encodeText(bytes.subarray(start, end));
    start = end;
    return count;
  });
  const encoded: EncodedTexts = { bytes, ids: room, ends: idEnds };
  // Handed over, not copied.
  return move({ [transferableSymbol]: [bytes.buffer, room.buffer], [valueSymbol]: encoded } as never);
}

function gather(ids: Uint32Array): void {
  if (count + ids.length > room.length) {
    const larger = new Uint32Array(Math.max(2 * room.length, count + ids.length));
    larger.set(room.subarray(0, count));
    room = larger;
  }
  room.set(ids, count);
  count += ids.length;
}

/** What lies between special tokens is a text of its own. */
function streamEncoder(): (text: Uint8Array) => void {
  const encoder = new Encoder(vocabulary);
  const encodeOrdinary = (text: Uint8Array): void => {
    encoder.write(text, gather);
    encoder.end(gather);
  };
  if (allowed.length === 0) return encodeOrdinary;
  const scanner = new SpecialScanner([...vocabulary.special].filter(([text]) => allowed.includes(text)));
  return (text) => {
    for (let done = 0; ; ) {
      const { start, end, id } = scanner.find(text, done, true);
      encodeOrdinary(text.subarray(done, start));
      if (id === undefined) return;
      gather(Uint32Array.of(id));
      done = end;
    }
  };
}

/** For added tokens with rules of their own. */
function wholeTextEncoder(): (text: Uint8Array) => void {
  const tokenizer = new ByteLevelTokenizer(vocabulary);
  if (allowed.length === 0) return (text) => gather(tokenizer.encodeBytes(text));
  return (text) => gather(tokenizer.encodeWithSpecial(text, allowed));
}
