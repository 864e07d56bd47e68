/** What models are aligned with: prompts, answers to learn from, and pairs of which one is better. Values, as files give them. */

export interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** Something a model is asked. */
export interface Prompt {
  /** The file and the row in it, from 1: `train.jsonl:17`. Messages begin with it, and it is the same in every run. */
  readonly place: string;
  /** Up to where the model has its turn. */
  readonly messages: readonly Message[];
  /** The row's fields as they are: what verifiers know the right answer by. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A prompt and what is to be said. */
export interface Example extends Prompt {
  readonly response: string;
}

/** A prompt and two answers. */
export interface Preference extends Prompt {
  readonly chosen: string;
  readonly rejected: string;
}
