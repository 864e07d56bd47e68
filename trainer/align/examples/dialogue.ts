/** Dialogues as files have them, as messages. */

import type { Message } from "./example.ts";
import { RowFault } from "./faults.ts";

/** Names that roles go by: OpenAI's, and ShareGPT's. */
const ROLES: Readonly<Record<string, Message["role"]>> = {
  system: "system",
  user: "user",
  human: "user",
  assistant: "assistant",
  gpt: "assistant",
};

/** A list of messages: `role` and `content`, or `from` and `value`. `field` is for messages. */
export function messagesOf(list: unknown, field: string): Message[] {
  if (!Array.isArray(list))
    throw new RowFault("missing-field", `${field}: found ${shown(list)}, expected a list of messages`);
  return list.map((item: unknown, i) => {
    const { role, from = role, content, value = content } = (item ?? {}) as Record<string, unknown>;
    const known = typeof from === "string" && Object.hasOwn(ROLES, from) ? ROLES[from] : undefined;
    if (known === undefined) {
      const expected = `expected one of ${Object.keys(ROLES).join(", ")}`;
      throw new RowFault("missing-field", `${field}[${i}]: found the role ${shown(from)}, ${expected}`);
    }
    if (typeof value !== "string") {
      throw new RowFault("missing-field", `${field}[${i}]: found the content ${shown(value)}, expected text`);
    }
    return { role: known, content: value };
  });
}

/** As the turns of Anthropic's hh-rlhf begin (github.com/anthropics/hh-rlhf). */
const TURN = /\n\n(Human|Assistant): ?/;

/** Whether a text is a dialogue in the manner of hh-rlhf. */
export function isTurnText(text: unknown): text is string {
  return typeof text === "string" && /^\n\n(?:Human|Assistant):/.test(text);
}

/** A dialogue in the manner of hh-rlhf. Texts of turns stay as they are, but for the space behind the colon. */
export function messagesOfTurnText(text: string): Message[] {
  const parts = text.split(TURN);
  if (parts[0] !== "") {
    throw new RowFault("missing-field", `found ${shown(text)}, expected it to begin with "\\n\\nHuman: "`);
  }
  const messages: Message[] = [];
  for (let i = 1; i < parts.length; i += 2) {
    messages.push({ role: parts[i] === "Human" ? "user" : "assistant", content: parts[i + 1]! });
  }
  return messages;
}

export interface Split {
  /** Up to where the model has its turn. */
  readonly messages: readonly Message[];
  /** The assistant's last turn. Throws a RowFault where the dialogue does not end with it. */
  readonly response: () => string;
}

/** Parts the last answer from what it answers. */
export function splitLast(messages: readonly Message[]): Split {
  const last = messages.at(-1);
  if (last?.role === "assistant") return { messages: messages.slice(0, -1), response: () => last.content };
  const response = (): never => {
    const found = last === undefined ? "no turns" : `a turn of the ${last.role} last`;
    throw new RowFault("no-last-answer", `found ${found}, expected the assistant's`);
  };
  return { messages, response };
}

export function areEqual(a: readonly Message[], b: readonly Message[]): boolean {
  return a.length === b.length && a.every(({ role, content }, i) => role === b[i]!.role && content === b[i]!.content);
}

/** A value, short enough for a message. */
export function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? "nothing";
  return json.length > 60 ? `${json.slice(0, 60)}…` : json;
}
