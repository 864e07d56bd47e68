/**
 * Definitions and specs. A *definition* is code: a stage's schema and functions, made by one of the `define*` calls
 * and exported as its module's default. A *spec* is plain data: which definition, with which parameters. Calling a
 * definition gives a spec; a worker thread turns the spec back into the definition by importing `spec.module`.
 *
 *     definition --call--> spec --postMessage, YAML, manifest--> spec --import--> definition
 */
import { join } from "node:path";
import { z } from "zod";
import { dedupOptionsOf } from "./dedup-options.ts";
import type { Document, RawPage, Tags } from "./document.ts";
import { savedIndexes } from "./duplicates/find-index.ts";
import { INDEX_JSON } from "./duplicates/saved-index.ts";
import { RecipeError } from "./errors.ts";
import type { FeatureNeed, FeaturesOf } from "./features.ts";
import { firstMistake } from "./schema-error.ts";
import type { SinkWriter } from "./sink.ts";
import type { PlannedInput, SourceItem, SourceLog, Span } from "./source.ts";
import type { Dropped, Verdict } from "./verdict.ts";

/** Plain data that names a stage and its parameters. */
export interface StageSpec {
  readonly name: string;
  /** URL of the module whose default export is the definition. Not part of any identity. */
  readonly module: string;
  readonly version: number;
  readonly params: unknown;
  /** What a recipe calls this use of the stage; see `labelOf`. */
  readonly as?: string;
}

/**
 * What a stage is called in everything a run tells: counts, ledger, folders of dropped pages. Its name, or what the recipe
 * says under `as`, so that two uses of one stage can be told apart.
 */
export function labelOf({ name, as }: { readonly name: string; readonly as?: string | undefined }): string {
  return as ?? name;
}

// A list of stages does not know each one's state, features or scores: in these interfaces the defaults stand for "any".
// biome-ignore lint/suspicious/noExplicitAny: `unknown` would refuse every concrete stage
type Any = any;

/** What every definition carries. (Functions are declared as methods, so that a list can hold stages of any parameters.) */
interface Common<P extends z.ZodType, S> {
  readonly name: string;
  /** Always `import.meta.url`. */
  readonly module: string;
  /** Raise it when the same parameters begin to give other results: cached results of the old version are left alone. */
  readonly version: number;
  readonly params: P;
  /**
   * Loads what the stage needs (a list, a model), once per worker; its result is handed to every later call. The
   * parameters hold paths as the user wrote them: `context.resolvePath` makes them absolute.
   */
  setup?(params: z.output<P>, context: SetupContext): S | Promise<S>;
  /** Names of parameters that say *where* (input files, an output folder), not *what*: no part of the stage's identity. */
  readonly places?: readonly string[];
  /** Files the result depends on beside the code (a model, a list): their digests become part of the spec's identity. */
  files?(params: z.output<P>, context: FilesContext): readonly string[];
}

/** What `files` gets to know of the stage's surroundings. */
export interface FilesContext {
  readonly resolvePath: SetupContext["resolvePath"];
  /** What the recipe calls the stage. */
  readonly label: string;
  /** Where the recipe names the stage: begins every error. */
  readonly place: string;
}

export interface SetupContext {
  /** Resolves a path in a recipe against the recipe's folder. */
  readonly resolvePath: (path: string) => string;
  readonly seed: number;
}

/** What a filter, annotator or signer sees of a page: the page, and any feature it asks for, measured on first use. */
export type PageView<N extends FeatureNeed = never> = {
  readonly page: Document;
  readonly text: string;
  readonly url: string;
  readonly tags: Tags;
} & FeaturesOf<N>;

export type Scores = Readonly<Record<string, number>>;

/** What a filter and a rewriter have in common: they measure, and judge by what they measured. */
interface Judging<P extends z.ZodType, S, N extends FeatureNeed, R extends Scores> extends Common<P, S> {
  readonly needs: readonly N[];
  /** Judges the scores alone, so that another threshold can be asked of a finished run. */
  keep(scores: R, params: z.output<P>): Verdict;
  /** Tags to add to a page that is kept. */
  tags?(scores: R, params: z.output<P>): Tags;
  /**
   * Parameters that `keep` alone reads: `sluice what-if` may ask a finished run for other values of them. Where `score`
   * takes no parameters and there is no `setup`, all are.
   */
  readonly thresholds?: readonly string[];
  /** Our reasons → what the implementation that this stage reproduces calls them. */
  readonly referenceReasons?: Readonly<Record<string, string>>;
}

