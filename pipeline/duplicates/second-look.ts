/**
 * Duplicates when all pages are there: for policies that need to have seen every page, and for more pages than an index in
 * memory holds. The result is that of deciding the pages one by one in the order of their rank.
 *
 *     first look    keys of all pages ─▶ sorted on disk ─▶ which keys does more than one page have?
 *     second look   pages that have one: rank, id, where keys and evidence lie
 *     decide        these pages alone, in the order of their rank, with all other keys masked
 *
 * Most pages share no key with any other: they stay, and cost nothing beyond a bit a key. Memory: 120 to 260 bytes
 * for each of the others, and the indexes, which hold only keys that are shared.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { PageIds } from "../page-ids.ts";
import { EntryReader, entryFile, type PageRow, type SpanMeta } from "../span-entry.ts";
import { PAGES_A_TURN, takeTurns } from "../take-turns.ts";
import { withRoom } from "../text/growable.ts";
import type { EarlierRuns } from "./earlier-runs.ts";
import { PieceFiles } from "./piece-files.ts";
import { type Policy, ScoreCheck, scoreOf } from "./policy.ts";
import { Ranking } from "./rank.ts";
import { SharedSignatures } from "./resolver.ts";
import { type SharedKeys, SharedKeysFinder } from "./shared-keys.ts";
import { SignaturePlaces } from "./signature-places.ts";
import { type Candidate, type DedupStage, placeOf, Stars, signatureAt } from "./stars.ts";
import { wordsOf } from "./typed-arrays.ts";
import { Verdicts } from "./verdicts.ts";

export interface SecondLookOptions {
  readonly policy: Policy;
  /** An empty folder for sorting. */
  readonly scratch: string;
  readonly memoryBytes: number;
  /** Pages that have been decided to stay, before all of these. */
  readonly earlier?: EarlierRuns | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Takes what people should know of the decisions. */
  readonly note?: ((text: string) => void) | undefined;
}

/** Decides the pages of all entries, given their folders in input order. */
export async function decideAll(
  stages: readonly DedupStage[],
  entries: readonly string[],
  options: SecondLookOptions,
): Promise<Verdicts> {
  const shared = await findSharedKeys(stages, entries, options);
  const pages = new SharingPages(stages, shared, entries, options);
  await pages.read(options.signal);
  const verdicts = await pages.decide(options.signal);
  if (pages.note !== undefined) options.note?.(pages.note);
  return verdicts;
}

/**
 * For each stage, which of the signed rows' keys another row has; rows are numbered through all entries, from 0, and pages of
 * earlier runs go on from there.
 */
async function findSharedKeys(
  stages: readonly DedupStage[],
  entries: readonly string[],
  { scratch, memoryBytes, earlier, signal }: SecondLookOptions,
): Promise<(SharedKeys | undefined)[]> {
  const finders = stages.map(({ index, definition: { keyWords } }) => {
    if (keyWords === undefined) return undefined; // Whether pages can meet is not told: all of them may.
    const folder = join(scratch, String(index));
    mkdirSync(folder, { recursive: true });
    return new SharedKeysFinder({ keyWords, scratch: folder, memoryBytes: memoryBytes / stages.length });
  });
  try {
    let first = 0;
    for (const dir of entries) {
      await takeTurns(signal);
      const entry = EntryReader.reopen<SpanMeta>(dir);
      try {
        const { rows } = entry.meta;
        for (const [k, stage] of stages.entries()) {
          let last: number | undefined;
          for (const [n, row] of rows.entries()) {
            const keys = signatureAt(row, stage)?.keys;
            // Parts of a split page have one signature, which does not meet itself.
            if (keys === undefined || keys[0] === last) continue;
            last = keys[0];
            finders[k]?.add(first + n, wordsOf(entry.read("keys", keys)));
          }
        }
        first += rows.length;
      } finally {
        entry.close();
      }
    }
    for (const [k, stage] of stages.entries()) {
      let n = 0;
      for (const { keys } of earlier?.entries(stage) ?? []) {
        if (n % PAGES_A_TURN === 0) await takeTurns(signal);
        finders[k]?.add(first + n++, keys);
      }
    }
    return finders.map((finder) => finder?.finish());
  } finally {
    for (const finder of finders) finder?.close();
  }
}

/** The pages that have a key in common with another one, in input order, as they are decided: typed arrays throughout. */
class SharingPages {
  readonly #stages: readonly DedupStage[];
  readonly #shared: readonly (SharedKeys | undefined)[];
  readonly #entries: readonly string[];
  readonly #firstRows: number[] = [];
  #rowCount = 0;
  readonly #earlier: EarlierRuns | undefined;
  readonly #policy: Policy;
  readonly #ranking: Ranking;
  readonly #signatures: readonly SignaturePlaces[];
  #count = 0;
  /** Number of its row. */
  #rows = new Uint32Array(1 << 10);
  #entryOf = new Uint32Array(1 << 10);
  #stays = new Uint8Array(1 << 10);
  readonly #ids = new PageIds();

