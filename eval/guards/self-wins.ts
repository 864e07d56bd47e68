/**
 * The resemblance guard. A corpus wins on held-out text of its own source, whatever it is worth elsewhere: at 6.89 B
 * parameters each of three public corpora wins on its own validation set (Gadre et al. 2024, mlfoundations/scaling).
 * Such a win is told, and an arm that wins nowhere else is not called better.
 */
import type { Warning } from "../report/report-data.ts";

/** Fewer held-out sets than this cannot tell a better corpus from a more similar one. */
const LEAST_SETS = 3;

export interface ArmSources {
  readonly arm: string;
  /** The corpora that it was made of. */
  readonly sources: readonly string[];
}

/** What every arm comes to on one held-out set. */
export interface SetLosses {
  readonly set: string;
  /** The corpora that it was drawn from, by the names that arms have for them. */
  readonly sources: readonly string[];
  /** Arm → loss in any unit, lower is better. */
  readonly losses: ReadonlyMap<string, number>;
}

/** An arm that is the best of all on a set of its own source. */
export interface SelfWin {
  readonly arm: string;
  readonly set: string;
  /** What the two have in common. */
  readonly sources: readonly string[];
  /** Loss of the next best arm minus its own. */
  readonly margin: number;
}

export interface ArmWins {
  readonly arm: string;
  /** Sets of its own source, and others, on which it is the best of all. */
  readonly own: readonly string[];
  readonly foreign: readonly string[];
  /** It wins, and nowhere but on its own source. */
  readonly isConfined: boolean;
}

export interface SelfWins {
  readonly selfWins: readonly SelfWin[];
  /** In the order in which arms were given. */
  readonly arms: readonly ArmWins[];
  /** Sets that favour none of the arms. */
  readonly foreignSets: readonly string[];
  readonly warnings: readonly Warning[];
}

/**
 * Flags arms that win on sets of their own source, and arms that win on no other. A source that all arms have favours
 * none of them; equal losses are nobody's win.
 * @example selfWins([{ arm: "a", sources: ["c4"] }, { arm: "b", sources: [] }],
 *   [{ set: "c4-val", sources: ["c4"], losses: new Map([["a", 2.38], ["b", 2.42]]) }])
 */
export function selfWins(arms: readonly ArmSources[], sets: readonly SetLosses[]): SelfWins {
  const shared = new Set(arms[0]?.sources.filter((source) => arms.every(({ sources }) => sources.includes(source))));
  const found: SelfWin[] = [];
  const foreignWins = new Map<string, string[]>(arms.map(({ arm }) => [arm, []]));
  const foreignSets: string[] = [];
  for (const { set, sources, losses } of sets) {
    const telling = sources.filter((source) => !shared.has(source));
    if (!arms.some((arm) => arm.sources.some((source) => telling.includes(source)))) foreignSets.push(set);
    const ranked = arms
      .filter(({ arm }) => losses.has(arm))
      .map((arm) => ({ ...arm, loss: losses.get(arm.arm)! }))
      .sort((a, b) => a.loss - b.loss);
    const [first, second] = ranked;
    if (first === undefined || second === undefined || first.loss === second.loss) continue;
    const common = first.sources.filter((source) => telling.includes(source));
    if (common.length === 0) foreignWins.get(first.arm)!.push(set);
    else found.push({ arm: first.arm, set, sources: common, margin: second.loss - first.loss });
  }
  const wins = arms.map(({ arm }): ArmWins => {
    const own = found.filter((win) => win.arm === arm).map(({ set }) => set);
    const foreign = foreignWins.get(arm)!;
    return { arm, own, foreign, isConfined: own.length > 0 && foreign.length === 0 };
  });
  return {
    selfWins: found,
    arms: wins,
    foreignSets,
    warnings: warningsOf(found, wins, sets.length, foreignSets.length),
  };
}

function warningsOf(found: readonly SelfWin[], arms: readonly ArmWins[], sets: number, foreign: number): Warning[] {
  const messages = found.map(
    ({ arm, set, sources }) => `${arm} wins on ${set}, which is of its own source (${sources.join(", ")})`,
  );
  for (const { arm, own, isConfined } of arms) {
    if (isConfined)
      messages.push(`${arm} is better only on its own source: it wins on ${own.join(", ")} and nowhere else`);
  }
  if (sets < LEAST_SETS)
    messages.push(`${sets} held-out ${sets === 1 ? "set" : "sets"}: at least ${LEAST_SETS} are needed`);
  if (foreign === 0) messages.push("no held-out set is foreign to all arms: add text that none of them resembles");
  return messages.map((message) => ({ kind: "resemblance", message }));
}