export interface FilterDefinition<
  P extends z.ZodType = z.ZodType,
  S = Any,
  N extends FeatureNeed = Any,
  R extends Scores = Any,
> extends Judging<P, S, N, R> {
  readonly kind: "filter";
  /** Measures the page. What is returned is kept in the ledger. */
  score(view: PageView<N>, params: z.output<P>, state: S): R;
}

export interface RewriterDefinition<
  P extends z.ZodType = z.ZodType,
  S = Any,
  N extends FeatureNeed = Any,
  R extends Scores = Any,
> extends Judging<P, S, N, R> {
  readonly kind: "rewriter";
  /** Writes the page's text anew, and measures what it found and changed. A page that is kept goes on with the new text. */
  rewrite(view: PageView<N>, params: z.output<P>, state: S): Rewritten<R>;
}
export interface Rewritten<R extends Scores = Scores> {
  readonly text: string;
  readonly scores: R;
  /**
   * Features of the new text by name, where the rewriter can tell them for less than measuring costs. Each is asked for at
   * most once, if a later stage needs it, and must be what measuring would give.
   */
  readonly features?: Readonly<Record<string, () => unknown>>;
}

export interface MapDefinition<P extends z.ZodType = z.ZodType, S = Any> extends Common<P, S> {
  readonly kind: "map";
  map(page: Document, params: z.output<P>, state: S): MapResult | Promise<MapResult>;
}
/** A new page, several (a split), or a drop. */
export type MapResult = Document | readonly Document[] | Dropped;

export interface ExtractorDefinition<P extends z.ZodType = z.ZodType, S = Any> extends Common<P, S> {
  readonly kind: "extractor";
  /** Media types this extractor reads, e.g. `["application/pdf"]`. Pages of other types pass it untouched. */
  readonly accepts: readonly string[];
  extract(page: RawPage, params: z.output<P>, state: S): ExtractResult | Promise<ExtractResult>;
}
export type ExtractResult = { readonly text: string; readonly tags?: Tags } | Dropped;

export interface DedupDefinition<P extends z.ZodType = z.ZodType, S = Any, N extends FeatureNeed = Any>
  extends Common<P, S> {
  readonly kind: "dedup";
  readonly needs: readonly N[];
  /** In the worker: the page's signature, or `null` for a page too short to have one (it is kept). */
  sign(view: PageView<N>, params: z.output<P>, state: S): Signature | null;
  /**
   * How many words of `keys` make a key. A stage that tells says by it that its index compares a page only with pages that
   * have the same key at the same place: of others no evidence is kept in the ledger, and `sluice what-if` knows which pages
   * can matter to each other. Keys should be spread as hashes are.
   */
  readonly keyWords?: number;
  /**
   * What signatures depend on, where parameters that are written otherwise may come to the same: pages of two runs can be
   * compared if it is the same for both. If absent, it is all parameters but the thresholds and those of the engine.
   */
  signedBy?(params: z.output<P>): Readonly<Record<string, unknown>>;
  /** Parameters that `openIndex` alone reads: `sluice what-if` may ask a finished run for other values of them. */
  readonly thresholds?: readonly string[];
  /** What the evidence of a page and of its twin comes to, for people; `sluice why` shows it. */
  tell?(page: Uint8Array, twin: Uint8Array): string;
  /** On the main thread: an empty index, fed in input order. */
  openIndex(params: z.output<P>): DedupIndex;
}
export interface Signature {
  /** Looked up in the index; travels to the main thread. The same length for every page. */
  readonly keys: Uint32Array;
  /** What verification needs; stays on disk and is read only for candidates. */
  readonly evidence?: Uint8Array;
}
export interface DedupIndex {
  /**
   * Looks for a kept page that this one duplicates. `evidence(n)` reads the evidence of the n-th *added* page,
   * `evidence()` that of the page asked about. Pages are numbered by `add`, from 0.
   */
  find(keys: Uint32Array, evidence: (added?: number) => Uint8Array): DuplicateOf | undefined;
  /** Remembers a page that stays. */
  add(keys: Uint32Array): void;
  /**
   * How many more pages with these keys may be added before `find` overlooks one of those that it considers now; 0, which is
   * always right, where it is not told. An index that tells it has the same reason for a page whichever twin it finds.
   */
  room?(keys: Uint32Array): number;
  /** Bytes held. */
  readonly bytes: number;
}
export interface DuplicateOf {
  /** Which added page it duplicates. */
  readonly twin: number;
  readonly reason: string;
  /** 1 for exact methods. */
  readonly similarity: number;
}

