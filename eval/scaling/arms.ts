/**
 * Laws of several arms, and where they cross: a strict filter wins while there is data enough, and loses where its few
 * tokens are repeated or where the looser arm's exponent tells.
 */
import { type Law, lossOf } from "./law.ts";
import { type Interval, interval } from "./percentiles.ts";
import { effectiveTokens } from "./repeated.ts";

export interface ArmLaw {
  readonly arm: string;
  readonly law: Law;
  /** Of resamples of the arm's runs. */
  readonly resampled: readonly Law[];
  /** All that the arm has; more than these are repeated. Undefined: there is no end to them. */
  readonly uniqueTokens: number | undefined;
}

/** Tokens at which two arms are as good as each other. */
export interface Crossing {
  readonly tokens: number;
  /** The arm of lower loss with fewer tokens, and the one with more. */
  readonly below: string;
  readonly above: string;
  /**
   * Over resamples of both arms, of crossings in the same direction; 0 and infinity where the end of the range was reached
   * without one. Undefined where there are no resamples.
   */
  readonly interval: Interval | undefined;
}

export interface ArmPair {
  readonly arms: readonly [string, string];
  /** The model size at which they were compared. */
  readonly params: number;
  readonly crossings: readonly Crossing[];
  /** Where they do not cross: the arm of lower loss. */
  readonly ahead: string | undefined;
}

export interface TokenRange {
  readonly low: number;
  readonly high: number;
}

/** Steps a decade of tokens: crossings closer together than this are not seen. */
const STEPS_PER_DECADE = 50;

/** Where two arms cross, trained at one model size, within a range of tokens. */
export function compareArms(x: ArmLaw, y: ArmLaw, params: number, range: TokenRange): ArmPair {
  const loss = (law: Law, { uniqueTokens = Number.POSITIVE_INFINITY }: ArmLaw, tokens: number) =>
    lossOf(law, { params, tokens: effectiveTokens(tokens, uniqueTokens) });
  const difference = (lawX: Law, lawY: Law) => (tokens: number) => loss(lawX, x, tokens) - loss(lawY, y, tokens);
  const found = signChanges(difference(x.law, y.law), range);
  const crossings = found.map(({ tokens, isRising }) => ({
    tokens,
    below: isRising ? x.arm : y.arm,
    above: isRising ? y.arm : x.arm,
    interval: overResamples(tokens, isRising),
  }));
  const ahead = found.length > 0 ? undefined : difference(x.law, y.law)(range.low) <= 0 ? x.arm : y.arm;
  return { arms: [x.arm, y.arm], params, crossings, ahead };

  function overResamples(tokens: number, isRising: boolean): Interval | undefined {
    const draws = Math.min(x.resampled.length, y.resampled.length);
    if (draws === 0) return undefined;
    const distance = (other: number) => Math.abs(Math.log(other / tokens));
    const drawn = Array.from({ length: draws }, (_, i) => {
      const f = difference(x.resampled[i]!, y.resampled[i]!);
      const same = signChanges(f, range).filter((change) => change.isRising === isRising);
      if (same.length > 0) return same.reduce((a, b) => (distance(a.tokens) <= distance(b.tokens) ? a : b)).tokens;
      // The arm that wins below wins throughout: the crossing lies beyond the range. Or it never does: before it.
      return f(tokens) < 0 === isRising ? Number.POSITIVE_INFINITY : 0;
    });
    return interval(drawn);
  }
}

/** Where a function of tokens changes its sign, and whether it goes from below zero to above. */
function signChanges(
  f: (tokens: number) => number,
  { low, high }: TokenRange,
): { tokens: number; isRising: boolean }[] {
  const steps = Math.max(1, Math.ceil(Math.log10(high / low) * STEPS_PER_DECADE));
  const at = (step: number) => low * (high / low) ** (step / steps);
  const found: { tokens: number; isRising: boolean }[] = [];
  for (let step = 0; step < steps; step++) {
    const isRising = f(at(step + 1)) > 0;
    if (f(at(step)) > 0 !== isRising) found.push({ tokens: bisect(f, at(step), at(step + 1)), isRising });
  }
  return found;
}

function bisect(f: (tokens: number) => number, low: number, high: number): number {
  const isAboveAtLow = f(low) > 0;
  let [a, b] = [low, high];
  for (let i = 0; i < 60; i++) {
    const middle = Math.sqrt(a * b);
    if (f(middle) > 0 === isAboveAtLow) a = middle;
    else b = middle;
  }
  return Math.sqrt(a * b);
}
