import type { Asked } from "../../../trainer/align/verifiers/verifier.ts";

/** A prompt whose row has these fields. */
export function asked(fields: Record<string, unknown> = {}, more: Partial<Asked> = {}): Asked {
  return {
    place: "rows.jsonl:1",
    messages: [{ role: "user", content: "?" }],
    fields,
    isCut: false,
    tokens: 0,
    ...more,
  };
}