/**
 * Deduplication below the page: of every page it sees the text, and says which parts of it are to go. All pages come to it
 * before any goes on, since whether a passage stays may depend on pages that come later.
 */
export interface PassagesDefinition<P extends z.ZodType = z.ZodType> extends Common<P, undefined> {
  readonly kind: "passages";
  /** On the main thread: an index that knows nothing yet. */
  openIndex(params: z.output<P>, context: PassageContext): PassageIndex;
  /** Judges what is left of a page. Without it a page of which nothing but white space is left is dropped. */
  keep?(scores: PassageScores, params: z.output<P>): Verdict;
}
export interface PassageContext {
  /** An empty folder for what memory does not hold; removed when the index is closed. */
  readonly scratch: string;
  /** Bytes that the index may hold, where it can do with fewer. */
  readonly memoryBytes: number;
}
/** Looks at every page that came so far twice, both times in input order. Pages are numbered in that order, from 0. */
export interface PassageIndex {
  /** The first look; left away where the second one needs none before it. */
  observe?(page: PassagePage): void;
  /** Between the looks: work that takes long; yields now and then, so that signals and progress have their turn. */
  settle?(): Iterable<void>;
  /** The second look: what is to go of the page, in ascending order, no two overlapping. */
  cuts(page: PassagePage): readonly Cut[];
  /** Lets go of files. */
  close?(): void;
  /** Bytes held. */
  readonly bytes: number;
}
export interface PassagePage {
  readonly text: string;
  readonly url: string;
}
/** The UTF-16 units `start` up to `end` of a text. */
export interface Cut {
  readonly start: number;
  readonly end: number;
  /** Number of the page in which the passage stays, or first stood; left away where the index cannot tell. */
  readonly twin?: number;
}
export type PassageScores = {
  /** How many passages go. */
  readonly cuts: number;
  /** Share of the text's UTF-16 units that go; 0 for an empty text. */
  readonly cutShare: number;
  /** UTF-16 units that are left, white space around them not counted. */
  readonly charsLeft: number;
};

export interface SourceDefinition<P extends z.ZodType = z.ZodType> extends Common<P, undefined> {
  readonly kind: "source";
  /** On the main thread: lists the inputs and cuts them into spans. Raises RecipeError for a missing file or an empty glob. */
  plan(params: z.output<P>, context: SetupContext): Promise<readonly PlannedInput[]>;
  /** In a worker: reads one span. Pages come in file order; what is no page, and what is lost, goes to `log`. */
  read(span: Span, params: z.output<P>, log: SourceLog): AsyncIterable<SourceItem>;
  /** A small part of a span that can be read alone, for estimates. Without it estimates read whole spans. */
  sample?(span: Span): Span;
}

export interface SinkDefinition<P extends z.ZodType = z.ZodType, S = Any> extends Common<P, S> {
  readonly kind: "sink";
  /** In a worker: one kept page → its bytes in the output. */
  encode(page: Document, params: z.output<P>, state: S): EncodedPage;
  /** On the main thread: opens the writer. `dir` exists and is empty; the engine publishes what is written there. */
  open(params: z.output<P>, context: SetupContext & { readonly dir: string }): Promise<SinkWriter>;
}
export interface EncodedPage {
  readonly bytes: Uint8Array;
  /** Tokens written for this page; 0 for sinks that write text. */
  readonly tokens: number;
}

export type Definition =
  | FilterDefinition
  | RewriterDefinition
  | MapDefinition
  | ExtractorDefinition
  | DedupDefinition
  | PassagesDefinition
  | SourceDefinition
  | SinkDefinition;

/** A definition that can be called to make a spec. */
export type Callable<D extends { readonly params: z.ZodType }> = D & MakeSpec<D>["call"];

