/**
 * What rows mean, by the fields that they have. A format is a line of the table: its name, whether a row looks like it, and a
 * function from a row to what is asked and answered. Another format is another line.
 */

import { areEqual, isTurnText, messagesOf, messagesOfTurnText, type Split, shown, splitLast } from "./dialogue.ts";
import type { Message } from "./example.ts";
import { RowFault } from "./faults.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** What a row says. Faults are thrown when a part is asked for: prompts can be read from rows that lack an answer. */
export interface Reading {
  readonly messages: readonly Message[];
  readonly response?: () => string;
  readonly pair?: () => { readonly chosen: string; readonly rejected: string };
  /** Where they are not the row's. */
  readonly fields?: Fields;
}

/** What a format has: prompts alone, an answer with each, or pairs, of which the chosen one is an answer, too. */
export type Gives = "prompt" | "example" | "preference";

export interface ReadingOptions {
  /** What stands between an instruction and its input. */
  readonly inputJoin: string;
}

export interface RowFormat {
  readonly name: string;
  readonly gives: Gives;
  readonly fits: (row: Fields) => boolean;
  /** One for most; a row may hold several. */
  readonly read: (row: Fields, options: ReadingOptions) => readonly Reading[];
}

/** Names that texts go by, the first one that is there. */
const NAMES = {
  // `prompts_final` is SimpleSafetyTests' (Vidgen et al. 2023).
  prompt: ["prompt", "question", "instruction", "query", "prompts_final"],
  completion: ["completion", "response"],
} as const;

/** A row is of the first format that it fits. */
export const FORMATS: readonly RowFormat[] = [
  {
    // Anthropic's pairs: two dialogues that share all but the last turn.
    name: "hh-rlhf",
    gives: "preference",
    fits: ({ chosen, rejected }) => isTurnText(chosen) && isTurnText(rejected),
    read: (row) => {
      const [chosen, rejected] = [row.chosen, row.rejected].map((text, i) => {
        if (typeof text !== "string") throw missing(i === 0 ? "chosen" : "rejected", text, "a dialogue");
        return splitLast(messagesOfTurnText(text));
      }) as [Split, Split];
      return [pairOf(chosen, rejected)];
    },
  },
  {
    // A prompt in any of its forms, and two answers: texts, or lists of messages. As trl's, and instructions with pairs.
    name: "preference",
    gives: "preference",
    fits: ({ chosen, rejected }) => chosen !== undefined && rejected !== undefined,
    read: (row, options) => {
      const asked = findName(row, NAMES.prompt) === undefined ? [] : promptOf(row, options);
      const pair = pairOf(answerTo(asked, row, "chosen"), answerTo(asked, row, "rejected"));
      return [typeof row.output === "string" ? { ...pair, response: () => textOf(row, "output") } : pair];
    },
  },
  {
    name: "chat",
    gives: "example",
    fits: ({ messages, conversations }) => Array.isArray(messages) || Array.isArray(conversations),
    read: ({ messages, conversations }) => [
      splitLast(messages === undefined ? messagesOf(conversations, "conversations") : messagesOf(messages, "messages")),
    ],
  },
  {
    // Tasks of an instruction and several instances (Wang et al. 2022).
    name: "self-instruct",
    gives: "example",
    fits: ({ instruction, instances }) => typeof instruction === "string" && Array.isArray(instances),
    read: (row, options) => {
      if (!Array.isArray(row.instances)) throw missing("instances", row.instances, "a list");
      return row.instances.map((instance: unknown) => {
        const fields = { ...row, ...(instance as Fields) };
        return { messages: promptOf(fields, options), response: () => textOf(fields, "output"), fields };
      });
    },
  },
  {
    name: "alpaca",
    gives: "example",
    fits: ({ instruction, output }) => typeof instruction === "string" && output !== undefined,
    read: (row, options) => [{ messages: promptOf(row, options), response: () => textOf(row, "output") }],
  },
  {
    // MMLU's questions: choices go by letters, the answer is one of them.
    name: "multiple-choice",
    gives: "example",
    fits: ({ question, choices }) => typeof question === "string" && Array.isArray(choices),
    read: (row) => {
      if (!Array.isArray(row.choices)) throw missing("choices", row.choices, "a list");
      const choices = row.choices.map((choice, i) => `${String.fromCharCode(65 + i)}. ${choice}`);
      const content = [textOf(row, "question"), ...choices].join("\n");
      return [{ messages: [{ role: "user", content }], response: () => textOf(row, "answer") }];
    },
  },
  {
    name: "question-answer",
    gives: "example",
    fits: ({ question, answer }) => typeof question === "string" && answer !== undefined,
    read: (row) => [simple(row, "question", "answer")],
  },
  {
    name: "prompt-response",
    gives: "example",
    fits: (row) => row.prompt !== undefined && findName(row, NAMES.completion) !== undefined,
    read: (row, options) => {
      const asked = promptOf(row, options);
      const name = findName(row, NAMES.completion) ?? NAMES.completion[0];
      return [{ messages: asked, response: () => answerTo(asked, row, name).response() }];
    },
  },
  {
    name: "context-continuation",
    gives: "example",
    fits: ({ context, continuation }) => typeof context === "string" && continuation !== undefined,
    read: (row) => [simple(row, "context", "continuation")],
  },
  {
    name: "prompt",
    gives: "prompt",
    fits: (row) => findName(row, NAMES.prompt) !== undefined,
    read: (row, options) => [{ messages: promptOf(row, options) }],
  },
];

