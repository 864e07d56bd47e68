/** What each stage of a recipe does, by leaving it out (`ablate`). */
import { join } from "node:path";
import { ledgerRows } from "../../pipeline/ledger-reader.ts";
import type { StageEffect } from "../report/report-data.ts";
import { comparePairs, type NoiseFloor } from "../statistics/index.ts";
import type { Observations } from "../statistics/observations.ts";
import type { CuratedArm } from "./run-experiment.ts";

/**
 * What a stage drops where it stands, and what comes back without it, differ by more than this share of the larger where
 * other stages would have dropped the same pages: then its share hangs on its place.
 */
const ORDER_TOLERANCE = 0.2;

export async function stageEffects(
  arms: readonly CuratedArm[],
  observations: Observations,
  options: { readonly noiseFloor?: NoiseFloor | undefined; readonly expected: number },
): Promise<StageEffect[]> {
  const ablations = arms.filter(({ arm }) => arm.without !== undefined);
  if (ablations.length === 0) return [];
  const pairs = ablations.map(({ arm }) => [arm.without!.arm, arm.name] as const);
  const compared = comparePairs(observations, { ...options, pairs });
  const effects: StageEffect[] = [];
  for (const [n, { arm, curated }] of ablations.entries()) {
    const whole = arms.find((one) => one.arm.name === arm.without!.arm)!;
    const { counts } = whole.curated.manifest;
    const bytesBack = curated.manifest.counts.textBytes - counts.textBytes;
    const bytesDropped = await droppedBytes(whole.curated.dir, arm.without!.stage);
    const larger = Math.max(bytesBack, bytesDropped);
    effects.push({
      stage: arm.without!.stage,
      tokensRemoved: curated.manifest.counts.tokens - counts.tokens,
      effect: compared[n]!,
      orderMatters: Math.abs(bytesBack - bytesDropped) > ORDER_TOLERANCE * larger,
    });
  }
  return effects;
}

/** Bytes of text of the pages that a stage dropped, where it stands. */
async function droppedBytes(run: string, stage: string): Promise<number> {
  let bytes = 0;
  const rows = ledgerRows<{ outcome: string; textBytes: number }>(
    join(run, "ledger", "pages.parquet"),
    "stage",
    (value) => value === stage,
  );
  for await (const { outcome, textBytes } of rows) if (outcome === "dropped") bytes += Number(textBytes);
  return bytes;
}
