/**
 * Deduplication, the serial part: one thread, pages in input order, hashes only. A page is compared with pages that
 * stay in the run to its end, so nobody is dropped for likeness to a page that is gone.
 */
import type { Bound, MiddleDefinition } from "./recipe.ts";
import { EntryReader, type PageRow, type SpanMeta } from "./span-entry.ts";
import { type DedupDefinition, type DedupIndex, type DuplicateOf, labelOf } from "./stage.ts";

/** A row with its last word: as the worker left it, or dropped as a duplicate. */
export interface FinalRow {
  readonly row: PageRow;
  readonly outcome: PageRow["outcome"];
  readonly stage: string;
  readonly reason: string;
  readonly value: number | undefined;
  /** Id of the kept page it duplicates. */
  readonly twin?: string;
}

interface DedupStage {
  readonly index: number;
  readonly name: string;
  readonly lookup: DedupIndex;
  readonly added: AddedPages;
  last: Found | undefined;
}

/** What a stage found of a signature. Parts of a split page have that of the whole in common, and share its answer. */
interface Found {
  readonly dir: string;
  readonly at: number;
  readonly keys: Uint32Array;
  readonly match: DuplicateOf | undefined;
  isAdded: boolean;
}

export class DuplicateResolver {
  readonly #stages: readonly DedupStage[];
  readonly #readers = new ReaderCache();

  constructor(stages: readonly Bound<MiddleDefinition>[]) {
    this.#stages = stages.flatMap(({ definition, spec }, index) => {
      if (definition.kind !== "dedup") return [];
      const lookup = (definition as DedupDefinition).openIndex(spec.params as never);
      return [{ index, name: labelOf(spec), lookup, added: new AddedPages(), last: undefined }];
    });
  }

  /** Bytes held by all indexes. */
  get bytes(): number {
    return this.#stages.reduce((sum, { lookup, added }) => sum + lookup.bytes + added.bytes, 0);
  }

  /** Decides the pages of the next span in order. */
  resolve(entry: EntryReader<SpanMeta>): FinalRow[] {
    return entry.meta.rows.map((row) => this.#resolve(row, entry));
  }

  #resolve(row: PageRow, entry: EntryReader<SpanMeta>): FinalRow {
    const found: Found[] = [];
    for (const [k, stage] of this.#stages.entries()) {
      const signature = row.signatures?.[stage.index];
      // A page that is measured on beyond its drop is signed there, too.
      if (signature === undefined || stage.index > row.stageIndex) continue;
      found[k] = this.#find(stage, signature, entry);
      const { match } = found[k];
      if (match !== undefined) {
        const { reason, similarity, twin } = match;
        return { row, outcome: "dropped", stage: stage.name, reason, value: similarity, twin: stage.added.idOf(twin) };
      }
    }
    if (row.outcome === "kept") {
      for (const [k, stage] of this.#stages.entries()) {
        if (found[k] === undefined || found[k].isAdded) continue;
        found[k].isAdded = true;
        stage.lookup.add(found[k].keys);
        const evidence = row.signatures?.[stage.index]?.evidence;
        stage.added.push(row.id, entry.dir, evidence?.[0] ?? 0, evidence?.[1] ?? 0);
      }
    }
    const { outcome, stage, reason, value } = row;
    return { row, outcome, stage, reason, value };
  }

  #find(stage: DedupStage, signature: Signed, entry: EntryReader<SpanMeta>): Found {
    const { last } = stage;
    const [at] = signature.keys;
    if (last?.dir === entry.dir && last.at === at) return last;
    const keys = toU32(entry.read("keys", signature.keys));
    const match = stage.lookup.find(keys, (added) => {
      if (added !== undefined) return this.#readers.evidence(stage.added.evidenceOf(added));
      return signature.evidence === undefined ? NO_BYTES : entry.read("evidence", signature.evidence);
    });
    stage.last = { dir: entry.dir, at, keys, match, isAdded: false };
    return stage.last;
  }

  close(): void {
    this.#readers.close();
  }
}

type Signed = NonNullable<PageRow["signatures"]>[number];

const NO_BYTES = new Uint8Array(0);

function toU32(bytes: Buffer): Uint32Array {
  const keys = new Uint32Array(bytes.length / 4);
  new Uint8Array(keys.buffer).set(bytes);
  return keys;
}

/** The added pages of one stage in typed arrays: 32 bytes a page. */
class AddedPages {
  readonly #dirs: string[] = [];
  #count = 0;
  #ids = new Uint8Array(16 * 1024);
  #places = new Float64Array(1024);
  #lengths = new Uint32Array(1024);
  #entries = new Uint32Array(1024);

  push(id: string, dir: string, offset: number, length: number): void {
    if (this.#count === this.#entries.length) this.#grow();
    if (this.#dirs.at(-1) !== dir) this.#dirs.push(dir);
    const n = this.#count++;
    this.#ids.set(Buffer.from(id, "hex"), 16 * n);
    this.#places[n] = offset;
    this.#lengths[n] = length;
    this.#entries[n] = this.#dirs.length - 1;
  }

  idOf(n: number): string {
    return Buffer.from(this.#ids.subarray(16 * n, 16 * n + 16)).toString("hex");
  }

  evidenceOf(n: number): { dir: string; offset: number; length: number } {
    return { dir: this.#dirs[this.#entries[n]!]!, offset: this.#places[n]!, length: this.#lengths[n]! };
  }

  get bytes(): number {
    return this.#ids.byteLength + this.#places.byteLength + this.#lengths.byteLength + this.#entries.byteLength;
  }

  #grow(): void {
    const wider = <T extends Uint8Array | Float64Array | Uint32Array>(old: T): T => {
      const next = new (old.constructor as new (length: number) => T)(old.length * 2);
      next.set(old);
      return next;
    };
    this.#ids = wider(this.#ids);
    this.#places = wider(this.#places);
    this.#lengths = wider(this.#lengths);
    this.#entries = wider(this.#entries);
  }
}

const MAX_OPEN_ENTRIES = 64;
const MAX_CACHED_EVIDENCE_BYTES = 32 << 20;

/** Evidence of added pages, read from disk when a candidate asks; the most recently used stays. */
class ReaderCache {
  readonly #evidence = new Map<string, Buffer>();
  readonly #readers = new Map<string, EntryReader<unknown>>();
  #bytes = 0;

  evidence(place: { dir: string; offset: number; length: number }): Uint8Array {
    const key = `${place.dir}@${place.offset}`;
    const known = this.#evidence.get(key);
    if (known !== undefined) {
      this.#evidence.delete(key);
      this.#evidence.set(key, known);
      return known;
    }
    const bytes = this.#reader(place.dir).read("evidence", [place.offset, place.length]);
    this.#evidence.set(key, bytes);
    this.#bytes += bytes.length;
    for (const [oldest, old] of this.#evidence) {
      if (this.#bytes <= MAX_CACHED_EVIDENCE_BYTES) break;
      this.#evidence.delete(oldest);
      this.#bytes -= old.length;
    }
    return bytes;
  }

  #reader(dir: string): EntryReader<unknown> {
    let reader = this.#readers.get(dir);
    if (reader === undefined) reader = EntryReader.files(dir);
    this.#readers.delete(dir);
    this.#readers.set(dir, reader);
    for (const [oldest, old] of this.#readers) {
      if (this.#readers.size <= MAX_OPEN_ENTRIES) break;
      old.close();
      this.#readers.delete(oldest);
    }
    return reader;
  }

  close(): void {
    for (const reader of this.#readers.values()) reader.close();
    this.#readers.clear();
    this.#evidence.clear();
  }
}
