/**
 * A task is data: questions whose answers are scored by log-likelihood.
 *
 *     choice           context + delimiter + each choice            "Question: …\nAnswer:" " " "ice" | "steam"
 *     partial-context  each context + delimiter + one continuation  "… Bob" | "… Charlie"   " " "is ungrateful."
 *     continuation     context + delimiter + the answer             "517+468="              " " "985"
 *     rolling          a whole text, in windows
 */

/** lm-evaluation-harness's `multiple_choice`. */
export interface ChoiceQuestion {
  readonly kind: "choice";
  readonly context: string;
  readonly delimiter: string;
  readonly choices: readonly string[];
  /** Index of the right choice. */
  readonly gold: number;
}

/** `multiple_choice` with several inputs (WinoGrande): the choices stand in the context, and what follows is scored. */
export interface PartialContextQuestion {
  readonly kind: "partial-context";
  readonly contexts: readonly string[];
  readonly delimiter: string;
  readonly continuation: string;
  /** Index of the right context. */
  readonly gold: number;
}

/** `loglikelihood` (LAMBADA). */
export interface ContinuationQuestion {
  readonly kind: "continuation";
  readonly context: string;
  readonly delimiter: string;
  readonly answer: string;
}

/** `loglikelihood_rolling` (WikiText). */
export interface RollingQuestion {
  readonly kind: "rolling";
  /** What is scored. */
  readonly text: string;
  /** What words and bytes are counted in: lm-eval scores WikiText detokenized and counts the page as it was. */
  readonly original: string;
}

export type Question = ChoiceQuestion | PartialContextQuestion | ContinuationQuestion | RollingQuestion;

export interface ItemPlace {
  /** Unlike any other in the task. */
  readonly id: string;
  /** MMLU's subject, Jeopardy's category: reported one by one. */
  readonly group?: string;
  /** Items of one cluster are not independent: they ask about the same passage. */
  readonly cluster: string;
}

export type TaskItem = Question & ItemPlace;

export interface Task {
  readonly name: string;
  /** Name of the format it was read as. */
  readonly format: string;
  /** Solved examples before each question. */
  readonly shots: number;
  /** Choices are scored without context, too: twice the work. */
  readonly mutualInfo: boolean;
  readonly items: readonly TaskItem[];
}