/** Written as a method: a list of stages then accepts stages of any parameters. */
interface MakeSpec<D extends { readonly params: z.ZodType }> {
  call(params?: z.input<D["params"]>): StageSpec & { readonly params: z.output<D["params"]> };
}

type Fields<D> = Omit<D, "kind">;

/**
 * Makes a filter: `score` measures, `keep` judges.
 * @example
 * export default defineFilter({
 *   name: "min-words", module: import.meta.url, version: 1,
 *   params: z.object({ min: z.int().min(0).default(50) }),
 *   needs: ["words"],
 *   score: ({ words }) => ({ words: words.length }),
 *   keep: ({ words }, { min }) => (words < min ? drop("too-few-words", words) : keep),
 * });
 */
export function defineFilter<P extends z.ZodType, R extends Scores, S = undefined, const N extends FeatureNeed = never>(
  fields: Omit<Fields<FilterDefinition<P, S, N, R>>, "needs"> & { readonly needs?: readonly N[] },
): Callable<FilterDefinition<P, S, N, R>> {
  return callable({ ...fields, kind: "filter", needs: fields.needs ?? [] });
}

/** Makes an annotator: measures, and adds tags; never drops. */
export function defineAnnotator<
  P extends z.ZodType,
  R extends Scores,
  S = undefined,
  const N extends FeatureNeed = never,
>(
  fields: Omit<Fields<FilterDefinition<P, S, N, R>>, "needs" | "keep"> & { readonly needs?: readonly N[] },
): Callable<FilterDefinition<P, S, N, R>> {
  return callable({ ...fields, kind: "filter", needs: fields.needs ?? [], keep: () => ({ kept: true }) });
}

/**
 * Makes a rewriter: gives the page another text (cleaned, masked), with scores of what it found; `keep` judges these, and
 * without one every page stays. What only measures is a filter; what needs no scores is a map.
 * @example
 * export default defineRewriter({
 *   name: "drop-short-lines", module: import.meta.url, version: 1,
 *   params: z.object({ minChars: z.int().default(10), maxRemoved: z.number().default(0.5) }),
 *   thresholds: ["maxRemoved"],
 *   rewrite: ({ text }, { minChars }) => {
 *     const kept = text.split("\n").filter((line) => line.length >= minChars).join("\n");
 *     return { text: kept, scores: { removed: 1 - kept.length / Math.max(1, text.length) } };
 *   },
 *   keep: ({ removed }, { maxRemoved }) => (removed > maxRemoved ? drop("too-much-removed", removed) : keep),
 * });
 */
export function defineRewriter<
  P extends z.ZodType,
  R extends Scores,
  S = undefined,
  const N extends FeatureNeed = never,
>(
  fields: Omit<Fields<RewriterDefinition<P, S, N, R>>, "needs" | "keep"> & {
    readonly needs?: readonly N[];
    keep?(scores: R, params: z.output<P>): Verdict;
  },
): Callable<RewriterDefinition<P, S, N, R>> {
  return callable({ keep: () => ({ kept: true }) as const, ...fields, kind: "rewriter", needs: fields.needs ?? [] });
}

/**
 * The parameters of a stage of which a finished run can be asked other values: those that only `keep` reads, or the index of
 * a deduplication. Empty for stages that do not judge, and for those that do not tell.
 */
export function thresholdsOf(definition: Definition): readonly string[] {
  if (definition.kind === "dedup") return definition.thresholds ?? [];
  if (definition.kind !== "filter" && definition.kind !== "rewriter") return [];
  if (definition.thresholds !== undefined) return definition.thresholds;
  const measure = definition.kind === "filter" ? definition.score : definition.rewrite;
  // A function without a second parameter reads none.
  if (measure.length >= 2 || (definition.tags?.length ?? 0) >= 2 || definition.setup !== undefined) return [];
  return Object.keys((definition.params as { shape?: object }).shape ?? {});
}

/** Makes a map: page → page, pages, or a drop. */
export function defineMap<P extends z.ZodType, S = undefined>(
  fields: Fields<MapDefinition<P, S>>,
): Callable<MapDefinition<P, S>> {
  return callable({ ...fields, kind: "map" });
}

