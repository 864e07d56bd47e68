/** What the stages say of one document, as `sluice filter` prints it. */
import { type Document, isRejected } from "../../index.ts";
import { type Chain, judgePage, type Outcome } from "../../judge.ts";
import type { Row } from "./pages.ts";

export interface VerdictLine {
  readonly id: Row["id"];
  readonly kept: boolean;
  /** The deciding stage and its reason; null where the document is kept. */
  readonly stage: string | null;
  readonly reason: string | null;
  readonly value?: number;
  /** What the implementation that the stage reproduces calls the reason. */
  readonly original?: string;
  readonly scores: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly text?: string;
  /** Of a document that a stage split: which part, from 0. */
  readonly part?: number;
}
export interface ErrorLine {
  readonly id: Row["id"];
  readonly error: string;
}

/** One line, or one for each part of a document that was split. */
export async function verdictsOf(
  { id, page }: Row,
  chain: Chain,
  withText: boolean,
): Promise<readonly (VerdictLine | ErrorLine)[]> {
  if (isRejected(page)) return [{ id, error: `${page.source.file} @ ${page.source.offset}: ${page.rejected.reason}` }];
  const outcomes = await judgePage(page, chain, 0, chain.stages.length, () => {});
  return outcomes.map((outcome, part) => ({
    ...lineOf(id, outcome, chain, withText),
    ...(outcomes.length > 1 && { part }),
  }));
}

function lineOf(id: Row["id"], outcome: Outcome, chain: Chain, withText: boolean): VerdictLine | ErrorLine {
  const last = outcome.onward ?? outcome;
  if (last.outcome === "quarantined") return { id, error: last.detail ?? last.reason };
  const kept = outcome.outcome === "kept";
  const { stage, reason, value } = outcome;
  const original = kept ? undefined : referenceReason(chain, outcome);
  return {
    id,
    kept,
    stage: kept ? null : stage,
    reason: kept ? null : reason,
    ...(value !== undefined && { value }),
    ...(original !== undefined && { original }),
    scores: scoresByStage(outcome, chain),
    ...(withText && { text: (last.page as Document).text }),
  };
}

function referenceReason(chain: Chain, { stageIndex, reason }: Outcome): string | undefined {
  const definition = chain.stages[stageIndex]?.definition;
  return definition !== undefined && "referenceReasons" in definition
    ? definition.referenceReasons?.[reason]
    : undefined;
}

function scoresByStage({ scores }: Outcome, chain: Chain): VerdictLine["scores"] {
  const judging = chain.stages.filter(
    ({ definition }) => definition.kind === "filter" || definition.kind === "rewriter",
  );
  return Object.fromEntries(
    judging.map(({ name }) => [
      name,
      Object.fromEntries(scores.flatMap(([stage, score, value]) => (stage === name ? [[score, value]] : []))),
    ]),
  );
}
