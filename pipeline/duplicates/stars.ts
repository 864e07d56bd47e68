/**
 * The decision itself: pages come one by one, and each is compared with those before it that stay, and are in the run to its
 * end. Nobody is dropped for likeness to a page that is gone. Whoever calls decides in which order pages come.
 */
import { type DedupOptions, dedupOptionsOf } from "../dedup-options.ts";
import type { Bound, MiddleDefinition } from "../recipe.ts";
import type { PageRow, Piece } from "../span-entry.ts";
import { type DedupDefinition, type DedupIndex, type DuplicateOf, labelOf } from "../stage.ts";
import { withRoom } from "../text/growable.ts";
import { AddedPages } from "./added-pages.ts";
import { PieceFiles, type Place } from "./piece-files.ts";
import type { IndexEntry } from "./saved-index.ts";

/** A deduplication of pages in a recipe. */
export interface DedupStage {
  /** Its place among the recipe's stages. */
  readonly index: number;
  readonly label: string;
  readonly definition: DedupDefinition;
  readonly params: unknown;
  readonly options: DedupOptions;
}

/** The deduplications of pages among stages `from` (inclusive) to `to` (exclusive). */
export function dedupStages(
  stages: readonly Pick<Bound<MiddleDefinition>, "definition" | "spec">[],
  from = 0,
  to = stages.length,
): DedupStage[] {
  return stages.flatMap(({ definition, spec }, index) => {
    if (definition.kind !== "dedup" || index < from || index >= to) return [];
    const { params } = spec;
    return [{ index, label: labelOf(spec), definition, params, options: dedupOptionsOf(params) }];
  });
}

/** Where a row's signature lies; parts of a split page have that of the whole in common. */
export type Signed = NonNullable<PageRow["signatures"]>[number];

/** The signature of a row, if the stage saw it on its way: a page that is measured on beyond its drop is signed there, too. */
export function signatureAt({ signatures, stageIndex }: PageRow, { index }: DedupStage): Signed | undefined {
  return index > stageIndex ? undefined : signatures?.[index];
}

/** A page as it is decided. */
export interface Candidate {
  readonly id: string;
  /** Whether it stays unless it is a duplicate: then later pages are compared with it. */
  readonly stays: boolean;
  /** Its signature by a stage, by the stage's place in the list; `undefined` where it has none. */
  signature(stage: number): CandidateSignature | undefined;
}
export interface CandidateSignature {
  keys(): Uint32Array;
  readonly evidence: Place | undefined;
  /** Parts of a split page share their signature, and its answer: a number that is the same for all parts, and for no other. */
  readonly sharedAs?: number | undefined;
}

export interface Match {
  readonly stage: DedupStage;
  readonly reason: string;
  readonly similarity: number;
  /** Id of the page that stays. */
  readonly twin: string;
  /** Its number among the pages of earlier runs, if it is of one. */
  readonly earlier?: number | undefined;
}

export class Stars {
  readonly #stages: readonly StageStars[];
  readonly #evidence = new PieceFiles();

  constructor(stages: readonly DedupStage[]) {
    this.#stages = stages.map((stage) => new StageStars(stage, this.#evidence));
  }

  /** Bytes held by the indexes. */
  get bytes(): number {
    return this.#stages.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** A page of an earlier run, by its number among them. They come before all others, and in order. */
  addEarlier(stage: number, n: number, { id, keys, evidence }: IndexEntry): void {
    this.#stages[stage]!.addEarlier(n, id, keys, evidence);
  }

  /** Whether the page duplicates one that stays. If not, and if it stays itself, it is remembered. */
  decide(page: Candidate): Match | undefined {
    const signatures = this.#stages.map((_, k) => page.signature(k));
    const answers: (Answer | undefined)[] = [];
    for (const [k, stage] of this.#stages.entries()) {
      const signature = signatures[k];
      if (signature === undefined) continue;
      const answer = stage.ask(signature);
      const { match } = answer;
      if (match !== undefined) {
        const { reason, similarity, twin } = match;
        return { stage: stage.stage, reason, similarity, twin: stage.idOf(twin), earlier: stage.earlierOf(twin) };
      }
      answers[k] = answer;
    }
    if (page.stays) {
      for (const [k, answer] of answers.entries()) {
        if (answer === undefined || answer.isAdded) continue;
        answer.isAdded = true;
        this.#stages[k]!.add(page.id, answer.keys, signatures[k]!.evidence);
      }
    }
    return undefined;
  }

  close(): void {
    this.#evidence.close();
  }
}

/** What a stage found of a signature. */
interface Answer {
  readonly keys: Uint32Array;
  readonly match: DuplicateOf | undefined;
  isAdded: boolean;
}

class StageStars {
  readonly stage: DedupStage;
  readonly #lookup: DedupIndex;
  readonly #added = new AddedPages();
  readonly #evidence: PieceFiles;
  /** Numbers of the pages of earlier runs, which were added first. */
  #earlier = new Uint32Array(0);
  #earlierCount = 0;
  /** Of signatures that several pages share. */
  readonly #answers = new Map<number, Answer>();

  constructor(stage: DedupStage, evidence: PieceFiles) {
    this.stage = stage;
    this.#lookup = stage.definition.openIndex(stage.params as never);
    this.#evidence = evidence;
  }

  get bytes(): number {
    return this.#lookup.bytes + this.#added.bytes + this.#earlier.byteLength;
  }

  idOf(added: number): string {
    return this.#added.idOf(added);
  }

  earlierOf(added: number): number | undefined {
    return added < this.#earlierCount ? this.#earlier[added] : undefined;
  }

  addEarlier(n: number, id: string, keys: Uint32Array, evidence: Place | undefined): void {
    this.#earlier = withRoom(this.#earlier, this.#earlierCount + 1);
    this.#earlier[this.#earlierCount++] = n;
    this.add(id, keys, evidence);
  }

  ask(signature: CandidateSignature): Answer {
    const { sharedAs } = signature;
    const known = sharedAs === undefined ? undefined : this.#answers.get(sharedAs);
    if (known !== undefined) return known;
    const keys = signature.keys();
    const match = this.#lookup.find(keys, (added) => {
      const place = added === undefined ? signature.evidence : this.#added.evidenceOf(added);
      return place === undefined ? NO_BYTES : this.#evidence.read(place);
    });
    const answer: Answer = { keys, match, isAdded: false };
    if (sharedAs !== undefined) this.#answers.set(sharedAs, answer);
    return answer;
  }

  add(id: string, keys: Uint32Array, evidence: Place | undefined): void {
    this.#lookup.add(keys);
    this.#added.push(id, evidence);
  }
}

const NO_BYTES = new Uint8Array(0);

/** A piece of one of an entry's files as a place on disk. */
export function placeOf(path: string, piece: Piece | undefined): Place | undefined {
  return piece === undefined ? undefined : { path, offset: piece[0], length: piece[1] };
}
