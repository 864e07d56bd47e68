/** What to know before a comparison is believed: overlap with held-out text, unequal conditions, wins on one's own source. */
export { HeldOutGrams, type Overlap } from "./overlap.ts";
export {
  type ArmEvidence,
  type ConfinedWin,
  confinedWins,
  type Evidence,
  guardWarnings,
  MOST_EPOCHS,
} from "./warnings.ts";
