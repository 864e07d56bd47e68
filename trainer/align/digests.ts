/** What models and sequences are told by, without a text of all their numbers. */
import { createHash } from "node:crypto";
import type { ParameterValues } from "../model/parameters.ts";
import type { TokenizedPrompt } from "./examples/tokenize.ts";
import type { Row } from "./learning/row.ts";

/** SHA-256 (hex) of parameters by name. */
export function digestOfValues(values: ParameterValues): string {
  const hash = createHash("sha256");
  for (const [name, numbers] of Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${name} ${numbers.length}\n`);
    hash.update(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
  }
  return hash.digest("hex");
}

/** SHA-256 (hex) of sequences, and of which of their ids are to be learned. */
export function digestOfRows(rows: Iterable<Row>): string {
  const hash = createHash("sha256");
  for (const { ids, isResponse } of rows) {
    hash.update(`${ids.length}\n`).update(bytesOf(ids)).update(Uint8Array.from(isResponse));
  }
  return hash.digest("hex");
}

/** SHA-256 (hex) of what is asked, and of all that verifiers know of it. */
export function digestOfQuestions(questions: Iterable<TokenizedPrompt>): string {
  const hash = createHash("sha256");
  for (const { prompt, ids } of questions) hash.update(`${JSON.stringify(prompt)}\n`).update(bytesOf(ids));
  return hash.digest("hex");
}

function bytesOf(ids: ArrayLike<number>): Uint8Array {
  return new Uint8Array(Uint32Array.from(ids).buffer);
}
