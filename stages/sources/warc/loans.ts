/**
 * Memory that is used again and again, and lent in between: fresh memory costs more than it seems, since the system clears
 * each page of it at the first touch, the caches have never seen it, and it makes the garbage collector run.
 */

const ERASED = 0xee;
let erases = false;

/** For tests, which then see who looks at what is lent no longer: from now on it is overwritten as soon as the loan ends. */
export function eraseLoans(isOn: boolean): void {
  erases = isOn;
}

/** Said by the lender. */
export function endLoan(memory: Buffer): void {
  if (erases) memory.fill(ERASED);
}