  constructor(
    stages: readonly DedupStage[],
    shared: readonly (SharedKeys | undefined)[],
    entries: readonly string[],
    { policy, earlier }: SecondLookOptions,
  ) {
    this.#stages = stages;
    this.#earlier = earlier;
    this.#shared = shared;
    this.#entries = entries;
    this.#policy = policy;
    this.#ranking = new Ranking(policy.keep);
    this.#signatures = stages.map(() => new SignaturePlaces());
  }

  async read(signal: AbortSignal | undefined): Promise<void> {
    const stages = this.#stages;
    const sharedSignatures = new SharedSignatures(stages);
    const scores = new ScoreCheck(this.#policy);
    let first = 0;
    for (const [e, dir] of this.#entries.entries()) {
      await takeTurns(signal);
      this.#firstRows.push(first);
      const { rows } = EntryReader.reopen<SpanMeta>(dir).meta;
      sharedSignatures.read(rows);
      scores.read(rows);
      /** The row under whose number the keys of a signature were sorted: the first one that has it. */
      const owners = stages.map(() => ({ at: -1, row: 0 }));
      for (const [n, row] of rows.entries()) {
        let isPushed = false;
        for (const [k, stage] of stages.entries()) {
          const signed = signatureAt(row, stage);
          if (signed === undefined) continue;
          if (owners[k]!.at !== signed.keys[0]) owners[k] = { at: signed.keys[0], row: first + n };
          const owner = owners[k]!.row;
          if (this.#shared[k]?.isShared(owner) === false) continue;
          if (!isPushed) this.#push(first + n, e, row);
          isPushed = true;
          this.#signatures[k]!.set(this.#count - 1, signed, owner, sharedSignatures.numberOf(k, signed.keys[0]));
        }
      }
      first += rows.length;
    }
    scores.finish();
    this.#rowCount = first;
  }

  #push(number: number, entry: number, row: PageRow): void {
    const { id, textBytes, date, url, contentHash = "0", tags } = row;
    const n = this.#count++;
    this.#rows = withRoom(this.#rows, this.#count);
    this.#entryOf = withRoom(this.#entryOf, this.#count);
    this.#stays = withRoom(this.#stays, this.#count);
    this.#rows[n] = number;
    this.#entryOf[n] = entry;
    this.#stays[n] = row.outcome === "kept" ? 1 : 0;
    this.#ids.set(n, id);
    const ownId = String(tags["source.id"] ?? "");
    this.#ranking.push({ textBytes, date, url, contentHash, ownId, score: scoreOf(row, this.#policy) });
  }

  get note(): string | undefined {
    const { unmeasured } = this.#ranking;
    if (unmeasured === undefined) return undefined;
    const { pages, lack } = unmeasured;
    return `keep: ${this.#policy.keep}: ${pages} of ${this.#count} pages that have others like them have no ${lack}: they rank last`;
  }

  async decide(signal: AbortSignal | undefined): Promise<Verdicts> {
    const stars = new Stars(this.#stages);
    const keys = new PieceFiles();
    const rows = this.#rows.subarray(0, this.#count);
    const verdicts = new Verdicts(this.#stages, this.#firstRows, rows, this.#earlier);
    try {
      await this.#addEarlier(stars, signal);
      let decided = 0;
      for (const n of this.#ranking.order()) {
        if (decided++ % PAGES_A_TURN === 0) await takeTurns(signal);
        const match = stars.decide(this.#candidate(n, keys));
        if (match !== undefined) verdicts.set(n, match);
      }
    } finally {
      stars.close();
      keys.close();
    }
    return verdicts;
  }

  /** Pages of earlier runs that share a key with another page. */
  async #addEarlier(stars: Stars, signal: AbortSignal | undefined): Promise<void> {
    for (const [k, stage] of this.#stages.entries()) {
      const shared = this.#shared[k];
      let n = 0;
      for (const entry of this.#earlier?.entries(stage) ?? []) {
        if (n % PAGES_A_TURN === 0) await takeTurns(signal);
        const number = this.#rowCount + n;
        if (shared?.isShared(number) !== false) {
          const keys = entry.keys.slice();
          shared?.mask(number, keys);
          stars.addEarlier(k, n, { ...entry, keys });
        }
        n++;
      }
    }
  }

  #candidate(n: number, files: PieceFiles): Candidate {
    const dir = this.#entries[this.#entryOf[n]!]!;
    return {
      id: this.#ids.of(n),
      stays: this.#stays[n] === 1,
      signature: (k) => {
        const signed = this.#signatures[k]!.of(n);
        if (signed === undefined) return undefined;
        return {
          keys: () => {
            const words = wordsOf(files.read(placeOf(entryFile(dir, "keys"), signed.keys)!));
            this.#shared[k]?.mask(signed.owner, words);
            return words;
          },
          evidence: placeOf(entryFile(dir, "evidence"), signed.evidence),
          sharedAs: signed.sharedAs,
        };
      },
    };
  }
}
