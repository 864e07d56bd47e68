/**
 * A page of a finished run, read again from its input: a run keeps no texts but those of dropped pages. It goes once more
 * through the stages that it went through, up to the one that is asked about; what passages lost is cut out of it as the ledger
 * tells.
 */
import { type Document, isDocument, type Page } from "./document.ts";
import { FormatError, oneLine, RecipeError } from "./errors.ts";
import { openByteSource } from "./io/open.ts";
import { buildChain, type Chain, judgePage, type Outcome } from "./judge.ts";
import type { LedgerPage } from "./ledger.ts";
import { type CutRow, cutsOf } from "./ledger-reader.ts";
import type { Manifest } from "./manifest.ts";
import { withoutCuts } from "./passages.ts";
import { contextFor, type MiddleDefinition, type Registry } from "./recipe.ts";
import { definitionThatRan } from "./recorded-stage.ts";
import { isRejected, type SourceLog, type Span } from "./source.ts";
import { labelOf, type SourceDefinition } from "./stage.ts";
import { viewOf } from "./view.ts";

/** Reads pages of one run again. */
export class PagesAgain {
  readonly #run: string;
  readonly #manifest: Manifest;
  readonly #registry: Registry;
  #chain: Promise<Chain> | undefined;

  constructor(run: string, manifest: Manifest, registry: Registry) {
    this.#run = run;
    this.#manifest = manifest;
    this.#registry = registry;
  }

  /**
   * A page as it came to the stage of that number in the recipe, from 0. Raises an error that says why it cannot be had: the
   * input is gone, or it or the code is not what it was.
   */
  async pageAt(stage: number, page: LedgerPage): Promise<Document> {
    this.#chain ??= this.#build();
    const way = new WayAgain(await this.#chain, page.id, await cutsOf(this.#run, page.id));
    for (const span of await this.#spans(page)) {
      try {
        for await (const raw of this.#pagesAt(span, Number(page.offset))) {
          const again = await way.follow(raw, stage);
          if (again !== undefined) return again;
        }
      } catch (error) {
        // Where a file cannot be entered in its middle, it is read from its beginning.
        if (span.start === 0) throw error;
      }
    }
    throw new FormatError(`${page.file} has no such page at byte ${page.offset} any more: it is not what the run read`);
  }

  /** What a deduplication tells of two pages as they came to it; `undefined` where it keeps no evidence, or tells nothing. */
  async tell(stage: number, page: Document, twin: Document): Promise<string | undefined> {
    this.#chain ??= this.#build();
    const chain = await this.#chain;
    const { definition, params, state } = chain.stages[stage]!;
    if (definition.kind !== "dedup" || definition.tell === undefined) return undefined;
    const sign = (one: Document) =>
      definition.sign(viewOf(one, chain.needs) as never, params as never, state)?.evidence;
    const [own, other] = [sign(page), sign(twin)];
    return own === undefined || other === undefined ? undefined : definition.tell(own, other);
  }

  /** First the record alone, which begins at the page's offset; then all of the file, where it cannot be read so. */
  async #spans({ file, offset, span: index }: LedgerPage): Promise<Span[]> {
    const input = this.#manifest.measured.inputs.find((one) => one.file === file);
    if (input === undefined) throw new FormatError(`the run's manifest names no input ${file}`);
    const { location } = input;
    // A file that was copied or touched will do: the page's id tells whether its bytes are the same.
    const source = await openByteSource(location);
    await source.close();
    const { bytes: fileBytes, revision } = source;
    const whole = { index, file, location, fileBytes, revision, start: 0, end: fileBytes };
    const start = Number(offset);
    return start === 0 ? [whole] : [{ ...whole, start, end: start + 1 }, whole];
  }

  async *#pagesAt(span: Span, offset: number): AsyncGenerator<Page> {
    const { identity, measured } = this.#manifest;
    const { source: spec } = measured;
    const definition = await definitionThatRan(spec, identity.source, spec.name, this.#registry.sources);
    for await (const item of (definition as SourceDefinition).read(span, spec.params as never, NO_LOG)) {
      if (isRejected(item) || item.source.offset !== offset) continue;
      yield isDocument(item) ? { ...item, text: item.text.toWellFormed() } : item;
    }
  }

  async #build(): Promise<Chain> {
    const { identity, measured } = this.#manifest;
    const { stages, source, baseDir } = measured;
    if (stages === undefined || source === undefined || baseDir === undefined) {
      throw new RecipeError("the run was made by a version that did not record how its pages can be read again");
    }
    const bounds = await Promise.all(
      stages.map(async (spec, n) => {
        const ran = await definitionThatRan(spec, identity.stages[n]!, labelOf(spec), this.#registry.stages);
        return { spec, definition: ran as MiddleDefinition };
      }),
    );
    return await buildChain(bounds, contextFor(baseDir, identity.seed));
  }
}

const NO_LOG: SourceLog = { skipped() {}, lost() {}, bytesRead() {} };

/** The way of the page of that id through the stages. */
class WayAgain {
  readonly #chain: Chain;
  readonly #id: string;
  readonly #cuts: readonly CutRow[];

  constructor(chain: Chain, id: string, cuts: readonly CutRow[]) {
    this.#chain = chain;
    this.#id = id;
    this.#cuts = cuts;
  }

  /** What `raw` has become at a stage; `undefined` if neither it nor a part of it is the page. */
  async follow(raw: Page, stage: number): Promise<Document | undefined> {
    const { stages } = this.#chain;
    if (raw.id !== this.#id && !stages.some(({ definition }) => definition.kind === "map")) return undefined;
    const ends = await this.#go(raw, 0, stage);
    for (const end of ends) if (end.page.id === this.#id) return this.#arrived(end, stage);
    for (const end of ends) {
      if (end.outcome !== "kept") continue;
      const parts = await this.#go(end.page, stage, stages.length);
      if (parts.some(({ page }) => page.id === this.#id)) return this.#arrived(end, stage);
    }
    return undefined;
  }

  /** Where a page's way, or its parts' ways, end between the stages `from` (inclusive) and `to` (exclusive). */
  async #go(page: Page, from: number, to: number): Promise<Outcome[]> {
    const { stages } = this.#chain;
    const passages = stages.findIndex(({ definition }, n) => n >= from && n < to && definition.kind === "passages");
    if (passages < 0) return await judgePage(page, this.#chain, from, to, () => {});
    const ends: Outcome[] = [];
    for (const end of await judgePage(page, this.#chain, from, passages, () => {})) {
      if (end.outcome !== "kept" || !isDocument(end.page)) ends.push(end);
      else ends.push(...(await this.#go(this.#cut(end.page, passages), passages + 1, to)));
    }
    return ends;
  }

  #cut(page: Document, stage: number): Document {
    const { name } = this.#chain.stages[stage]!;
    const cuts = this.#cuts.filter((cut) => cut.stage === name);
    const places = cuts.map(({ start, end }) => ({ start: Number(start), end: Number(end) }));
    // Beyond its end: the page was split before, and they are another part's.
    const areIts = (places.at(-1)?.end ?? 0) <= page.text.length;
    return areIts ? { ...page, text: withoutCuts(page.text, places) } : page;
  }

  #arrived({ outcome, page, stage, reason, detail }: Outcome, at: number): Document {
    if (outcome === "kept" && isDocument(page)) return page;
    if (outcome === "kept") throw new FormatError(`it has no text yet at ${this.#chain.stages[at]?.name}`);
    const why = detail === undefined ? reason : oneLine(detail);
    throw new FormatError(
      `read again, it is ${outcome} by ${stage} (${why}): the code, or a file, is not what the run used`,
    );
  }
}
