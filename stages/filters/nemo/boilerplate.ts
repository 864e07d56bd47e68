import { PLACEHOLDER, POLICY_PHRASES } from "./marks.ts";

const POLICIES = new RegExp(POLICY_PHRASES.map((phrase) => phrase.replaceAll(".", "\\.")).join("|"), "g");
/** In every phrase, whatever its case. Lower case costs more than looking for this, and most pages have none of it. */
const HINT = /cookie|privacy|terms of use|lorem ipsum/iu;

/** Paragraphs with a policy's phrase in them / all paragraphs, of which there are `paragraphs`; 1 with "lorem ipsum" anywhere. */
export function boilerplateShare(text: string, paragraphs: number): number {
  if (!HINT.test(text)) return 0;
  const lower = text.toLowerCase();
  if (lower.includes(PLACEHOLDER)) return 1;
  let found = 0;
  // No phrase has a newline in it, so a match lies in one paragraph; the search goes on in the next.
  for (POLICIES.lastIndex = 0; POLICIES.test(lower); ) {
    found++;
    const end = lower.indexOf("\n\n", POLICIES.lastIndex);
    if (end === -1) break;
    POLICIES.lastIndex = end;
  }
  return found / paragraphs;
}
