import type { UnitKind } from "./store.ts";

/** What an experiment tells as it goes: `sluice compare --json` prints these, and `log.jsonl` keeps units. */
export type ExperimentEvent =
  | {
      readonly type: "plan";
      readonly arms: number;
      readonly seeds: number;
      readonly models: number;
      /** Of these, what earlier work left. */
      readonly modelsReused: number;
      readonly trainingTokens: number;
      readonly trainingFlops: number;
      /** Stages of all models, where the experiment aligns them. */
      readonly alignments?: number;
    }
  | UnitEvent
  | {
      readonly type: "progress";
      readonly unit: string;
      /** Of the unit, in [0, 1]. */
      readonly share: number;
      /** Of all that is to be trained. */
      readonly etaSeconds?: number;
    }
  /** What a unit has to say: rows that were left out, say. */
  | { readonly type: "note"; readonly unit: string; readonly message: string };

/** A piece of work that is done: made now, or found. */
export interface UnitEvent {
  readonly type: "unit";
  readonly kind: UnitKind;
  /** In words: "curate gopher", "train gopher, seed 2". */
  readonly unit: string;
  readonly key: string;
  readonly reused: boolean;
  /** Of now. */
  readonly seconds: number;
}
