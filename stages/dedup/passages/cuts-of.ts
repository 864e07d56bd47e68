import type { Cut } from "../../../pipeline/stage.ts";
import type { Passages } from "./split.ts";

/** In `twins`: the passage stays. */
export const STAYS = -1;

/**
 * The cuts that take passages out of a text with what parts them from the next one, so that no empty place is left. At the
 * text's end they go with what parts them from the one before, and a text of which no passage stays goes to its end.
 */
export function cutsOf(passages: Passages, twins: Int32Array, textLength: number): Cut[] {
  const { count, starts, ends } = passages;
  let tail = count;
  while (tail > 0 && twins[tail - 1] !== STAYS) tail--;
  const cuts: Cut[] = [];
  for (let i = 0; i < count; i++) {
    const twin = twins[i]!;
    if (twin === STAYS) continue;
    const start = i === tail && i > 0 ? ends[i - 1]! : starts[i]!;
    const end = i + 1 < count ? starts[i + 1]! : tail === 0 ? textLength : ends[i]!;
    cuts.push({ start, end, twin });
  }
  return cuts;
}
