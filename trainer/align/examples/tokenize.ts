/**
 * From values to token ids. The prompt is encoded apart from the response, and so is every earlier answer from what is around
 * it: a prompt's ids are the same whatever the response, and those of an answer the same when it is given and when it is
 * looked back at.
 */
import type { Tokenizer } from "../../../pipeline/tokenizer.ts";
import type { Row } from "../learning/row.ts";
import { renderResponse, type Segment, segmentsOf } from "../templates/render.ts";
import type { Template } from "../templates/template.ts";
import type { Example, Message, Preference, Prompt } from "./example.ts";
import { FaultCounter, type FaultReport, type OnFault, RowFault } from "./faults.ts";

/** Of a dialogue: learn the last answer, or every one. */
export const LEARN = ["last", "all"] as const;
export type Learn = (typeof LEARN)[number];

/** A value's ids, and where they come from. */
export interface TokenizedRow extends Row {
  readonly place: string;
  readonly ids: Uint32Array;
  readonly isResponse: Uint8Array;
}

export interface TokenizedPair {
  readonly place: string;
  readonly chosen: TokenizedRow;
  readonly rejected: TokenizedRow;
}

export interface TokenizedPrompt {
  readonly prompt: Prompt;
  readonly ids: Uint32Array;
}

/** What a prompt is encoded as, whatever comes behind it. */
export function promptIds(tokenizer: Tokenizer, template: Template, messages: readonly Message[]): Uint32Array {
  return idsOf(segmentsOf(template, messages).map((segment) => encoded(tokenizer, segment)));
}

/**
 * An answer's ids; the last one is the end of text, where the tokenizer has such a token. Throws a RowFault where the
 * tokenizer has nothing for it.
 */
export function responseIds(tokenizer: Tokenizer, template: Template, response: string): Uint32Array {
  const ids = tokenizer.encode(renderResponse(template, response));
  if (ids.length === 0) throw new RowFault("empty-response", "found no tokens in the response");
  if (tokenizer.endOfText === undefined) return ids;
  return idsOf([{ ids }, { ids: Uint32Array.of(tokenizer.endOfText) }]);
}

/** `isResponse` is 1 for the ids of the response and of its end; of all answers in the dialogue with `learn: "all"`. */
export function tokenizeExample(
  tokenizer: Tokenizer,
  template: Template,
  { place, messages, response }: Example,
  { learn = "last" }: { readonly learn?: Learn } = {},
): TokenizedRow {
  const parts = [
    ...segmentsOf(template, messages).map((segment) => encoded(tokenizer, segment)),
    { ids: responseIds(tokenizer, template, response), isAnswer: true },
  ];
  const ids = idsOf(parts);
  const isResponse = new Uint8Array(ids.length);
  let from = 0;
  for (const [n, part] of parts.entries()) {
    const to = from + part.ids.length;
    if (part.isAnswer && (learn === "all" || n === parts.length - 1)) isResponse.fill(1, from, to);
    from = to;
  }
  return { place, ids, isResponse };
}

/** Both answers behind the same ids. */
export function tokenizePreference(
  tokenizer: Tokenizer,
  template: Template,
  { chosen, rejected, ...prompt }: Preference,
): TokenizedPair {
  const row = (response: string): TokenizedRow => tokenizeExample(tokenizer, template, { ...prompt, response });
  return { place: prompt.place, chosen: row(chosen), rejected: row(rejected) };
}

export const TOO_LONG = ["skip", "cut"] as const;
/** What becomes of a row that is longer than the context: a fault, or its response is cut at the end. */
export type TooLong = (typeof TOO_LONG)[number];

export interface TokenizeOptions {
  /** Positions that the model sees. */
  readonly contextLength: number;
  readonly tooLong?: TooLong;
  readonly onFault?: OnFault;
  readonly learn?: Learn;
}

export interface TokenizedSet<T> {
  readonly rows: readonly T[];
  readonly faults: FaultReport;
  /** Rows that were cut. */
  readonly cut: number;
}

/** Examples that fit the context. Raises FormatError where most do not. */
export function tokenizeExamples(
  tokenizer: Tokenizer,
  template: Template,
  examples: readonly Example[],
  options: TokenizeOptions,
): TokenizedSet<TokenizedRow> {
  return tokenizeAll(examples, "examples", options, (example, fit) =>
    fit(tokenizeExample(tokenizer, template, example, options)),
  );
}

