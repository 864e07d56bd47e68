/** What a deduplication came to, for people and as JSON. */
import { count, percent, plural } from "../show.ts";
import type { Work } from "./work.ts";

export interface Summary {
  readonly documents: number;
  readonly kept: number;
  readonly removed: readonly { readonly method: string; readonly reason: string; readonly documents: number }[];
  readonly cut: readonly {
    readonly method: string;
    readonly documents: number;
    readonly passages: number;
    readonly characters: number;
  }[];
  /** Confirmed pairs by method, where they were asked for. */
  readonly pairs?: Readonly<Record<string, number>>;
  readonly clusters?: number;
  /** Whether some were removed without being compared. */
  readonly unverified: boolean;
  /** What bounds on work have left out. */
  readonly limits: readonly string[];
  /** What else people should know. */
  readonly notes: readonly string[];
  /** Rows that are no documents, and the first of them. */
  readonly unread: number;
  readonly unreadRows: readonly string[];
  /** Documents on which a stage threw, and the first of them: they are not kept. */
  readonly failed: number;
  readonly failures: readonly string[];
  /** Bytes that could not be read. */
  readonly losses: readonly string[];
  readonly seconds: number;
}

export function summaryOf(
  work: Work,
  rest: Pick<Summary, "unread" | "unreadRows" | "losses" | "seconds" | "clusters"> & { readonly withPairs: boolean },
): Summary {
  const { withPairs, ...others } = rest;
  const removed = [...work.removed].flatMap(([method, reasons]) =>
    [...reasons].map(([reason, documents]) => ({ method, reason, documents })),
  );
  return {
    documents: work.documentCount,
    kept: work.leftCount,
    removed,
    cut: [...work.cuts].map(([method, cuts]) => ({ method, ...cuts })),
    ...(withPairs && { pairs: Object.fromEntries(work.pairCounts) }),
    unverified: removed.some(({ reason }) => reason.endsWith("unverified")),
    limits: work.limits,
    notes: work.notes,
    failed: work.failed,
    failures: work.failures,
    ...others,
  };
}

/** A line, and one more for everything that should not go unseen. */
export function describe(summary: Summary): string {
  const { documents, kept, removed, cut, pairs, clusters, failed, unread, seconds } = summary;
  const gone = removed.reduce((sum, one) => sum + one.documents, 0);
  const reasons = removed.map((one) => `${one.method} ${one.reason} ${count(one.documents)}`).join(", ");
  const pairCount = Object.values(pairs ?? {}).reduce((sum, n) => sum + n, 0);
  const first = [
    `kept ${count(kept)} of ${plural(documents, "document")}`,
    ...(gone > 0 ? [`removed ${count(gone)}, ${percent(gone, documents)} (${reasons})`] : []),
    ...cut.map(
      (one) =>
        `${one.method} cut ${plural(one.passages, "passage")}, ${plural(one.characters, "character")} from ${plural(one.documents, "document")}`,
    ),
    ...(pairs === undefined ? [] : [plural(pairCount, "pair")]),
    ...(clusters === undefined ? [] : [plural(clusters, "cluster")]),
    `${seconds.toFixed(1)} s`,
  ].join("; ");
  const list = (shown: readonly string[], all: number) => [...shown, ...(all > shown.length ? ["…"] : [])].join("; ");
  return [
    first,
    ...(summary.unverified
      ? ["unverified: documents were removed for their signatures alone, without comparing them"]
      : []),
    ...summary.notes.map((note) => `note: ${note}`),
    ...summary.limits.map((limit) => `left out: ${limit}`),
    ...(unread > 0 ? [`not read: ${plural(unread, "row")} (${list(summary.unreadRows, unread)})`] : []),
    ...(failed > 0 ? [`failed: ${plural(failed, "document")} (${list(summary.failures, failed)})`] : []),
  ].join("\n");
}
