/**
 * Methods that drop whole documents. Several in a row are decided together, as in a run: a document is compared with those
 * that stay by all of them.
 */
import { PieceFiles } from "../../duplicates/piece-files.ts";
import { contentHashOf, type RankedPage, Ranking } from "../../duplicates/rank.ts";
import { type CandidateSignature, type DedupStage, dedupStages, Stars } from "../../duplicates/stars.ts";
import { FormatError } from "../../errors.ts";
import type { Document } from "../../index.ts";
import { buildChain, judgePage } from "../../judge.ts";
import type { DedupDefinition, DedupIndex, SetupContext } from "../../stage.ts";
import { plural } from "../show.ts";
import { keepOf, type Method, methodName } from "./methods.ts";
import { Partners } from "./partners.ts";
import { Signatures } from "./signatures.ts";
import type { Work } from "./work.ts";

const UNSIGNED = 0xffff_ffff;

/** One method of the group: what it signs, and what it finds. */
interface Lane {
  readonly name: string;
  readonly stage: DedupStage;
  readonly signatures: Signatures;
  /** The kind of every document's signature, by its number. */
  readonly kinds: Uint32Array;
  /** The index that decides, for what it counts. */
  readonly index: () => DedupIndex | undefined;
}

export async function runPageMethods(methods: readonly Method[], work: Work, context: SetupContext): Promise<void> {
  const files = new PieceFiles();
  const lanes = dedupStages(methods).map((stage, n) => openLane(stage, methodName(methods[n]!), work, files));
  const keep = keepOf(methods[0]!);
  const ranking = new Ranking(keep);
  const numbers: number[] = [];
  let areScored = keep !== "best";
  const chain = await buildChain(methods, context);
  try {
    for await (const { number, page } of work.rows("signing")) {
      const [outcome] = await judgePage(page, chain, 0, methods.length, () => {});
      const { outcome: end, detail, signatures } = outcome!;
      if (end === "quarantined") {
        work.fail(number, detail ?? "");
        continue;
      }
      for (const [n, { signatures: known, kinds }] of lanes.entries()) {
        const signature = signatures.get(n) ?? null;
        kinds[number] = signature === null ? UNSIGNED : known.add(signature);
      }
      numbers.push(number);
      const ranked = keep === "first" ? UNRANKED : rankedPage(page, work.bestBy);
      areScored ||= ranked.score !== undefined;
      ranking.push(ranked);
    }
    if (!areScored && numbers.length > 0) {
      throw new FormatError(
        `--best-by ${work.bestBy}: no document has a number in a field of this name; expected the field that decides which of like documents stays`,
      );
    }
    const { unmeasured } = ranking;
    if (unmeasured !== undefined) {
      const { pages, lack } = unmeasured;
      work.notes.push(`--keep ${keep}: ${plural(pages, "document")} without a ${lack}, which rank last`);
    }
    for (const { signatures } of lanes) signatures.seal();
    await decide(
      lanes,
      Array.from(ranking.order(), (n) => numbers[n]!),
      work,
    );
  } finally {
    files.close();
  }
}

async function decide(lanes: readonly Lane[], order: readonly number[], work: Work): Promise<void> {
  const stars = new Stars(lanes.map(({ stage }) => stage));
  const partners = work.pairsWanted
    ? lanes.map(({ stage, signatures }) => new Partners(stage, signatures, work.onLink))
    : [];
  try {
    for (const [done, number] of order.entries()) {
      work.progress("deciding", done / order.length);
      const match = stars.decide({
        id: hexOf(number),
        stays: true,
        signature: (n) => signatureOf(lanes[n]!, number),
      });
      const decided = match === undefined ? lanes.length : lanes.findIndex(({ stage }) => stage === match.stage);
      if (match !== undefined) {
        const { name } = lanes[decided]!;
        const twin = numberOf(match.twin);
        work.drop(number, name, match.reason);
        await work.pair({ one: number, other: twin, removed: number, name, ...match });
        work.onLink(number, twin);
      }
      // A method sees what those before it have left.
      for (const [n, { name, kinds }] of lanes.entries()) {
        if (n > decided || !work.pairsWanted || kinds[number] === UNSIGNED) continue;
        const twin = n === decided ? numberOf(match!.twin) : undefined;
        for (const { document, similarity, reason } of partners[n]!.add(number, kinds[number]!)) {
          if (document !== twin) await work.pair({ one: number, other: document, similarity, reason, name });
        }
      }
    }
    for (const [n, { name, index }] of lanes.entries()) work.limits.push(...limitsOf(name, index(), partners[n]));
  } finally {
    stars.close();
  }
}

function openLane(stage: DedupStage, name: string, work: Work, files: PieceFiles): Lane {
  let opened: DedupIndex | undefined;
  const definition: DedupDefinition = {
    ...stage.definition,
    openIndex: (params) => {
      opened = stage.definition.openIndex(params);
      return opened;
    },
  };
  return {
    name,
    stage: { ...stage, definition },
    signatures: new Signatures(work.scratch.path("evidence"), files),
    kinds: new Uint32Array(work.documentCount),
    index: () => opened,
  };
}

function signatureOf({ signatures, kinds }: Lane, number: number): CandidateSignature | undefined {
  const kind = kinds[number]!;
  if (kind === UNSIGNED) return undefined;
  return { keys: () => signatures.keysOf(kind).slice(), evidence: signatures.placeOf(kind) };
}

/** The engine's ids are 32 hex digits; here they are numbers. */
const hexOf = (number: number) => number.toString(16).padStart(32, "0");
const numberOf = (hex: string) => Number.parseInt(hex, 16);

const UNRANKED: RankedPage = { textBytes: 0, date: "", url: "", contentHash: "0" };

function rankedPage({ text, date, url, tags }: Document, bestBy: string | undefined): RankedPage {
  const score = bestBy === undefined ? undefined : (tags[`jsonl.${bestBy}`] ?? tags[bestBy]);
  return {
    textBytes: Buffer.byteLength(text),
    date,
    url,
    contentHash: contentHashOf(text),
    score: typeof score === "number" ? score : undefined,
    ownId: String(tags["source.id"] ?? ""),
  };
}

/** What bounds on work have left out, in words. */
function limitsOf(name: string, index: DedupIndex | undefined, partners: Partners | undefined): string[] {
  const { counts } = (index ?? {}) as { counts?: Partial<Record<"candidatesSkipped" | "entriesSkipped", number>> };
  const skipped = (counts?.candidatesSkipped ?? 0) + (counts?.entriesSkipped ?? 0);
  const limited = partners?.documentsLimited ?? 0;
  return [
    ...(skipped > 0
      ? [`${name}: ${plural(skipped, "comparison")} to decide by: too many documents have a key in common`]
      : []),
    ...(partners?.areAllSought === false
      ? [`${name}: pairs that decided nothing: the stage does not tell its keyWords`]
      : []),
    ...(limited > 0 ? [`${name}: pairs of ${plural(limited, "document")} that are like too many others`] : []),
  ];
}
