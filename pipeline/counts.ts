/** Adds up what became of the pages. Every number here can be asked of the ledger, too. */
import type { FinalRow } from "./duplicates/resolver.ts";
import type { FileTally, RunCounts } from "./manifest.ts";
import type { CheckedRecipe } from "./recipe.ts";
import type { PageRow, SpanAccount } from "./span-entry.ts";
import { labelOf } from "./stage.ts";

/** Losses listed one by one for each file; more are in the sum alone. */
const MAX_LISTED_LOSSES = 100;

export class Counter {
  readonly counts: RunCounts;
  readonly #recipe: FunnelRecipe;

  constructor(recipe: FunnelRecipe) {
    this.#recipe = recipe;
    this.counts = {
      pages: 0,
      kept: 0,
      dropped: 0,
      quarantined: 0,
      textBytes: 0,
      tokens: 0,
      lostBytes: 0,
      funnel: [],
      // Without a prototype: a reason may be called "constructor".
      droppedBy: Object.create(null),
      quarantinedBy: Object.create(null),
      cutBy: Object.create(null),
      files: Object.create(null),
    };
  }

  page(file: string, { row, outcome, stage, reason }: FinalRow, tokens: number): void {
    const tally = this.#file(file);
    tally.pages++;
    tally[outcome]++;
    const { counts } = this;
    counts.pages++;
    counts[outcome]++;
    this.#cuts(row.cuts ?? []);
    if (outcome === "kept") {
      counts.textBytes += row.textBytes;
      counts.tokens += tokens;
      return;
    }
    const by = outcome === "dropped" ? counts.droppedBy : counts.quarantinedBy;
    by[stage] ??= Object.create(null) as Record<string, number>;
    by[stage][reason] = (by[stage][reason] ?? 0) + 1;
  }

  #cuts(cuts: NonNullable<PageRow["cuts"]>): void {
    const { cutBy } = this.counts;
    for (const { stage, start, end } of cuts) {
      cutBy[stage] ??= { pages: 0, units: 0 };
      cutBy[stage].units += end - start;
    }
    for (const stage of new Set(cuts.map((cut) => cut.stage))) cutBy[stage]!.pages++;
  }

  span(file: string, { skipped, losses }: SpanAccount): void {
    const tally = this.#file(file);
    for (const [kind, count] of Object.entries(skipped)) tally.skipped[kind] = (tally.skipped[kind] ?? 0) + count;
    for (const loss of losses) {
      tally.lostBytes += loss.bytes;
      this.counts.lostBytes += loss.bytes;
      if (tally.losses.length < MAX_LISTED_LOSSES) tally.losses.push(loss);
    }
    this.counts.funnel = funnel(this.#recipe, this.counts);
  }

  #file(file: string): FileTally {
    this.counts.files[file] ??= {
      pages: 0,
      kept: 0,
      dropped: 0,
      quarantined: 0,
      skipped: {},
      lostBytes: 0,
      losses: [],
    };
    return this.counts.files[file];
  }
}

/** What the funnel needs to know of a recipe. */
export type FunnelRecipe = Pick<CheckedRecipe, "source" | "stages" | "sink">;

/** How many of the pages written so far each step let through, in recipe order. */
export function funnel(
  { source, stages, sink }: FunnelRecipe,
  counts: Pick<RunCounts, "pages" | "droppedBy" | "quarantinedBy">,
): RunCounts["funnel"] {
  const names = stages.map(({ spec }) => labelOf(spec));
  // Pages that no extractor took are dropped in the name of "extract": it comes behind the last one.
  const extractors = stages.findLastIndex(({ definition }) => definition.kind === "extractor") + 1;
  const steps = [
    source.spec.name,
    ...names.slice(0, extractors),
    "extract",
    ...names.slice(extractors),
    sink.spec.name,
  ];
  const lost = (name: string) =>
    [counts.droppedBy[name], counts.quarantinedBy[name]]
      .flatMap((by) => Object.values(by ?? {}))
      .reduce((sum, pages) => sum + pages, 0);
  let left = counts.pages;
  const rows: RunCounts["funnel"] = [];
  // A stage that stands in a recipe twice has one counter: its loss is shown at the first place.
  for (const step of new Set(steps)) {
    left -= lost(step);
    if (step !== "extract" || lost(step) > 0) rows.push([step, left]);
  }
  return rows;
}
