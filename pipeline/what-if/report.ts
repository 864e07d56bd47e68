/** What a question to a finished run comes to: counts before and after, and pages that change side. */
import { funnel } from "../counts.ts";
import { findRejects } from "../ledger-reader.ts";
import type { Manifest, RunCounts } from "../manifest.ts";
import { sampleDraw } from "../rejects.ts";
import type { AskedStage, Change } from "./asked-stages.ts";
import type { Fate, RecordedPage } from "./recorded-pages.ts";

export interface WhatIfReport {
  /** The run's id. */
  readonly run: string;
  readonly changes: readonly Change[];
  readonly before: Outcomes;
  readonly after: Outcomes;
  /** Kept now, and not before. */
  readonly entering: Side;
  /** Dropped now, and kept before. */
  readonly leaving: Side;
  /** Of neither side, but dropped by another stage or for another reason than before. */
  readonly otherReason: number;
  /** Pages of which the run does not tell what would become of them, by reason and by what they were before. */
  readonly unknown: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export interface Outcomes {
  readonly pages: number;
  readonly kept: number;
  readonly dropped: number;
  readonly quarantined: number;
  /** Neither of these; see `WhatIfReport.unknown`. */
  readonly unknown: number;
  /** UTF-8 bytes of the kept pages. */
  readonly textBytes: number;
  /** Of the kept pages, if that is known of each: a page that was dropped is encoded with `scores: all` alone. */
  readonly tokens: number | undefined;
  /** How many pages each step let through; one that is unknown passes all. */
  readonly funnel: RunCounts["funnel"];
  readonly droppedBy: RunCounts["droppedBy"];
  readonly quarantinedBy: RunCounts["quarantinedBy"];
}

export interface Side {
  readonly pages: number;
  readonly textBytes: number;
  /** By the stage and the reason that drop them, before or now. */
  readonly by: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly examples: readonly Example[];
}

export interface Example {
  readonly id: string;
  readonly url: string;
  readonly textBytes: number;
  /** Where the page is dropped, before or now. */
  readonly stage: string;
  readonly reason: string;
  readonly value: number | undefined;
  /** What that stage measured. */
  readonly scores: Readonly<Record<string, number>>;
  /** How its text began when it was dropped, if the run let people read it. */
  readonly text?: string;
}

type Counts = Record<string, Record<string, number>>;

const SHOWN_CHARS = 300;

/** Adds up pages, before and after. */
export class ReportWriter {
  readonly #manifest: Manifest;
  readonly #stages: readonly AskedStage[];
  readonly #before = new Tally();
  readonly #after = new Tally();
  readonly #entering: SideTally;
  readonly #leaving: SideTally;
  readonly #unknown: Counts = Object.create(null);
  #otherReason = 0;

  constructor(manifest: Manifest, stages: readonly AskedStage[], examples: number) {
    const { seed } = manifest.identity;
    this.#manifest = manifest;
    this.#stages = stages;
    this.#entering = new SideTally(seed, examples);
    this.#leaving = new SideTally(seed, examples);
  }

  add(page: RecordedPage, fate: Fate): void {
    const before = page.fate;
    this.#before.add(page, before);
    this.#after.add(page, fate);
    if (fate.outcome === "unknown") count(this.#unknown, fate.reason, before.outcome);
    else if (fate.outcome === "kept" && before.outcome !== "kept") this.#entering.add(page, before);
    else if (fate.outcome !== "kept" && before.outcome === "kept") this.#leaving.add(page, fate);
    else if (fate.stage !== before.stage || fate.reason !== before.reason) this.#otherReason++;
  }

  async report(run: string, changes: readonly Change[]): Promise<WhatIfReport> {
    return {
      run: this.#manifest.id,
      changes,
      before: this.#outcomes(this.#before),
      after: this.#outcomes(this.#after),
      entering: await this.#entering.side(run),
      leaving: await this.#leaving.side(run),
      otherReason: this.#otherReason,
      unknown: this.#unknown,
    };
  }

  #outcomes({ outcomes, textBytes, tokens, droppedBy, quarantinedBy }: Tally): Outcomes {
    const { source, sink } = this.#manifest.identity;
    const recipe = {
      source: { spec: source },
      stages: this.#stages.map(({ label, definition }) => ({ spec: { name: label }, definition })),
      sink: { spec: sink },
    };
    const pages = Object.values(outcomes).reduce((sum, one) => sum + one, 0);
    const steps = funnel(recipe as never, { pages, droppedBy, quarantinedBy });
    return { pages, ...outcomes, textBytes, tokens, funnel: steps, droppedBy, quarantinedBy };
  }
}

class Tally {
  readonly outcomes = { kept: 0, dropped: 0, quarantined: 0, unknown: 0 };
  // Without a prototype: a reason may be called "constructor".
  readonly droppedBy: Counts = Object.create(null);
  readonly quarantinedBy: Counts = Object.create(null);
  textBytes = 0;
  tokens: number | undefined = 0;

