/** One page's whole story, in words. */
import { isAbsolute } from "node:path";
import type { Document } from "./document.ts";
import { FormatError } from "./errors.ts";
import type { LedgerPage } from "./ledger.ts";
import {
  type CutRow,
  cutsOf,
  findPages,
  findReject,
  type ScoreRow,
  scoresOf,
  type TwinRow,
  twinsOf,
  urlsOf,
} from "./ledger-reader.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import { PagesAgain } from "./page-again.ts";
import { contextFor, type Registry } from "./recipe.ts";
import { labelOf } from "./stage.ts";

export interface PageStory {
  readonly page: LedgerPage;
  readonly scores: readonly ScoreRow[];
  /** By stage that looks below the page: what it cut out. */
  readonly cuts?: readonly StageCuts[];
  readonly twin?: TwinRow & { readonly url: string };
  /** What was thrown, or why the page was convicted. */
  readonly detail?: string;
  /** Its text, if dropped pages were kept and this one was. */
  readonly text?: string;
  /** The texts of a page and of its twin, as they were compared. */
  readonly compared?: ComparedTexts;
}

/** A text is left away where it cannot be had any more, and a note says why. */
export interface ComparedTexts {
  readonly page?: string;
  readonly twin?: string;
  /** What the stage tells of the two. */
  readonly told?: string;
  readonly notes: readonly string[];
}

export interface StageCuts {
  readonly stage: string;
  /** Share of the page's text, in UTF-16 units. */
  readonly share?: number;
  readonly passages: readonly CutPassage[];
  /** Why the passages have no texts, where they should. */
  readonly note?: string;
}

/** The UTF-16 units `start` up to `end` of the text as it came to the stage. */
export interface CutPassage {
  readonly start: number;
  readonly end: number;
  readonly text?: string;
  /** The page where the passage stays, or first stood; it may be this one. */
  readonly twin?: string;
  readonly twinUrl?: string;
}

/**
 * Looks a page up in a run by id or URL. A URL that was captured several times has several stories. With a registry of the
 * built-in stages the texts of duplicates and of their twins, and of passages that were cut out, are read again from the run's
 * inputs.
 */
export async function tellWhy(
  run: string,
  idOrUrl: string,
  options: { readonly registry?: Registry } = {},
): Promise<{ manifest: Manifest; stories: PageStory[] }> {
  const manifest = readManifest(run);
  const pages = await findPages(run, idOrUrl);
  if (pages.length === 0) {
    const hint =
      isAbsolute(idOrUrl) || /^https?:/.test(idOrUrl)
        ? "URLs must be written as the crawl has them"
        : "expected a URL or an id of 32 hex digits";
    throw new FormatError(`${run}: no page ${idOrUrl} entered this run (${hint})`);
  }
  const texts = options.registry === undefined ? undefined : new TextsAgain(run, manifest, options.registry);
  return { manifest, stories: await Promise.all(pages.map((page) => storyOf(run, manifest, page, texts))) };
}

async function storyOf(
  run: string,
  manifest: Manifest,
  page: LedgerPage,
  texts: TextsAgain | undefined,
): Promise<PageStory> {
  const scores = await scoresOf(run, page.id);
  const cuts = await cutsStory(run, manifest, page, scores, texts);
  const story = { page, scores, ...(cuts.length === 0 ? {} : { cuts }) };
  if (page.outcome === "quarantined") {
    const reject = await findReject(run, "quarantine", page.id);
    return { ...story, ...(typeof reject?.detail === "string" ? { detail: reject.detail } : {}) };
  }
  if (page.outcome !== "dropped") return story;
  const reject = await findReject(run, `dropped/${page.stage}`, page.id);
  const text = typeof reject?.text === "string" && reject.text !== "" ? { text: reject.text } : {};
  const twin = (await twinsOf(run, page.id))[0];
  if (twin === undefined) return { ...story, ...text };
  const url = twin.url ?? (await findPages(run, twin.twin))[0]?.url ?? "";
  const whole = { ...story, ...text, twin: { ...twin, url } };
  return texts === undefined ? whole : { ...whole, compared: await texts.of(page, twin) };
}