/** Which fields hold what, for rows of no known format. */
export interface FieldNames {
  readonly prompt: string;
  readonly response?: string | undefined;
  readonly chosen?: string | undefined;
  readonly rejected?: string | undefined;
}

/** The format of rows whose fields are named. */
export function formatOfFields({ prompt, response, chosen, rejected }: FieldNames): RowFormat {
  const isPair = chosen !== undefined && rejected !== undefined;
  return {
    name: "fields",
    gives: isPair ? "preference" : response === undefined ? "prompt" : "example",
    fits: () => true,
    read: (row) => {
      const messages = asMessages(row, prompt);
      return [
        {
          messages,
          ...(isPair && pairOf(answerTo(messages, row, chosen), answerTo(messages, row, rejected))),
          ...(response !== undefined && { response: () => answerTo(messages, row, response).response() }),
        },
      ];
    },
  };
}

function simple(row: Fields, prompt: string, response: string): Reading {
  return { messages: [{ role: "user", content: textOf(row, prompt) }], response: () => textOf(row, response) };
}

function pairOf(chosen: Split, rejected: Split): Reading {
  const pair = () => {
    const found = { chosen: chosen.response(), rejected: rejected.response() };
    if (areEqual(chosen.messages, rejected.messages)) return found;
    const turns = `${chosen.messages.length} and ${rejected.messages.length} turns`;
    throw new RowFault(
      "prompts-differ",
      `found different dialogues before the last turn (${turns}), expected the same`,
    );
  };
  return { messages: chosen.messages, response: chosen.response, pair };
}

/** An answer that is a text, a list of messages behind the prompt, or the whole dialogue. */
function answerTo(prompt: readonly Message[], row: Fields, name: string): Split {
  const value = row[name];
  if (!Array.isArray(value)) return { messages: prompt, response: () => textOf(row, name) };
  const messages = messagesOf(value, name);
  return splitLast(messages.length === 1 ? [...prompt, ...messages] : messages);
}

function promptOf(row: Fields, { inputJoin }: ReadingOptions): Message[] {
  const name = findName(row, NAMES.prompt) ?? NAMES.prompt[0];
  if (name !== "instruction") return asMessages(row, name);
  const instruction = textOf(row, name);
  const given = row.input;
  if (given !== undefined && given !== null && typeof given !== "string") throw missing("input", given, "text");
  const content = given == null || given.trim() === "" ? instruction : `${instruction}${inputJoin}${given}`;
  return [{ role: "user", content }];
}

function asMessages(row: Fields, name: string): Message[] {
  return Array.isArray(row[name]) ? messagesOf(row[name], name) : [{ role: "user", content: textOf(row, name) }];
}

function findName(row: Fields, names: readonly string[]): string | undefined {
  return names.find((name) => row[name] !== undefined);
}

/** Numbers are texts, too: answers are often such. */
function textOf(row: Fields, name: string): string {
  const value = row[name];
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  throw missing(name, value, "text");
}

function missing(name: string, found: unknown, expected: string): RowFault {
  return new RowFault("missing-field", `${name}: found ${shown(found)}, expected ${expected}`);
}
