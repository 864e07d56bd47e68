/** Elements that a buffer may keep between pages: one huge page must not pin its memory. */
const MAX_KEPT = 1 << 22;

/** Whether a buffer of `held` elements does for `needed`: it is large enough, and not much larger than most pages need. */
export function hasRoom(held: number, needed: number): boolean {
  return needed <= held && (held <= MAX_KEPT || needed > MAX_KEPT);
}