/** Makes an extractor: raw page → text and tags, or a drop. */
export function defineExtractor<P extends z.ZodType, S = undefined>(
  fields: Fields<ExtractorDefinition<P, S>>,
): Callable<ExtractorDefinition<P, S>> {
  return callable({ ...fields, kind: "extractor" });
}

/**
 * Makes a deduplication stage: signs in workers, decides on one thread in input order. Where its parameters have `against`
 * (see `dedupOptions`), the indexes that it names are found here: what they hold is part of the stage's identity, and where
 * they lie is not.
 */
export function defineDedup<P extends z.ZodType, S = undefined, const N extends FeatureNeed = never>(
  fields: Omit<Fields<DedupDefinition<P, S, N>>, "needs"> & { readonly needs?: readonly N[] },
): Callable<DedupDefinition<P, S, N>> {
  const { name, params, places = [] } = fields;
  const definition = { ...fields, kind: "dedup", needs: fields.needs ?? [] } as const;
  if ((params as { shape?: { against?: unknown } }).shape?.against === undefined) return callable(definition);
  return callable({
    ...definition,
    places: [...places, "against"],
    files: (own, context) => [
      ...(fields.files?.(own, context) ?? []),
      ...savedIndexes(name, dedupOptionsOf(own).against, context).map((dir) => join(dir, INDEX_JSON)),
    ],
  });
}

/**
 * Makes a deduplication of passages: an index sees every page's text twice, and says what is to go.
 * @example
 * export default definePassages({
 *   name: "drop-first-lines", module: import.meta.url, version: 1,
 *   params: z.object({ minPages: z.int().default(3) }),
 *   openIndex: ({ minPages }) => {
 *     const pages = new Map<string, number>();
 *     const firstLine = (text: string) => text.split("\n", 1)[0]!;
 *     return {
 *       observe: ({ text }) => pages.set(firstLine(text), (pages.get(firstLine(text)) ?? 0) + 1),
 *       cuts: ({ text }) => (pages.get(firstLine(text))! < minPages ? [] : [{ start: 0, end: firstLine(text).length }]),
 *       get bytes() { return 100 * pages.size; },
 *     };
 *   },
 * });
 */
export function definePassages<P extends z.ZodType>(
  fields: Fields<PassagesDefinition<P>>,
): Callable<PassagesDefinition<P>> {
  return callable({ ...fields, kind: "passages" });
}

/** Makes a source of pages. */
export function defineSource<P extends z.ZodType>(fields: Fields<SourceDefinition<P>>): Callable<SourceDefinition<P>> {
  return callable({ ...fields, kind: "source" });
}

/** Makes a sink: encodes kept pages in workers, writes their bytes on the main thread. */
export function defineSink<P extends z.ZodType, S = undefined>(
  fields: Fields<SinkDefinition<P, S>>,
): Callable<SinkDefinition<P, S>> {
  return callable({ ...fields, kind: "sink" });
}

function callable<
  D extends { readonly name: string; readonly module: string; readonly version: number; readonly params: z.ZodType },
>(definition: D): Callable<D> {
  const makeSpec = (params: unknown = {}): StageSpec => ({
    name: definition.name,
    module: definition.module,
    version: definition.version,
    params: parseParams(definition, params, () => definition.name),
  });
  // A function's own `name` is read-only to assignment, so the fields are defined one by one.
  const properties = Object.entries(definition).map(([key, value]) => [key, { value, enumerable: true }] as const);
  return Object.defineProperties(makeSpec, Object.fromEntries(properties)) as unknown as Callable<D>;
}

/**
 * Checks parameters against a definition's schema; one RecipeError names the place, what was found and expected.
 * `placeOf` says where a parameter stands, by its path in `params`.
 */
export function parseParams(
  definition: { readonly name: string; readonly params: z.ZodType },
  params: unknown,
  placeOf: (path: readonly PropertyKey[]) => string,
): unknown {
  const parsed = strict(definition.params).safeParse(params ?? {}, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw new RecipeError(firstMistake(parsed.error, definition.params, placeOf));
}

/** A misspelt parameter must never be ignored: an object schema that does not say otherwise refuses unknown keys. */
function strict(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodObject && schema.def.catchall === undefined ? schema.strict() : schema;
}

export { z };
