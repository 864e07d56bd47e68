import { oneLine } from "../../../pipeline/errors.ts";
import type { Asked, FailureReason, Verified, VerifierDefinition } from "../verifiers/verifier.ts";

/** A verifier's judgement of a response, whatever it does. (That it takes for ever, it must be ended for.) */
export function verifyOne(definition: VerifierDefinition, params: unknown, response: string, asked: Asked): Verified {
  let judgement: unknown;
  try {
    judgement = definition.verify(response, asked, params);
  } catch (error) {
    return failed("threw", oneLine(error));
  }
  const { score, parts } = partsOf(judgement);
  // NaN is in no range.
  if (!(typeof score === "number" && score >= 0 && score <= 1)) {
    return failed("no-score", `expected a number from 0 to 1, found ${oneLine(shown(score))}`);
  }
  for (const [name, part] of Object.entries(parts)) {
    if (!Number.isFinite(part))
      return failed("no-score", `expected a number as "${name}", found ${oneLine(shown(part))}`);
  }
  return { score, parts: { ...parts } };
}

export function failed(failure: FailureReason, message: string): Verified {
  return { score: 0, parts: {}, failure, message };
}

function partsOf(judgement: unknown): { readonly score: unknown; readonly parts: Readonly<Record<string, number>> } {
  if (typeof judgement !== "object" || judgement === null || !("score" in judgement)) {
    return { score: judgement, parts: {} };
  }
  const { score, parts } = judgement as { score: unknown; parts?: unknown };
  return { score, parts: typeof parts === "object" && parts !== null ? (parts as Record<string, number>) : {} };
}

function shown(value: unknown): unknown {
  if (value instanceof Promise) return "a promise: verify must not be async";
  return typeof value === "string" ? JSON.stringify(value) : value; // "1" is no number.
}
