/** Messages as text, by a template. */
import type { Message } from "../examples/example.ts";
import { RowFault } from "../examples/faults.ts";
import type { Template } from "./template.ts";

/** A part of a rendered dialogue. */
export interface Segment {
  readonly text: string;
  /** Whether it is what the assistant says. */
  readonly isAnswer: boolean;
}

/**
 * A dialogue in parts, up to where the next answer begins: what the assistant said stands apart from what is around it. Two
 * parts of one kind never follow each other, and the last one is no answer. Throws a RowFault where the template has no
 * place for a turn.
 */
export function segmentsOf(template: Template, messages: readonly Message[]): Segment[] {
  const { beginning, assistant, turns } = template;
  if (turns === "one" && messages.filter(({ role }) => role !== "system").length > 1) {
    throw new RowFault("several-turns", `found ${messages.length} turns, and template ${template.name} is for one`);
  }
  const segments: Segment[] = [];
  let between = beginning;
  for (const { role, content } of messages) {
    if (role === "assistant") {
      segments.push({ text: between + assistant.before, isAnswer: false });
      segments.push({ text: renderResponse(template, content), isAnswer: true });
      between = "";
      continue;
    }
    const marks = template[role];
    if (marks === undefined) {
      throw new RowFault("no-system-slot", `found a system message, for which template ${template.name} has no place`);
    }
    between += marks.before + content + marks.after;
  }
  segments.push({ text: between + assistant.before, isAnswer: false });
  return segments;
}

/** All that stands before the answer. Throws a RowFault where the template has no place for a turn. */
export function renderPrompt(template: Template, messages: readonly Message[]): string {
  return segmentsOf(template, messages)
    .map(({ text }) => text)
    .join("");
}

/** The answer, with what marks its end. */
export function renderResponse({ assistant }: Template, response: string): string {
  return response + assistant.after;
}

/** What was answered, of a text that a model has written: without the mark of its end, if it is there. */
export function responseIn({ assistant }: Template, written: string): string {
  const { after } = assistant;
  return after !== "" && written.endsWith(after) ? written.slice(0, -after.length) : written;
}
