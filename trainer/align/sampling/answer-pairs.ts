/** Pairs of a model's own answers: of each question, the one that earned most against the one that earned least. */
import type { Message } from "../examples/example.ts";
import type { JudgedRollout } from "./judged-sampler.ts";

/** A line of pairs. It is read like any other row with a prompt, a chosen and a rejected answer, too. */
export interface AnswerPair {
  readonly place: string;
  readonly prompt: readonly Message[];
  readonly chosen: string;
  readonly rejected: string;
  readonly rewards: { readonly chosen: number; readonly rejected: number };
  /** Numbers of the answers, from 0. */
  readonly answers: { readonly chosen: number; readonly rejected: number };
}

/** Answers to one question stand one after the other. Where all of them earned the same there is no pair; among equals the first is taken. */
export function pairAnswers(rollouts: readonly JudgedRollout[], samples: number): AnswerPair[] {
  const pairs: AnswerPair[] = [];
  for (let from = 0; from < rollouts.length; from += samples) {
    const numbers = Array.from({ length: samples }, (_, i) => from + i);
    const earned = (n: number): number => rollouts[n]!.reward;
    const best = numbers.reduce((a, b) => (earned(b) > earned(a) ? b : a));
    const worst = numbers.reduce((a, b) => (earned(b) < earned(a) ? b : a));
    if (earned(best) === earned(worst)) continue;
    const { place, messages } = rollouts[best]!.question.prompt;
    pairs.push({
      place,
      prompt: messages,
      chosen: rollouts[best]!.text,
      rejected: rollouts[worst]!.text,
      rewards: { chosen: earned(best), rejected: earned(worst) },
      answers: { chosen: best, rejected: worst },
    });
  }
  return pairs;
}
