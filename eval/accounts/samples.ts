/** Pages that one run kept and another dropped: a few, so that people see what the difference is about. */
import { hash } from "node:crypto";
import { KeyNumbers } from "../../pipeline/key-numbers.ts";
import { drawUniform } from "../../pipeline/random.ts";
import { labelOf } from "../../pipeline/stage.ts";
import type { Tokenizer } from "../../pipeline/tokenizer.ts";
import type { PageSample } from "../report/report-data.ts";
import { keptPages } from "./kept-pages.ts";
import { ledgerPages } from "./ledger-pages.ts";
import type { Run } from "./run.ts";

/** As much of a page's text as a report shows, in characters. */
const SHOWN_CHARACTERS = 600;

export interface SampleOptions {
  /** How many at most. */
  readonly count: number;
  /** Of the run that kept them. */
  readonly tokenizer: Tokenizer;
  /** Without it a page is told by URL, hash and reason alone. */
  readonly withText: boolean;
}

type Dropped = Omit<PageSample, "keptBy" | "droppedBy" | "sha256" | "text"> & { readonly id: string };

/**
 * Pages that `keeping` kept and `dropping` dropped, drawn by their ids and in turn from the stages and reasons that dropped
 * them. Text and hash are those of the run that kept them, which must have token shards. Holds 24 bytes a kept page.
 */
export async function sampleDifferences(
  keeping: Run & { readonly name: string },
  dropping: Run & { readonly name: string },
  { count, tokenizer, withText }: SampleOptions,
): Promise<PageSample[]> {
  if (count === 0 || keeping.manifest.counts.kept === 0) return [];
  const chosen = await chooseDropped(await keptIds(keeping.dir), dropping, count);
  const ids = new Set(chosen.map(({ id }) => id));
  const texts = new Map<string, { readonly sha256: string; readonly text: string }>();
  for await (const { id, text } of keptPages(keeping, tokenizer, (one) => ids.has(one))) {
    texts.set(id, { sha256: hash("sha256", text, "hex"), text: beginningOf(text) });
  }
  return chosen.map(({ id, ...page }) => {
    const { sha256, text } = texts.get(id)!;
    return { keptBy: keeping.name, droppedBy: dropping.name, ...page, sha256, text: withText ? text : undefined };
  });
}

async function keptIds(run: string): Promise<KeyNumbers> {
  const kept = new KeyNumbers();
  for await (const { id, outcome } of ledgerPages(run, ["id", "outcome"])) {
    if (outcome === "kept") kept.add(...halvesOf(id));
  }
  return kept;
}

async function chooseDropped(kept: KeyNumbers, { dir, manifest }: Run, count: number): Promise<Dropped[]> {
  /** Stage → reason → the pages with the lowest draws, and how many there were. */
  const stages = new Map<string, Map<string, Lowest>>(
    manifest.identity.stages.map((stage) => [labelOf(stage), new Map()]),
  );
  const fields = ["id", "url", "outcome", "stage", "reason", "value"] as const;
  for await (const { outcome, ...page } of ledgerPages(dir, fields)) {
    if (outcome !== "dropped" || kept.find(...halvesOf(page.id)) < 0) continue;
    const reasons = stages.get(page.stage) ?? new Map<string, Lowest>();
    stages.set(page.stage, reasons);
    const lowest = reasons.get(page.reason) ?? new Lowest(count);
    reasons.set(page.reason, lowest);
    lowest.add(page);
  }
  const byStage = [...stages.values()].map((reasons) =>
    takeTurns([...reasons.values()].sort((a, b) => b.seen - a.seen).map(({ pages }) => pages)),
  );
  return takeTurns(byStage).slice(0, count);
}

/** Of the pages it is given, those with the lowest draws. */
class Lowest {
  seen = 0;
  readonly #most: number;
  #pages: { readonly draw: number; readonly page: Dropped }[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  get pages(): Dropped[] {
    return this.#pages.map(({ page }) => page);
  }

  add(page: Dropped): void {
    this.seen++;
    const draw = drawUniform(0, "sample of differences", page.id);
    if (this.#pages.length === this.#most && draw >= this.#pages.at(-1)!.draw) return;
    const at = this.#pages.findIndex((one) => one.draw > draw);
    this.#pages.splice(at < 0 ? this.#pages.length : at, 0, { draw, page });
    this.#pages.length = Math.min(this.#pages.length, this.#most);
  }
}

/** The first of each list, then the second of each, and on. */
export function takeTurns<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, n) => lists.flatMap((list) => list.slice(n, n + 1))).flat();
}

/** 64 bits that stand for a page. */
function halvesOf(id: string): [low: number, high: number] {
  const digest = hash("sha256", id, "buffer");
  return [digest.readUInt32LE(0), digest.readUInt32LE(4)];
}

function beginningOf(text: string): string {
  const characters = [...text.slice(0, 2 * SHOWN_CHARACTERS)].slice(0, SHOWN_CHARACTERS).join("").toWellFormed();
  return characters.length < text.length ? `${characters}…` : characters;
}
