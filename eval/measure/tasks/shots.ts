import { RecipeError } from "../../../pipeline/errors.ts";
import type { Example } from "./formats/format.ts";

/** Between a shot and what follows: lm-evaluation-harness's `fewshot_delimiter`. */
const BETWEEN_SHOTS = "\n\n";

/**
 * By group, what stands before each of its questions: the group's first `count` examples, solved (lm-evaluation-harness's
 * sampler `first_n`). Raises RecipeError for groups that have fewer.
 */
export function shotTexts(
  examples: readonly Example[],
  count: number,
  groups: ReadonlySet<string | undefined>,
): Map<string | undefined, string> {
  const byGroup = Map.groupBy(examples, ({ group }) => group);
  const texts = new Map<string | undefined, string>();
  for (const group of groups) {
    const first = (byGroup.get(group) ?? []).slice(0, count);
    if (first.length < count) {
      const of = group === undefined ? "" : ` of ${group}`;
      throw new RecipeError(`found ${first.length} examples${of}, expected ${count}`);
    }
    texts.set(group, first.map((example) => solved(example) + BETWEEN_SHOTS).join(""));
  }
  return texts;
}

/** The question with its right answer. */
function solved({ question }: Example): string {
  switch (question.kind) {
    case "choice":
      return question.context + question.delimiter + question.choices[question.gold]!;
    case "partial-context":
      return question.contexts[question.gold]! + question.delimiter + question.continuation;
    case "continuation":
      return question.context + question.delimiter + question.answer;
    case "rolling":
      throw new RecipeError("found whole texts, which are scored without shots");
  }
}
