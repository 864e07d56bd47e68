/**
 * Verifiers say how good a response is, from what can be checked. A verifier is one file: its parameters, and a function
 * from a response to a score; `{ use: numeric, with: { field: answer } }` names one in a config, `{ use: ./mine.ts }` a
 * user's own.
 *
 * @example
 * import { defineVerifier, z } from "sluice";
 *
 * // Whether a response ends in the word that the row asks for.
 * export default defineVerifier({
 *   name: "ends-with",
 *   module: import.meta.url,
 *   version: 1,
 *   params: z.strictObject({ field: z.string().default("ending") }),
 *   verify: (response, { fields }, { field }) => (response.trimEnd().endsWith(String(fields[field])) ? 1 : 0),
 * });
 */
import type { z } from "zod";
import type { Prompt } from "../examples/example.ts";

/** A score from 0 to 1, or several: `score` is what counts, the parts are logged (format, answer …). */
export type Judgement = number | { readonly score: number; readonly parts: Readonly<Record<string, number>> };

/** What a verifier gets to know beside the text. */
export interface Asked extends Prompt {
  /** Whether the response was cut for its length. */
  readonly isCut: boolean;
  /** Tokens of the response. */
  readonly tokens: number;
}

export interface VerifierDefinition<P extends z.ZodType = z.ZodType> {
  readonly kind: "verifier";
  readonly name: string;
  /** Always `import.meta.url`. */
  readonly module: string;
  /** Raise it when the same parameters begin to give other scores. */
  readonly version: number;
  readonly params: P;
  /** That a response can keep it busy for ever: it runs in a thread that can be ended, as users' own always do. */
  readonly mayHang?: boolean;
  /** Throws where the row lacks what it needs: the row is counted as faulty, with its place, and no response is blamed. */
  verify(response: string, asked: Asked, params: z.output<P>): Judgement;
}

/** Plain data that names a verifier and its parameters. */
export interface VerifierSpec {
  readonly name: string;
  readonly module: string;
  readonly version: number;
  readonly params: unknown;
}

/** What came of a response. */
export interface Verified {
  /** 0 where the verifier failed. */
  readonly score: number;
  readonly parts: Readonly<Record<string, number>>;
  /** Why there is no judgement. */
  readonly failure?: FailureReason;
  /** What it threw or gave instead, on one line. */
  readonly message?: string;
}

/** It threw, gave no number from 0 to 1, took too long, needed too much memory, or ended the thread it ran in. */
export type FailureReason = "threw" | "no-score" | "timeout" | "out-of-memory" | "crash";

export function defineVerifier<P extends z.ZodType>(
  definition: Omit<VerifierDefinition<P>, "kind">,
): VerifierDefinition<P> {
  return { ...definition, kind: "verifier" };
}
