/**
 * What a finished run would have kept with other thresholds, told from its ledger: filters and rewriters judge their scores
 * again, deduplication goes through the signatures again. No text is read and nothing is measured.
 *
 *     pages, scores, ends, signatures ─▶ judge again ─▶ duplicates again ─▶ fates ─▶ report
 *
 * Each page is judged twice, with the run's own parameters and with those that are asked about. The first must give what the
 * run recorded, or else the question is refused: the ledger, or the code, is not what it was.
 *
 * Drawn tighter, thresholds are always answered for. Drawn looser, a page that was dropped needs what later stages would have
 * measured: a run with `scores: all` has it, of another one such a page is told as `unknown`, and so is every page that may be
 * a duplicate of one.
 *
 * Parts of a page that a map has split are pages here, as in the ledger: where a stage before the split now drops the page,
 * each of its parts is told as dropped.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import { FormatError } from "./errors.ts";
import { hashFile } from "./io/durable.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import type { Registry } from "./recipe.ts";
import { askStages } from "./what-if/asked-stages.ts";
import { DuplicatesAgain } from "./what-if/duplicates-again.ts";
import { judgeAgain } from "./what-if/judge-again.ts";
import { type Fate, type RecordedPage, RecordedPages } from "./what-if/recorded-pages.ts";
import { ReportWriter, type WhatIfReport } from "./what-if/report.ts";

export type { Fate, RecordedPage } from "./what-if/recorded-pages.ts";
export type { Example, Outcomes, Side, WhatIfReport } from "./what-if/report.ts";

export interface WhatIfOptions {
  readonly registry: Registry;
  /** Pages shown of each side. */
  readonly examples?: number;
  /** Is told every page with what would become of it, in input order. */
  readonly onPage?: (page: RecordedPage, fate: Fate) => void | Promise<void>;
}

export const DEFAULT_EXAMPLES = 5;

/**
 * Asks a finished run what it would have kept with other thresholds: `question` holds values by `STAGE.PARAMETER`.
 * @example await whatIf("out", new Map([["gopher-quality.minWords", 30]]), { registry })
 */
export async function whatIf(
  run: string,
  question: ReadonlyMap<string, unknown>,
  { registry, examples = DEFAULT_EXAMPLES, onPage }: WhatIfOptions,
): Promise<WhatIfReport> {
  const manifest = readManifest(run);
  const { stages, changes } = await askStages(manifest, question, registry);
  await expectIntact(run, manifest);
  const { source, sink } = manifest.identity;
  const pages = new RecordedPages(run, stages, { source: source.name, sink: sink.name });
  try {
    const evidence = (stageIndex: number, signature: number) => pages.evidence(stageIndex, signature);
    const own = new DuplicatesAgain(stages, "own", evidence);
    const asked = new DuplicatesAgain(stages, "asked", evidence);
    const writer = new ReportWriter(manifest, stages, examples);
    for await (const page of pages) {
      expectAsRecorded(run, page, own.decide(page, judgeAgain(page, stages, "own")));
      const fate = asked.decide(page, judgeAgain(page, stages, "asked"));
      writer.add(page, fate);
      await onPage?.(page, fate);
    }
    return await writer.report(run, changes);
  } finally {
    pages.close();
  }
}

/** Which page is a duplicate of which is decided anew. */
const NOT_READ = "ledger/twins.parquet";

/** A signature or a score with one bit changed would give another answer, and nothing would tell. */
async function expectIntact(run: string, { artifacts }: Manifest): Promise<void> {
  for (const { path, bytes, sha256 } of artifacts) {
    if (!path.startsWith("ledger/") || path === NOT_READ) continue;
    const file = join(run, path);
    const found = statSync(file, { throwIfNoEntry: false })?.size;
    if (found === bytes && (await hashFile(file)).sha256 === sha256) continue;
    const what =
      found === undefined ? "missing" : found === bytes ? "damaged" : `damaged: ${found} bytes, not ${bytes}`;
    throw new FormatError(`${file}: ${what}; "sluice inspect RUN --verify" shows what else is, running again makes it`);
  }
}

function expectAsRecorded(run: string, { id, row, fate }: RecordedPage, found: Fate): void {
  if (
    found.outcome === fate.outcome &&
    found.stage === fate.stage &&
    found.reason === fate.reason &&
    found.value === fate.value
  )
    return;
  throw new FormatError(
    `${join(run, "ledger")}: page ${id} (row ${row}) is recorded as ${describe(fate)}, but its scores give ${describe(found)}: the ledger is damaged, or the stages' code is not what ran; run again`,
  );
}

function describe({ outcome, stage, reason, value }: Fate): string {
  const measured = value === undefined ? "" : ` (${value})`;
  return outcome === "kept" ? outcome : `${outcome} by ${stage} for ${reason}${measured}`;
}
