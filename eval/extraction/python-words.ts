/**
 * The words of a text as Python's `re.findall(r"\w+", text)` has them: runs of letters, of numbers of any kind, and of
 * underscores. Unlike other definitions of `\w`, Python's has no combining marks and no connectors but the underscore.
 */
export function pythonWords(text: string): string[] {
  return text.match(WORDS) ?? [];
}
const WORDS = /[\p{L}\p{N}_]+/gu;

/** How often each item occurs. */
export function countsOf(items: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

/** How many items two bags have in common, each as often as it is in both. */
export function commonCount(one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): number {
  let common = 0;
  for (const [item, count] of one) common += Math.min(count, other.get(item) ?? 0);
  return common;
}
