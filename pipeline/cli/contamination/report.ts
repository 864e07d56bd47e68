/** What a finished run says of evaluation sets: which items its pages held, from the ledger and the sets' own files. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type DecontaminateParams, loadItems } from "../../../stages/decontaminate/decontaminate.ts";
import { findEvalFiles } from "../../../stages/decontaminate/eval-files.ts";
import { oneLine, RecipeError } from "../../errors.ts";
import { ledgerColumns } from "../../ledger-reader.ts";
import { type Manifest, readManifest } from "../../manifest.ts";
import { contextFor } from "../../recipe.ts";
import { labelOf } from "../../stage.ts";
import { valueOr } from "../../value-or.ts";

export interface ContaminationReport {
  /** What the recipe calls the stage. */
  readonly stage: string;
  readonly method: DecontaminateParams["method"];
  readonly action: DecontaminateParams["action"];
  readonly pages: {
    /** Looked at by the stage. */
    readonly searched: number;
    readonly contaminated: number;
    readonly dropped: number;
    readonly masked: number;
  };
  readonly suites: readonly SuiteReport[];
  /** Items that pages held, in the order of the sets. */
  readonly items: readonly ItemReport[];
  /** Why it is not known how many items the sets have. */
  readonly unknown?: string;
}

export interface SuiteReport {
  readonly suite: string;
  readonly items?: number;
  /** Too short to be found, or common to too many. */
  readonly unsearched?: number;
  readonly contaminated: number;
  /** That hold an item of it. */
  readonly pages: number;
}

export interface ItemReport {
  readonly id: string;
  readonly pages: number;
  /** In the page that has most of it: words that are the item's, or with `near-duplicate` how alike it is, at most 1. */
  readonly most: number;
  readonly urls: readonly string[];
}

/** A report for each stage of the run that decontaminates. Holds what is found, and the index of the sets. */
export async function contaminationOf(run: string, exampleUrls: number): Promise<ContaminationReport[]> {
  const manifest = readManifest(run);
  const reports: ContaminationReport[] = [];
  for (const [n, identity] of manifest.identity.stages.entries()) {
    if (identity.name === "decontaminate") reports.push(await reportOf(run, manifest, n, exampleUrls));
  }
  if (reports.length > 0) return reports;
  const stages = manifest.identity.stages.map(labelOf).join(", ");
  throw new RecipeError(`${run}: no stage of this run is "decontaminate" (stages: ${stages || "none"})`);
}

interface FoundItem {
  readonly id: string;
  pages: number;
  most: number;
  /** Of the first pages that hold it. */
  readonly examples: string[];
}

async function reportOf(run: string, manifest: Manifest, index: number, exampleUrls: number) {
  const stage = labelOf(manifest.identity.stages[index]!);
  const params = manifest.measured.stages[index]!.params as DecontaminateParams;
  const found = new Map<string, FoundItem>();
  /** Page → suites of which it holds items. */
  const suitesOf = new Map<string, Set<string>>();
  let searched = 0;
  for await (const { rows, ...columns } of ledgerColumns(join(run, "ledger", "scores.parquet"), SCORES)) {
    for (let row = 0; row < rows; row++) {
      if (columns.stage[row] !== stage) continue;
      const name = columns.name[row] as string;
      if (name === "items") searched++;
      if (!name.includes("#")) continue;
      const page = columns.id[row] as string;
      const item = valueOr(found, name, () => ({ id: name, pages: 0, most: 0, examples: [] }));
      item.pages++;
      item.most = Math.max(item.most, columns.value[row] as number);
      if (item.examples.length < exampleUrls) item.examples.push(page);
      valueOr(suitesOf, page, () => new Set()).add(suiteOf(name));
    }
  }
  const { urls, dropped, passed } = await fatesOf(run, stage, suitesOf);
  const sets = await setsOf(manifest, index, params);
  const items = [...found.values()].sort((a, b) => sets.order(a.id) - sets.order(b.id) || (a.id < b.id ? -1 : 1));
  const suites = [...new Set([...sets.suites.keys(), ...items.map(({ id }) => suiteOf(id))])];
  return {
    stage,
    method: params.method,
    action: params.action,
    pages: {
      searched,
      contaminated: suitesOf.size,
      dropped,
      masked: params.action === "mask" ? passed : 0,
    },
    suites: suites.map((suite) => ({
      suite,
      ...sets.suites.get(suite),
      contaminated: items.filter(({ id }) => suiteOf(id) === suite).length,
      pages: [...suitesOf.values()].filter((held) => held.has(suite)).length,
    })),
    items: items.map(({ id, pages, most, examples }) => ({
      id,
      pages,
      most,
      urls: examples.map((page) => urls.get(page)!),
    })),
    ...(sets.unknown === undefined ? {} : { unknown: sets.unknown }),
  } satisfies ContaminationReport;
}

const SCORES = ["id", "stage", "name", "value"] as const;

function suiteOf(item: string): string {
  return item.slice(0, item.lastIndexOf("#"));
}

/** URLs of these pages; how many of them the stage dropped, and how many went on from it. */
async function fatesOf(run: string, stage: string, pages: ReadonlyMap<string, unknown>) {
  const urls = new Map<string, string>();
  let dropped = 0;
  let passed = 0;
  const columns = ["id", "url", "stage", "outcome"] as const;
  for await (const { rows, ...page } of ledgerColumns(join(run, "ledger", "pages.parquet"), columns)) {
    for (let row = 0; row < rows; row++) {
      const id = page.id[row] as string;
      if (!pages.has(id)) continue;
      urls.set(id, page.url[row] as string);
      if (page.outcome[row] === "dropped" && page.stage[row] === stage) dropped++;
      else passed++;
    }
  }
  return { urls, dropped, passed };
}

interface Sets {
  /** In the order of the files. */
  readonly suites: ReadonlyMap<string, { readonly items: number; readonly unsearched: number }>;
  readonly order: (item: string) => number;
  readonly unknown?: string;
}

/** The sets that the run used, if their files are still what they were. */
async function setsOf({ identity, measured }: Manifest, index: number, params: DecontaminateParams): Promise<Sets> {
  try {
    const { resolvePath } = contextFor(measured.baseDir, 0);
    const files = findEvalFiles(params.evals, resolvePath, "evals");
    const digests = files.map(({ path }) => createHash("sha256").update(readFileSync(path)).digest("hex"));
    const then = identity.stages[index]!.files ?? [];
    const changed = files.find((_, n) => digests[n] !== then[n]);
    if (changed !== undefined) throw new RecipeError(`${changed.path} is not what the run used`);
    if (files.length !== then.length) throw new RecipeError(`found ${files.length} files, the run used ${then.length}`);
    const { items, search } = await loadItems(params, { resolvePath });
    const suites = new Map<string, { items: number; unsearched: number }>();
    for (const [n, { suite }] of items.entries()) {
      const counts = valueOr(suites, suite, () => ({ items: 0, unsearched: 0 }));
      counts.items++;
      if (search.isSearched[n] === 0) counts.unsearched++;
    }
    const places = new Map(items.map(({ id }, n) => [id, n]));
    return { suites, order: (item) => places.get(item) ?? items.length };
  } catch (error) {
    const unknown = oneLine(error instanceof Error ? error.message : error);
    return { suites: new Map(), order: () => 0, unknown };
  }
}