async function cutsStory(
  run: string,
  { counts }: Manifest,
  page: LedgerPage,
  scores: readonly ScoreRow[],
  texts: TextsAgain | undefined,
): Promise<StageCuts[]> {
  // Runs of earlier versions have no such file.
  if (Object.keys(counts.cutBy ?? {}).length === 0) return [];
  const byStage = Map.groupBy(await cutsOf(run, page.id), ({ stage }) => stage);
  if (byStage.size === 0) return [];
  const twins = new Set([...byStage.values()].flat().flatMap(({ twin }) => twin ?? []));
  const urls = await urlsOf(run, twins);
  return await Promise.all(
    Array.from(byStage, async ([stage, rows]) => {
      const share = scores.find((score) => score.stage === stage && score.name === "cutShare")?.value;
      const { text, note } = (await texts?.cutFrom(page, stage)) ?? {};
      return {
        stage,
        ...(share === undefined ? {} : { share }),
        passages: rows.map((row) => passageOf(row, text, urls)),
        ...(note === undefined ? {} : { note }),
      };
    }),
  );
}

function passageOf(row: CutRow, text: string | undefined, urls: ReadonlyMap<string, string>): CutPassage {
  const [start, end] = [Number(row.start), Number(row.end)];
  const twinUrl = urls.get(row.twin ?? "");
  return {
    start,
    end,
    ...(text === undefined ? {} : { text: text.slice(start, end) }),
    ...(row.twin === null ? {} : { twin: row.twin }),
    ...(twinUrl === undefined ? {} : { twinUrl }),
  };
}

/** Reads the texts of duplicates, and of pages that lost passages, again. */
class TextsAgain {
  readonly #run: string;
  readonly #manifest: Manifest;
  readonly #registry: Registry;
  readonly #pages: PagesAgain;

  constructor(run: string, manifest: Manifest, registry: Registry) {
    this.#run = run;
    this.#manifest = manifest;
    this.#registry = registry;
    this.#pages = new PagesAgain(run, manifest, registry);
  }

  /** The text that a stage cut passages from, or why it cannot be had. */
  async cutFrom(page: LedgerPage, label: string): Promise<{ readonly text?: string; readonly note?: string }> {
    const [stage, another] = this.#stagesCalled(label);
    if (another !== undefined)
      return { note: `several stages are called ${label}: "as" in the recipe tells them apart` };
    try {
      return { text: (await this.#pages.pageAt(stage!, page)).text };
    } catch (error) {
      return { note: `the text cannot be read again: ${(error as Error).message}` };
    }
  }

  #stagesCalled(label: string): number[] {
    const { stages } = this.#manifest.identity;
    return [...stages.keys()].filter((n) => labelOf(stages[n]!) === label);
  }

  async of(page: LedgerPage, twin: TwinRow): Promise<ComparedTexts> {
    const stage = this.#stagesCalled(page.stage)[0] ?? -1;
    const notes: string[] = [];
    const read = async (what: string, again: () => Promise<Document>): Promise<Document | undefined> => {
      try {
        return await again();
      } catch (error) {
        notes.push(`${what} cannot be read again: ${(error as Error).message}`);
        return undefined;
      }
    };
    const own = await read("its text", () => this.#pages.pageAt(stage, page));
    const other = await read("its twin's text", () => this.#twin(stage, twin));
    const told = own === undefined || other === undefined ? undefined : await this.#pages.tell(stage, own, other);
    return {
      ...(own === undefined ? {} : { page: own.text }),
      ...(other === undefined ? {} : { twin: other.text }),
      ...(told === undefined ? {} : { told }),
      notes,
    };
  }

  async #twin(stage: number, { twin, run: earlier }: TwinRow): Promise<Document> {
    if (earlier === null || earlier === undefined) return await pageIn(this.#run, twin, this.#pages, stage);
    const { identity, measured } = this.#manifest;
    const run = contextFor(measured.baseDir, 0).resolvePath(earlier);
    const manifest = readManifest(run);
    const signing = identity.stages[stage]!;
    const same = [...manifest.identity.stages.keys()].filter((n) => manifest.identity.stages[n]!.name === signing.name);
    const there = same.find((n) => labelOf(manifest.identity.stages[n]!) === labelOf(signing)) ?? same[0];
    if (there === undefined) throw new FormatError(`${run}: the run has no stage ${signing.name} any more`);
    return await pageIn(run, twin, new PagesAgain(run, manifest, this.#registry), there);
  }
}

async function pageIn(run: string, id: string, pages: PagesAgain, stage: number): Promise<Document> {
  const page = (await findPages(run, id))[0];
  if (page === undefined) throw new FormatError(`${run}: no page ${id} in its ledger`);
  return await pages.pageAt(stage, page);
}
