import type { Verified } from "../verifiers/verifier.ts";

/** What a verifier's score counts for. */
export interface Share {
  readonly label: string;
  readonly weight: number;
  readonly gate: boolean;
}

/**
 * The reward of a response that several verifiers judged: the sum of their scores by weight. A gate adds nothing: where one
 * scores less than 1, nothing else counts. So a right form with a wrong answer earns 0, and a right answer in a wrong
 * form does, too; a form that earned something by itself would be learned by itself.
 */
export function combine(shares: readonly Share[], verified: Readonly<Record<string, Verified>>): number {
  let sum = 0;
  for (const { label, weight, gate } of shares) {
    const { score } = verified[label]!;
    if (!gate) sum += weight * score;
    else if (score < 1) return 0;
  }
  return sum;
}
