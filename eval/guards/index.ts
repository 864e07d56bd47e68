/** What to know before a comparison is believed: overlap with held-out text, unequal conditions, wins on one's own source. */
export { HeldOutGrams, type HeldOutTexts, type Overlap } from "./overlap.ts";
export { type ArmSources, type SelfWin, type SelfWins, type SetLosses, selfWins } from "./self-wins.ts";
export { type ArmEvidence, type ConfinedWin, confinedWins, type Evidence, guardWarnings } from "./warnings.ts";
