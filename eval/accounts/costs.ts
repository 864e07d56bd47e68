/** What an arm cost, from its run and its training: whether to buy pages or to crawl them is answered from these figures. */
import { digestOf } from "../../pipeline/canonical.ts";
import type { Manifest } from "../../pipeline/manifest.ts";
import { labelOf } from "../../pipeline/stage.ts";
import type { Account } from "../../trainer/account.ts";
import type { CostReport } from "../report/report-data.ts";
import { ledgerPages } from "./ledger-pages.ts";
import type { Run } from "./run.ts";

/** Input files that have a row each; the smaller ones share one. */
const MOST_SOURCES = 20;
/** Stands for every input file that has no price of its own. */
const ANY_SOURCE = "*";
const SECONDS_AN_HOUR = 3600;
const BYTES_A_GIGABYTE = 1e9;

/** What pages of an input file cost: prices add up. */
export interface SourcePrice {
  readonly page?: number | undefined;
  /** Stored, that is compressed, 10⁹ bytes. */
  readonly gigabyte?: number | undefined;
  /** Once, however many files have this price: they share it by their bytes. */
  readonly flat?: number | undefined;
}

/** In one currency. What is not stated is not counted. */
export interface Rates {
  readonly currency: string;
  /** Of one core. */
  readonly cpuHour?: number | undefined;
  readonly gpuHour?: number | undefined;
  /** By an input file's label; "*" for all others. */
  readonly sources: Readonly<Record<string, SourcePrice>>;
}

/** What training took, of all models of an arm together. */
export interface TrainingSpent {
  readonly tokens: number;
  readonly seconds: number;
  /** That were held for so long. */
  readonly cpuCores: number;
  readonly gpus: number;
}

/**
 * Costs of one arm. Bytes trained on are told from tokens by the run's mean. `siblings` are runs of the other arms: what a run
 * took over from them is counted as if it had done it itself, so that arms do not look cheap for having been run later.
 */
export async function costsOf(
  run: Run,
  training: TrainingSpent,
  account: Pick<Account, "trainingFlops">,
  { rates, siblings = [] }: { readonly rates?: Rates | undefined; readonly siblings?: readonly Manifest[] } = {},
): Promise<CostReport> {
  const { counts } = run.manifest;
  const bySource = await sourcesOf(run, rates);
  const curationCpuSeconds = curationSeconds(run.manifest, siblings);
  const { tokens, seconds, cpuCores, gpus } = training;
  const cpuHours = (curationCpuSeconds + seconds * cpuCores) / SECONDS_AN_HOUR;
  const gpuHours = (seconds * gpus) / SECONDS_AN_HOUR;
  const money = rates && [
    ...bySource.map((source) => source.money ?? 0),
    cpuHours * (rates.cpuHour ?? 0),
    gpuHours * (rates.gpuHour ?? 0),
  ];
  return {
    bySource: summarized(bySource),
    tokensTrained: tokens,
    textBytesTrained: counts.tokens === 0 ? 0 : Math.round((tokens * counts.textBytes) / counts.tokens),
    trainingFlops: tokens * account.trainingFlops.token,
    curationCpuSeconds,
    trainingSeconds: seconds,
    money: money?.reduce((sum, part) => sum + part, 0),
    currency: rates?.currency,
  };
}

type SourceCosts = CostReport["bySource"][number];

async function sourcesOf({ dir, manifest }: Run, rates: Rates | undefined): Promise<SourceCosts[]> {
  const { inputs } = manifest.identity;
  const kept = new Map(inputs.map(({ file }) => [file, { textBytes: 0, tokens: 0 }]));
  for await (const { file, outcome, textBytes, tokens } of ledgerPages(dir, [
    "file",
    "outcome",
    "textBytes",
    "tokens",
  ])) {
    const source = kept.get(file);
    if (outcome !== "kept" || source === undefined) continue;
    source.textBytes += textBytes;
    source.tokens += tokens;
  }
  const priceNameOf = (file: string): string => (Object.hasOwn(rates?.sources ?? {}, file) ? file : ANY_SOURCE);
  const bytesOfPrice = new Map<string, number>();
  for (const { file, bytes } of inputs) {
    bytesOfPrice.set(priceNameOf(file), (bytesOfPrice.get(priceNameOf(file)) ?? 0) + bytes);
  }
  return inputs.map(({ file, bytes }) => {
    const tally = manifest.counts.files[file];
    const pagesIn = tally?.pages ?? 0;
    const priceName = priceNameOf(file);
    const price = rates?.sources[priceName];
    const shareOfFlat = bytes / Math.max(1, bytesOfPrice.get(priceName)!);
    return {
      source: file,
      pagesIn,
      pagesKept: tally?.kept ?? 0,
      bytesIn: bytes,
      ...kept.get(file)!,
      money:
        price &&
        pagesIn * (price.page ?? 0) +
          (bytes / BYTES_A_GIGABYTE) * (price.gigabyte ?? 0) +
          shareOfFlat * (price.flat ?? 0),
    };
  });
}

/** In the run's order, the smaller ones added up at the end. */
function summarized(sources: readonly SourceCosts[]): SourceCosts[] {
  if (sources.length <= MOST_SOURCES) return [...sources];
  const bySize = [...sources.entries()].sort(([m, a], [n, b]) => b.bytesIn - a.bytesIn || m - n);
  const largest = new Set(bySize.slice(0, MOST_SOURCES - 1).map(([n]) => n));
  const rest = sources.filter((_, n) => !largest.has(n));
  const sum = (field: "pagesIn" | "pagesKept" | "bytesIn" | "textBytes" | "tokens"): number =>
    rest.reduce((total, one) => total + one[field], 0);
  const priced = rest.filter(({ money }) => money !== undefined);
  return [
    ...sources.filter((_, n) => largest.has(n)),
    {
      source: `${rest.length} other files`,
      pagesIn: sum("pagesIn"),
      pagesKept: sum("pagesKept"),
      bytesIn: sum("bytesIn"),
      textBytes: sum("textBytes"),
      tokens: sum("tokens"),
      money: priced.length === 0 ? undefined : priced.reduce((total, { money }) => total + money!, 0),
    },
  ];
}

/**
 * Of all steps, the worker seconds that they took in this run or, where that is more, in a sibling that did the very same: the
 * same stages up to there on the same inputs. A run that takes work over measures none of it.
 */
export function curationSeconds(manifest: Manifest, siblings: readonly Manifest[] = []): number {
  const runs = [manifest, ...siblings];
  const seconds = Object.entries(manifest.measured.stepSeconds).map(([step, own]) => {
    const key = workUpTo(manifest, step);
    const same = runs.filter((run) => workUpTo(run, step) === key);
    return Math.max(own, ...same.map(({ measured }) => measured.stepSeconds[step] ?? 0));
  });
  return seconds.reduce((sum, one) => sum + one, 0);
}

/** Digest of what decides how much work a step has. */
function workUpTo({ identity }: Manifest, step: string): string {
  const { seed, source, stages, sink, limits, inputs } = identity;
  const begun = { seed, source, limits, inputs };
  if (step === source.name) return digestOf(begun);
  const last = stages.findLastIndex((stage) => labelOf(stage) === step);
  return digestOf(last < 0 ? { ...begun, stages, sink } : { ...begun, stages: stages.slice(0, last + 1) });
}
