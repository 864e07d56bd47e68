/** Words that several sections share. */
import type { PairComparison } from "../../statistics/comparison.ts";
import type { Metric, ReportData } from "../report-data.ts";

export function metricUnit(metric: Metric): string {
  return metric === "bits-per-byte" ? "bits per byte" : "bits per byte of the gold answers";
}

export function pairName({ arm, against }: { readonly arm: string; readonly against: string }): string {
  return `${arm} vs ${against}`;
}

export function verdictWords({ verdict }: PairComparison): string {
  return verdict ?? "none from one seed";
}

export function signOf({ verdict }: PairComparison): "better" | "worse" | "open" | "none" {
  return verdict === undefined ? "none" : verdict === "not resolved at this scale" ? "open" : verdict;
}

/** The id of a model's row among those that tell what made it. */
export function modelAnchor(data: ReportData, arm: string, seed: number): string {
  return `model-${data.provenance.findIndex((model) => model.arm === arm && model.seed === seed) + 1}`;
}

export function plural(amount: number, one: string, many = `${one}s`): string {
  return `${amount} ${amount === 1 ? one : many}`;
}

export function armNames({ arms }: ReportData): readonly string[] {
  return arms.map(({ name }) => name);
}

/** What several arms list, in an order that agrees with each of theirs where they agree. */
export function mergeOrders(lists: readonly (readonly string[])[]): string[] {
  const merged: string[] = [];
  for (const list of lists) {
    let at = 0;
    for (const entry of list) {
      const found = merged.indexOf(entry);
      if (found === -1) merged.splice(at, 0, entry);
      at = found === -1 ? at + 1 : Math.max(at, found + 1);
    }
  }
  return merged;
}
