/** How fast pages are signed: the kernel, plain TypeScript and the definitions, whose values have to be equal. */
import { isDeepStrictEqual } from "node:util";
import { bandKeys, makePermutations, minima } from "../../../stages/dedup/minhash.ts";
import { shingleHashes } from "../../../stages/dedup/shingles.ts";
import { Signer, type SignerParams } from "../../../stages/dedup/signer.ts";
import type { Signature } from "../../stage.ts";
import { median } from "../median.ts";
import { count, table } from "../show.ts";
import { PlainSigner } from "./plain-signer.ts";

/** FineWeb's. */
const CONFIGURATION = { bands: 14, rows: 8, ngram: 5, seed: 1 } as const;
const WARM_UP_PAGES = 2000;
const MEGABYTE = 1e6;

/** Medians of the rounds, in pages per second of user CPU time. */
export interface Speeds {
  readonly kernel: number;
  readonly plain: number;
}

/** The kernel's speed over another's: median, least and most of the rounds' own ratios. */
export interface Ratio {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export interface SigningBench {
  readonly input: string;
  readonly pages: number;
  readonly bytes: number;
  /** With evidence and without. */
  readonly pagesPerSecond: { readonly verified: Speeds; readonly unverified: Speeds };
  readonly ratio: { readonly verified: Ratio; readonly unverified: Ratio };
  /** The definitions, with evidence, on `definitionPages` of the pages. */
  readonly definition: number;
  readonly definitionRatio: number;
  readonly definitionPages: number;
  /** Pages whose signatures by the kernel and by plain TypeScript, or the definitions, are not equal. */
  readonly differences: number;
}

type Sign = (text: string) => Signature | null;

export function benchSigning(
  input: string,
  texts: readonly string[],
  { rounds, definitionPages }: { readonly rounds: number; readonly definitionPages: number },
): SigningBench {
  const verified = measure(texts, { ...CONFIGURATION, verify: true }, rounds);
  const unverified = measure(texts, { ...CONFIGURATION, verify: false }, rounds);
  const step = Math.ceil(texts.length / definitionPages);
  const sample = texts.filter((_, i) => i % step === 0);
  const kernel = verified.signatures.filter((_, i) => i % step === 0);
  const [definition, defined] = timed(sample, signByDefinition);
  const differences = kernel.filter((signature, i) => !isDeepStrictEqual(signature, defined[i])).length;
  return {
    input,
    pages: texts.length,
    bytes: texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0),
    pagesPerSecond: { verified: verified.speeds, unverified: unverified.speeds },
    ratio: { verified: verified.ratio, unverified: unverified.ratio },
    definition,
    definitionRatio: verified.speeds.kernel / definition,
    definitionPages: sample.length,
    differences: verified.differences + unverified.differences + differences,
  };
}

function measure(texts: readonly string[], params: SignerParams, rounds: number) {
  const kernel = new Signer(params);
  const plain = new PlainSigner(params);
  const ways = { kernel: (text: string) => kernel.sign(text), plain: (text: string) => plain.sign(text) };
  // Both are compiled for speed only when they have run for a while.
  for (let i = 0; i < WARM_UP_PAGES; i++) for (const sign of Object.values(ways)) sign(texts[i % texts.length]!);
  const signatures = texts.map(ways.kernel);
  const differences = signatures.filter((signature, i) => !isDeepStrictEqual(signature, ways.plain(texts[i]!))).length;
  const speeds = { kernel: [] as number[], plain: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    // Every other round begins with the other one: a machine that slows down favours neither.
    for (const way of round % 2 === 0 ? (["kernel", "plain"] as const) : (["plain", "kernel"] as const)) {
      speeds[way].push(timed(texts, ways[way])[0]);
    }
  }
  const ratios = speeds.kernel.map((speed, round) => speed / speeds.plain[round]!);
  return {
    signatures,
    differences,
    speeds: { kernel: median(speeds.kernel), plain: median(speeds.plain) },
    ratio: { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) },
  };
}

function timed(texts: readonly string[], sign: Sign): [pagesPerSecond: number, signatures: (Signature | null)[]] {
  const before = process.cpuUsage();
  const signatures = texts.map((text) => sign(text));
  return [(MEGABYTE * texts.length) / process.cpuUsage(before).user, signatures];
}

function signByDefinition(text: string): Signature | null {
  const { bands, rows, ngram, seed } = CONFIGURATION;
  const shingles = shingleHashes(text, ngram);
  if (shingles.length === 0) return null;
  const keys = bandKeys(minima(shingles, makePermutations(seed, bands * rows)), bands, rows);
  return { keys, evidence: new Uint8Array(Uint32Array.from(new Set(shingles)).sort().buffer) };
}

export function showSigning(bench: SigningBench): string {
  const { pages, bytes, pagesPerSecond, ratio, definition, definitionRatio, definitionPages } = bench;
  const { bands, rows, ngram } = CONFIGURATION;
  const speed = (value: number): string[] => [
    `${count(Math.round(value))} pages/s`,
    `${((value * bytes) / pages / MEGABYTE).toPrecision(3)} MB/s`,
  ];
  const spread = ({ median, least, most }: Ratio): string =>
    `${median.toFixed(2)} × plain (${least.toFixed(2)} to ${most.toFixed(2)})`;
  return [
    `signing ${bench.input}: ${count(pages)} pages, ${(bytes / MEGABYTE).toFixed(1)} MB, ${bands} × ${rows}, shingles of ${ngram} words; one core, medians of user CPU time`,
    table([
      ["kernel, with evidence", ...speed(pagesPerSecond.verified.kernel), spread(ratio.verified)],
      ["plain TypeScript", ...speed(pagesPerSecond.verified.plain)],
      ["kernel, without", ...speed(pagesPerSecond.unverified.kernel), spread(ratio.unverified)],
      ["plain TypeScript", ...speed(pagesPerSecond.unverified.plain)],
      [
        "definitions, with evidence",
        ...speed(definition),
        `on ${definitionPages}; the kernel ${definitionRatio.toFixed(0)} ×`,
      ],
    ]),
    `  signatures: all compared, ${count(bench.differences)} differ`,
  ].join("\n");
}
