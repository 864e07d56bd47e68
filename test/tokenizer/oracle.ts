/** Other people's tokenizers, and how ours is held against them. */
import assert from "node:assert/strict";
import { get_encoding, type Tiktoken, type TiktokenEncoding } from "tiktoken";
import type { Tokenizer } from "../../pipeline/tokenizer.ts";
import { loadTokenizer } from "../../tokenizer/load.ts";
import { NEW_IN_UNICODE_17 } from "./fuzz-texts.ts";

export const BUILT_IN = ["gpt2", "cl100k_base", "o200k_base"] as const;

export interface Checked {
  readonly texts: number;
  readonly bytes: number;
  readonly tokens: number;
}

/** npm `tiktoken` gives every text the ids that ours gives, and ours decode to the text. `label` leads a complaint. */
export async function assertTiktokenIds(name: string, texts: Iterable<string>, label: string): Promise<Checked> {
  const tokenizer = await loadTokenizer(name);
  const oracle: Tiktoken = get_encoding(name as TiktokenEncoding);
  const checked = { texts: 0, bytes: 0, tokens: 0 };
  try {
    for (const text of texts) {
      const ids = tokenizer.encode(text);
      assertSameIds(ids, oracle.encode_ordinary(text), text, `${label}, text ${checked.texts}, ${name}`);
      assertComesBack(tokenizer, ids, Buffer.from(text), `${label}, text ${checked.texts}`);
      checked.texts++;
      checked.bytes += Buffer.byteLength(text);
      checked.tokens += ids.length;
    }
  } finally {
    oracle.free();
  }
  return checked;
}

/**
 * Code points that tiktoken and ours put into different classes (letter, mark, number, anything else), told by the ids
 * of what follows: "'s" is cut otherwise after a letter or mark than after a sign, and so are three digits after a
 * number.
 */
export async function classifiedDifferently(name: string): Promise<number[]> {
  const tokenizer = await loadTokenizer(name);
  const oracle: Tiktoken = get_encoding(name as TiktokenEncoding);
  const different: number[] = [];
  for (let codePoint = 0; codePoint <= LAST_MARK; codePoint++) {
    if (codePoint === GAP.from) codePoint = GAP.to;
    const text = `${String.fromCodePoint(codePoint)}'s${String.fromCodePoint(codePoint)}111`;
    const theirs = oracle.encode_ordinary(text);
    const ours = tokenizer.encode(text);
    if (ours.length !== theirs.length || ours.some((id, at) => id !== theirs[at])) different.push(codePoint);
  }
  oracle.free();
  return different;
}

/** All of these code points came with Unicode 17, which the oracles do not know yet. */
export function assertOnlyNew(codePoints: readonly number[]): void {
  const others = codePoints.filter((c) => !NEW_IN_UNICODE_17.some(([first, last]) => c >= first && c <= last));
  assert.deepEqual(
    others.map((c) => `U+${c.toString(16)}`),
    [],
  );
}

/** Between the ideographs of plane 3 and the tags of plane 14 there is nothing yet; behind those is private use. */
const GAP = { from: 0x33480, to: 0xe0000 } as const;
const LAST_MARK = 0xe01ef;

/** A plain loop: `deepEqual` takes longer than both tokenizers. */
export function assertSameIds(ours: ArrayLike<number>, theirs: ArrayLike<number>, text: string, label: string): void {
  let at = 0;
  while (at < ours.length && at < theirs.length && ours[at] === theirs[at]) at++;
  if (at === ours.length && at === theirs.length) return;
  const around = (ids: ArrayLike<number>): string =>
    Array.from(ids)
      .slice(Math.max(0, at - 2), at + 4)
      .join(" ");
  const found = `ours …${around(ours)}…, theirs …${around(theirs)}…`;
  assert.fail(`${label}: token ${at} differs: ${found}, in ${escaped(text.slice(0, 2000))}`);
}

/** As a string literal of plain ASCII: what differs is often invisible. */
function escaped(text: string): string {
  return JSON.stringify(text).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The ids decode to exactly these bytes. */
export function assertComesBack(
  tokenizer: Pick<Tokenizer, "name" | "decode">,
  ids: Uint32Array,
  bytes: Uint8Array,
  label: string,
): void {
  const back = tokenizer.decode(ids);
  if (Buffer.compare(back, bytes) === 0) return;
  const hex = (some: Uint8Array): string => Buffer.from(some.subarray(0, 500)).toString("hex");
  assert.fail(`${label}: ${tokenizer.name} gives ${hex(back)} for the bytes ${hex(bytes)}`);
}