  add(page: RecordedPage, { outcome, stage, reason }: Fate): void {
    this.outcomes[outcome]++;
    if (outcome === "dropped") count(this.droppedBy, stage, reason);
    if (outcome === "quarantined") count(this.quarantinedBy, stage, reason);
    if (outcome !== "kept") return;
    this.textBytes += page.endTextBytes;
    this.tokens = this.tokens === undefined || page.tokens === undefined ? undefined : this.tokens + page.tokens;
  }
}

function count(counts: Counts, group: string, name: string): void {
  counts[group] ??= Object.create(null) as Record<string, number>;
  counts[group][name] = (counts[group][name] ?? 0) + 1;
}

/** Pages that go from one side to the other. Examples are those that draw lowest, in turn from every stage and reason. */
class SideTally {
  readonly #seed: number;
  readonly #most: number;
  readonly #by: Counts = Object.create(null);
  readonly #lowest = new Map<string, { readonly draw: number; readonly example: Example }[]>();
  #pages = 0;
  #textBytes = 0;

  constructor(seed: number, most: number) {
    this.#seed = seed;
    this.#most = most;
  }

  add(page: RecordedPage, { stageIndex, stage, reason, value }: Fate): void {
    this.#pages++;
    this.#textBytes += page.endTextBytes;
    count(this.#by, stage, reason);
    const group = `${stage} ${reason}`;
    const lowest = this.#lowest.get(group) ?? [];
    this.#lowest.set(group, lowest);
    // Pages whose text can be read come first: they are a sample by the same draw.
    const draw = sampleDraw(this.#seed, page.id);
    if (lowest.length === this.#most && draw >= (lowest.at(-1)?.draw ?? 0)) return;
    const { id, url, endTextBytes: textBytes, scores } = page;
    const at = lowest.findIndex((one) => one.draw > draw);
    const example = { id, url, textBytes, stage, reason, value, scores: scores.get(stageIndex) ?? {} };
    lowest.splice(at < 0 ? lowest.length : at, 0, { draw, example });
    lowest.length = Math.min(lowest.length, this.#most);
  }

  async side(run: string): Promise<Side> {
    const groups = [...this.#lowest.values()];
    const turns = Array.from({ length: this.#most }, (_, n) => groups.flatMap((group) => group.slice(n, n + 1)));
    const chosen = turns.flat().slice(0, this.#most);
    const texts = new Map<string, string>();
    for (const stage of new Set(chosen.map(({ example }) => example.stage))) {
      const ids = chosen.flatMap(({ example }) => (example.stage === stage ? [example.id] : []));
      for (const [id, { text }] of await findRejects(run, `dropped/${stage}`, ids)) {
        if (typeof text === "string" && text !== "") texts.set(id, text.slice(0, SHOWN_CHARS).toWellFormed());
      }
    }
    const examples = chosen.map(({ example }) => {
      const text = texts.get(example.id);
      return text === undefined ? example : { ...example, text };
    });
    return { pages: this.#pages, textBytes: this.#textBytes, by: this.#by, examples };
  }
}
