/** Scores engines on pages whose main text is known: figures with intervals, and what one engine has over another. */
import { bootstrapIntervals } from "../../../classifiers/evaluation/index.ts";
import { type Dropped, isDropped } from "../../verdict.ts";
import type { Engine } from "./engines.ts";
import type { Captures, TruthSet } from "./truth.ts";

/** A figure, and the 95 % interval of drawing as many pages with replacement. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}
export type Estimates = Readonly<Record<string, Estimate>>;

export interface EngineScores {
  readonly engine: string;
  readonly scores: Estimates;
  /** Pages from which nothing was extracted. */
  readonly empty: number;
}
/** `engine` minus `than`, page by page: the same pages are drawn for both. */
export interface Difference {
  readonly engine: string;
  readonly than: string;
  readonly scores: Estimates;
}
export interface GroupScores {
  /** Left away for all pages of a set. */
  readonly pageType?: string;
  readonly pages: number;
  readonly engines: readonly EngineScores[];
  readonly differences: readonly Difference[];
}
export interface SetScores {
  readonly set: string;
  readonly metric: string;
  /** All pages first, then each page type, where pages have one. */
  readonly groups: readonly GroupScores[];
}
export interface EngineRun {
  readonly engine: string;
  readonly pages: number;
  /** Per second of user CPU time, the first pages of a process included. */
  readonly pagesPerSecond: number;
  /** Why pages came to nothing. */
  readonly reasons: Readonly<Record<string, number>>;
}
export interface ExtractScores {
  readonly sets: readonly SetScores[];
  readonly runs: readonly EngineRun[];
}

/** What each engine's text is worth, by engine and page. */
export type Measured = readonly (readonly { readonly value: unknown; readonly isEmpty: boolean }[])[];

export async function scoreEngines(
  sets: readonly TruthSet[],
  engines: readonly Engine[],
  captures: Captures,
  onSet: (done: SetScores) => void = () => {},
): Promise<ExtractScores> {
  const meters = engines.map((engine) => new Meter(engine));
  const done: SetScores[] = [];
  for (const set of sets) {
    const measured: { value: unknown; isEmpty: boolean }[][] = engines.map(() => []);
    for (const truth of set.pages) {
      const page = await captures.read(truth);
      for (const [e, meter] of meters.entries()) {
        const text = await meter.textOf(page);
        measured[e]!.push({ value: set.metric.measure(truth, text), isEmpty: text.trim() === "" });
      }
    }
    const scores = scoresOf(
      set,
      engines.map(({ name }) => name),
      measured,
    );
    done.push(scores);
    onSet(scores);
  }
  return { sets: done, runs: meters.map((meter) => meter.result()) };
}

/** Runs an engine, and keeps its time and what went wrong. */
class Meter {
  readonly #engine: Engine;
  readonly #reasons: Record<string, number> = {};
  #pages = 0;
  #microseconds = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async textOf(page: Parameters<Engine["extract"]>[0]): Promise<string> {
    this.#pages++;
    const before = process.cpuUsage();
    const result = await this.#extract(page);
    this.#microseconds += process.cpuUsage(before).user;
    if (!isDropped(result)) return result.text;
    this.#reasons[result.reason] = (this.#reasons[result.reason] ?? 0) + 1;
    return "";
  }

  async #extract(page: Parameters<Engine["extract"]>[0]): Promise<{ readonly text: string } | Dropped> {
    try {
      return await this.#engine.extract(page);
    } catch {
      return { kept: false, reason: "threw" };
    }
  }

  result(): EngineRun {
    const pagesPerSecond = this.#microseconds === 0 ? 0 : this.#pages / (this.#microseconds / 1e6);
    return { engine: this.#engine.name, pages: this.#pages, pagesPerSecond, reasons: this.#reasons };
  }
}

/** A set's figures, from what each page's texts came to. */
export function scoresOf({ name, metric, pages }: TruthSet, engines: readonly string[], measured: Measured): SetScores {
  const types = [...new Set(pages.map(({ pageType }) => pageType))].filter((type) => type !== undefined).sort();
  const all = pages.map((_, i) => i);
  const group = (members: readonly number[]): GroupScores => {
    const own = measured.map((one) => members.map((i) => one[i]!));
    return { pages: members.length, ...compare(metric, engines, own) };
  };
  const byType = types.map((pageType) => ({
    pageType,
    ...group(all.filter((i) => pages[i]!.pageType === pageType)),
  }));
  return { set: name, metric: metric.name, groups: [group(all), ...byType] };
}

function compare(
  metric: TruthSet["metric"],
  engines: readonly string[],
  measured: Measured,
): Pick<GroupScores, "engines" | "differences"> {
  const values = measured.map((pages) => pages.map(({ value }) => value));
  const names = Object.keys(metric.scores(values[0]!));
  const pairs = engines.flatMap((_, than) => engines.slice(than + 1).map((_, i) => [than + 1 + i, than] as const));
  /** Of every engine, then of every pair, all figures. */
  const figures = (weights?: ArrayLike<number>): number[] => {
    const scores = values.map((pages) => metric.scores(pages, weights));
    const own = scores.flatMap((one) => names.map((name) => one[name]!));
    return [...own, ...pairs.flatMap(([one, than]) => names.map((name) => scores[one]![name]! - scores[than]![name]!))];
  };
  const found = figures();
  const intervals = bootstrapIntervals(values[0]!.length, figures);
  const estimates = (row: number): Estimates =>
    Object.fromEntries(
      names.map((name, i) => {
        const at = row * names.length + i;
        return [name, { value: found[at]!, ...intervals[at]! }];
      }),
    );
  return {
    engines: engines.map((engine, e) => ({
      engine,
      scores: estimates(e),
      empty: measured[e]!.filter(({ isEmpty }) => isEmpty).length,
    })),
    differences: pairs.map(([one, than], p) => ({
      engine: engines[one]!,
      than: engines[than]!,
      scores: estimates(engines.length + p),
    })),
  };
}
