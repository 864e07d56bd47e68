/**
 * What a tokenizer makes of documents: how short texts become, and for whom. Plain numbers; nothing is read or printed
 * here.
 */
import { segmentWords } from "../pipeline/text/words-uax29.ts";
import type { Tokenizer } from "../pipeline/tokenizer.ts";

export interface StatsDocument {
  readonly text: string;
  /** Left out: "unknown". */
  readonly domain?: string;
  readonly language?: string;
}

/** Quantiles by the nearest-rank rule: each is a value that occurs. All 0 where there is nothing. */
export interface Percentiles {
  readonly min: number;
  readonly p5: number;
  readonly p25: number;
  readonly p50: number;
  readonly p75: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  readonly mean: number;
}

/** Of some documents. Ratios are 0 where they would divide by nothing. */
export interface TokenCounts {
  readonly documents: number;
  /** Of UTF-8. */
  readonly bytes: number;
  /** Code points. */
  readonly characters: number;
  /** Word-like segments by UAX #29. */
  readonly words: number;
  readonly tokens: number;
  readonly bytesPerToken: number;
  readonly charactersPerToken: number;
  /** Fertility: tokens for a word, marks and spaces shared out (Rust et al. 2021, arXiv 2012.15613, section 3). */
  readonly tokensPerWord: number;
  /** Share of the tokens that stand for one byte: where the vocabulary has nothing longer. 0 to 1. */
  readonly singleByteShare: number;
  /** Share of the tokens that are the unknown token. 0 to 1. */
  readonly unknownShare: number;
  readonly tokensPerDocument: Percentiles;
}

export interface TokenizerStats extends TokenCounts {
  readonly tokenizer: { readonly name: string; readonly digest: string; readonly vocabSize: number };
  /** Ids that occur, and their share of the vocabulary; the special ones never do. */
  readonly idsSeen: number;
  readonly vocabularyUse: number;
  /** The largest, in bytes, first. */
  readonly byLanguage: ReadonlyMap<string, TokenCounts>;
  readonly byDomain: ReadonlyMap<string, TokenCounts>;
}

const NO_GROUP = "unknown";

/** Statistics of these documents, each encoded once. */
export function tokenizerStats(tokenizer: Tokenizer, documents: Iterable<StatsDocument>): TokenizerStats {
  const gather = new StatsGatherer(tokenizer);
  for (const document of documents) gather.add(document);
  return gather.finish();
}

/** The same for documents that come one by one: memory grows by eight bytes or so a document. */
export class StatsGatherer {
  readonly #tokenizer: Tokenizer;
  readonly #seen: Uint8Array;
  readonly #isSingleByte: Uint8Array;
  readonly #all = new Tally();
  readonly #languages = new Map<string, Tally>();
  readonly #domains = new Map<string, Tally>();

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
    this.#seen = new Uint8Array(tokenizer.vocabSize);
    this.#isSingleByte = new Uint8Array(tokenizer.vocabSize);
  }

  add({ text, domain = NO_GROUP, language = NO_GROUP }: StatsDocument): void {
    const measured = this.#measure(text);
    this.#all.add(measured);
    tallyOf(this.#languages, language).add(measured);
    tallyOf(this.#domains, domain).add(measured);
  }

  finish(): TokenizerStats {
    const { name, digest, vocabSize } = this.#tokenizer;
    const idsSeen = this.#seen.reduce((sum, seen) => sum + seen, 0);
    return {
      tokenizer: { name, digest, vocabSize },
      ...this.#all.counts(),
      idsSeen,
      vocabularyUse: idsSeen / vocabSize,
      byLanguage: largestFirst(this.#languages),
      byDomain: largestFirst(this.#domains),
    };
  }

  #measure(text: string): Measured {
    const ids = this.#tokenizer.encode(text);
    const { unknown } = this.#tokenizer;
    let singleBytes = 0;
    let unknowns = 0;
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      if (this.#seen[id] === 0) {
        this.#seen[id] = 1;
        this.#isSingleByte[id] = id !== unknown && this.#tokenizer.decode([id]).length === 1 ? 1 : 0;
      }
      singleBytes += this.#isSingleByte[id]!;
      if (id === unknown) unknowns++;
    }
    return {
      bytes: Buffer.byteLength(text),
      characters: countCodePoints(text),
      words: segmentWords(text).length,
      tokens: ids.length,
      singleBytes,
      unknowns,
    };
  }
}

/** One document's. */
interface Measured {
  readonly bytes: number;
  readonly characters: number;
  readonly words: number;
  readonly tokens: number;
  readonly singleBytes: number;
  readonly unknowns: number;
}

class Tally {
  #bytes = 0;
  #characters = 0;
  #words = 0;
  #tokens = 0;
  #singleBytes = 0;
  #unknowns = 0;
  readonly #tokensOfDocuments: number[] = [];

  add({ bytes, characters, words, tokens, singleBytes, unknowns }: Measured): void {
    this.#bytes += bytes;
    this.#characters += characters;
    this.#words += words;
    this.#tokens += tokens;
    this.#singleBytes += singleBytes;
    this.#unknowns += unknowns;
    this.#tokensOfDocuments.push(tokens);
  }

  counts(): TokenCounts {
    return {
      documents: this.#tokensOfDocuments.length,
      bytes: this.#bytes,
      characters: this.#characters,
      words: this.#words,
      tokens: this.#tokens,
      bytesPerToken: ratio(this.#bytes, this.#tokens),
      charactersPerToken: ratio(this.#characters, this.#tokens),
      tokensPerWord: ratio(this.#tokens, this.#words),
      singleByteShare: ratio(this.#singleBytes, this.#tokens),
      unknownShare: ratio(this.#unknowns, this.#tokens),
      tokensPerDocument: percentiles(this.#tokensOfDocuments),
    };
  }
}

function tallyOf(groups: Map<string, Tally>, name: string): Tally {
  let tally = groups.get(name);
  if (tally === undefined) {
    tally = new Tally();
    groups.set(name, tally);
  }
  return tally;
}

/** By bytes; of equal ones by name, so that the order of the documents does not matter. */
function largestFirst(groups: ReadonlyMap<string, Tally>): Map<string, TokenCounts> {
  const counts = [...groups].map(([name, tally]) => [name, tally.counts()] as const);
  return new Map(counts.sort(([a, x], [b, y]) => y.bytes - x.bytes || (a < b ? -1 : 1)));
}

/** Quantiles of some numbers, in any order. */
export function percentiles(values: readonly number[]): Percentiles {
  const sorted = Float64Array.from(values).sort();
  const at = (percent: number): number => sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0;
  const mean = ratio(
    sorted.reduce((sum, value) => sum + value, 0),
    sorted.length,
  );
  return { min: at(0), p5: at(5), p25: at(25), p50: at(50), p75: at(75), p95: at(95), p99: at(99), max: at(100), mean };
}

function countCodePoints(text: string): number {
  let count = text.length;
  for (let i = 0; i + 1 < text.length; i++) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) count--;
  }
  return count;
}

/** A quotient that is 0 where it would be none. */
export function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
