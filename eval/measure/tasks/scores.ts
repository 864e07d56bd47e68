/** What scoring a task gives: of each item, and of all. Log-likelihoods and margins are in nats. */
import type { ItemPlace } from "./task.ts";

export interface ItemScore extends ItemPlace {
  /** −log-likelihood of the right answer as it was scored, delimiter included; of a rolling item, of the text. */
  readonly nats: number;
  /** UTF-8 bytes of just that text; of a rolling item, of the original. Independent of the tokenizer. */
  readonly bytes: number;
  /** Of a rolling item. */
  readonly words?: number;
  /** Whether every token of the right answer was the likeliest. */
  readonly greedy?: boolean;
  /** Of several options. */
  readonly options?: OptionScores;
}

export interface OptionScores {
  readonly logLikelihoods: readonly number[];
  readonly gold: number;
  /** Log-likelihood of the right option minus that of the best other one. */
  readonly margin: number;
  /** Index of the option that each rule chooses. */
  readonly predicted: {
    readonly acc: number;
    /** Of choices; where contexts differ and the continuation is one, lengths decide nothing. */
    readonly acc_norm?: number;
    readonly acc_bytes?: number;
    readonly acc_mutual_info?: number;
  };
}

export type MetricName =
  | "acc"
  | "acc_norm"
  | "acc_bytes"
  | "acc_mutual_info"
  | "exact_match"
  | "margin"
  | "log_likelihood"
  | "word_perplexity"
  | "byte_perplexity"
  | "bits_per_byte";

export interface MetricValue {
  readonly name: MetricName;
  readonly value: number;
  /** Over items. Undefined where there is but one. */
  readonly stderr: number | undefined;
}

export interface GroupScores {
  readonly group: string;
  readonly items: number;
  readonly metrics: readonly MetricValue[];
}

export interface TaskScores {
  readonly task: string;
  /** In the task's order. */
  readonly items: readonly ItemScore[];
  readonly metrics: readonly MetricValue[];
  /** In the order in which they first occur; none where items have no group. */
  readonly groups: readonly GroupScores[];
  /** Accuracy of guessing; undefined where there are no options. */
  readonly chance: number | undefined;
}