/** Pairs of which both answers fit the context. Raises FormatError where most do not. */
export function tokenizePreferences(
  tokenizer: Tokenizer,
  template: Template,
  preferences: readonly Preference[],
  options: Omit<TokenizeOptions, "learn">,
): TokenizedSet<TokenizedPair> {
  return tokenizeAll(preferences, "pairs", options, (preference, fit) => {
    const { place, chosen, rejected } = tokenizePreference(tokenizer, template, preference);
    const pair = { place, chosen: fit(chosen), rejected: fit(rejected) };
    if (areSame(pair.chosen.ids, pair.rejected.ids)) {
      throw new RowFault(
        "equal-answers",
        "found equal answers once they were cut to the context, expected different ones",
      );
    }
    return pair;
  });
}

/** Prompts that leave room for `responseTokens` in the context. Raises FormatError where most do not. */
export function tokenizePrompts<T extends Prompt>(
  tokenizer: Tokenizer,
  template: Template,
  prompts: readonly T[],
  {
    contextLength,
    responseTokens = 1,
    onFault,
    place = "prompts",
  }: {
    readonly contextLength: number;
    readonly responseTokens?: number;
    readonly onFault?: OnFault;
    /** What messages call them. */
    readonly place?: string;
  },
): TokenizedSet<TokenizedPrompt & { readonly prompt: T }> {
  return tokenizeAll(prompts, place, { contextLength, ...(onFault && { onFault }) }, (prompt) => {
    const ids = promptIds(tokenizer, template, prompt.messages);
    expectRoom(ids.length, contextLength, responseTokens);
    return { prompt, ids };
  });
}

function tokenizeAll<T extends Prompt, R>(
  values: readonly T[],
  what: string,
  { contextLength, tooLong = "skip", onFault = "skip" }: TokenizeOptions,
  tokenize: (value: T, fit: (row: TokenizedRow) => TokenizedRow) => R,
): TokenizedSet<R> {
  const faults = new FaultCounter(onFault);
  const rows: R[] = [];
  let cut = 0;
  for (const value of values) {
    let isCut = false;
    const row = faults.attempt(value.place, () =>
      tokenize(value, (whole) => {
        const fitting = fitted(whole, contextLength, tooLong);
        isCut ||= fitting !== whole;
        return fitting;
      }),
    );
    if (row === undefined) continue;
    rows.push(row);
    if (isCut) cut++;
  }
  return { rows, faults: faults.finish(what), cut };
}

/** The last token is predicted and not read: a row has one id more than the model has positions. */
function fitted(row: TokenizedRow, contextLength: number, tooLong: TooLong): TokenizedRow {
  const { place, ids, isResponse } = row;
  expectRoom(isResponse.lastIndexOf(0) + 1, contextLength, 1);
  const most = contextLength + 1;
  if (ids.length <= most) return row;
  if (tooLong === "skip") throw new RowFault("too-long", `found ${ids.length} tokens, expected ${most} at most`);
  return { place, ids: ids.subarray(0, most), isResponse: isResponse.subarray(0, most) };
}

function expectRoom(prompt: number, contextLength: number, response: number): void {
  if (prompt + response <= contextLength + 1) return;
  const most = Math.max(0, contextLength + 1 - response);
  const expected = `expected ${most} at most (context ${contextLength}, response ${response})`;
  const advice = response > 1 ? "; a lower maxTokens leaves more" : "";
  throw new RowFault("prompt-too-long", `found ${prompt} tokens, ${expected}${advice}`);
}

interface Part {
  readonly ids: Uint32Array;
  readonly isAnswer: boolean;
}

function encoded(tokenizer: Tokenizer, { text, isAnswer }: Segment): Part {
  return { ids: tokenizer.encode(text), isAnswer };
}

function idsOf(parts: readonly { readonly ids: Uint32Array }[]): Uint32Array {
  const all = new Uint32Array(parts.reduce((sum, { ids }) => sum + ids.length, 0));
  let at = 0;
  for (const { ids } of parts) {
    all.set(ids, at);
    at += ids.length;
  }
  return all;
}

function areSame(a: Uint32Array, b: Uint32Array): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i]);
}
