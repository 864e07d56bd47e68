import type { Observations } from "../observations.ts";
import type { Estimate, NoiseFloor } from "./comparison.ts";

export interface ArmEstimate extends Estimate {
  readonly arm: string;
  readonly bySeed: readonly { readonly seed: number; readonly score: number }[];
}

export interface DomainEstimates {
  readonly domain: string;
  readonly byArm: readonly (Estimate & { readonly arm: string })[];
}

export interface UnclusteredDomain {
  readonly domain: string;
  readonly items: number;
  /** "items": all in one cluster, taken as independent. "nothing": a single item, without any spread. */
  readonly sampledBy: "items" | "nothing";
}

/** Each arm's metric, with an interval over seeds and documents. */
export function armScores(
  _observations: Observations,
  _options: { noiseFloor?: NoiseFloor | undefined } = {},
): ArmEstimate[] {
  throw new Error("not yet");
}

/** Bits per byte by domain, then arm, with intervals over seeds and documents. */
export function domainEstimates(_observations: Observations): DomainEstimates[] {
  throw new Error("not yet");
}

/** Domains whose intervals are too narrow for what they stand for: one cluster says nothing about how clusters differ. */
export function unclusteredDomains(_observations: Observations): UnclusteredDomain[] {
  throw new Error("not yet");
}
