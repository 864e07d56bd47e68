/**
 * Does the small scale decide like the large one? Every pair of arms is ranked in every cell (a model size and an amount
 * of data) on every held-out set, and in the largest cell. A cell counts only where every arm was trained in it, so all
 * sets and pairs rest on the same cells.
 */
import { RecipeError } from "../../pipeline/errors.ts";

export interface RankRun {
  readonly place: string;
  readonly arm: string;
  readonly params: number;
  /** Of training data: a multiple of what is optimal for the size, or tokens. Runs of one cell have the same. */
  readonly amount: number;
  readonly flops: number;
  /** By held-out set. */
  readonly losses: ReadonlyMap<string, Measured>;
}

export interface Measured {
  readonly loss: number;
  /** 95 % bounds, where the table has them. */
  readonly low: number | undefined;
  readonly high: number | undefined;
}

export interface Cell {
  readonly params: number;
  readonly amount: number;
}

/** Two arms whose order in a cell is not that in the target. Differences are of losses, first arm minus second. */
export interface Disagreement extends Cell {
  readonly arms: readonly [string, string];
  readonly difference: number;
  readonly differenceAtTarget: number;
}

export interface SetTransfer {
  readonly set: string;
  /** Pairs whose order is that in the target, of all. */
  readonly agreeing: number;
  readonly pairs: number;
  /** Lower bound of the share of agreeing pairs, 95 %. */
  readonly low: number;
  /** Where false, small scales tell nothing of the large one: see `rankTransfer`. */
  readonly isDecidable: boolean;
  /** Arm → its loss in the target; the winner has the lowest. */
  readonly atTarget: ReadonlyMap<string, Measured>;
  readonly winner: string;
  /** Pairs whose bounds in the target overlap: their order there is not certain itself. */
  readonly overlapping: readonly (readonly [string, string])[];
  readonly disagreements: readonly Disagreement[];
}

export interface RankTransfer {
  readonly target: Cell;
  readonly arms: readonly string[];
  /** Smaller cells with all arms, and smaller cells that lack one. */
  readonly cells: number;
  readonly incompleteCells: number;
  /** From most agreement to least. */
  readonly sets: readonly SetTransfer[];
}

/** A cell that was named within this share of its parameters is meant. */
const NAMED_WITHIN = 0.01;
/** Two-sided 95 % of the normal distribution. */
const Z = 1.959_963_984_540_054;

/**
 * Agreement of all pairs in the cells that spent less than the target, which is the costliest cell with all arms unless
 * named. A set is decidable where the lower bound of its agreement (Wilson 1927) lies above one half, what guessing
 * reaches; cells, not pairs, count as trials there, since pairs of a cell share runs. Even so trials are not independent:
 * sizes share data, so the bound is a screen, not a test. Raises RecipeError where there is nothing to compare.
 */
export function rankTransfer(runs: readonly RankRun[], path: string, named?: Cell): RankTransfer {
  const arms = [...new Set(runs.map(({ arm }) => arm))];
  if (arms.length < 2) throw new RecipeError(`${path}: found ${arms.length} arm, expected at least two to rank`);
  const cells = cellsOf(runs);
  const complete = cells.filter((cell) => cell.runs.size === arms.length);
  const target = named === undefined ? costliest(complete) : theOneNamed(complete, named, path);
  const smaller = complete.filter((cell) => target !== undefined && cell.flops < target.flops);
  if (target === undefined || smaller.length === 0) {
    throw new RecipeError(
      `${path}: found ${complete.length} cells (model size and amount of data) with all of ${arms.join(", ")}, expected the target and at least one smaller`,
    );
  }
  const sets = [...target.runs.values().next().value!.losses.keys()];
  return {
    target: { params: target.params, amount: target.amount },
    arms,
    cells: smaller.length,
    incompleteCells: cells.filter((cell) => cell.runs.size < arms.length && cell.flops < target.flops).length,
    sets: sets.map((set) => transferOf(set, arms, smaller, target)).sort((a, b) => b.agreeing - a.agreeing),
  };
}

interface FullCell extends Cell {
  readonly flops: number;
  readonly runs: Map<string, RankRun>;
}

function cellsOf(runs: readonly RankRun[]): FullCell[] {
  const cells = new Map<string, FullCell>();
  for (const run of runs) {
    const { params, amount, flops } = run;
    const key = `${params} ${amount}`;
    const cell = cells.get(key) ?? { params, amount, flops, runs: new Map() };
    cells.set(key, cell);
    const other = cell.runs.get(run.arm);
    if (other !== undefined) {
      throw new RecipeError(
        `${run.place}: found a second run of ${run.arm} with ${params} parameters and the same data, the first is at ${other.place}; leave one, or their mean`,
      );
    }
    cell.runs.set(run.arm, run);
  }
  return [...cells.values()];
}

function costliest(cells: readonly FullCell[]): FullCell | undefined {
  return cells.reduce<FullCell | undefined>(
    (best, cell) => (best && best.flops >= cell.flops ? best : cell),
    undefined,
  );
}

function theOneNamed(cells: readonly FullCell[], { params, amount }: Cell, path: string): FullCell {
  const found = cells.find((cell) => Math.abs(cell.params / params - 1) <= NAMED_WITHIN && cell.amount === amount);
  if (found !== undefined) return found;
  const known = cells.map((cell) => `${cell.params},${cell.amount}`).join(" ");
  throw new RecipeError(`${path}: found no cell ${params},${amount} with all arms (there are ${known})`);
}

function transferOf(set: string, arms: readonly string[], cells: readonly FullCell[], target: FullCell): SetTransfer {
  const pairs = arms.flatMap((x, i) => arms.slice(i + 1).map((y) => [x, y] as const));
  const at = (cell: FullCell, arm: string) => cell.runs.get(arm)!.losses.get(set)!;
  const difference = (cell: FullCell, [x, y]: readonly [string, string]) => at(cell, x).loss - at(cell, y).loss;
  const disagreements: Disagreement[] = [];
  for (const cell of cells) {
    for (const pair of pairs) {
      const here = difference(cell, pair);
      const there = difference(target, pair);
      if (Math.sign(here) === Math.sign(there)) continue;
      const { params, amount } = cell;
      disagreements.push({ params, amount, arms: pair, difference: here, differenceAtTarget: there });
    }
  }
  const all = cells.length * pairs.length;
  const agreeing = all - disagreements.length;
  const low = wilsonLow(agreeing / all, cells.length);
  return {
    set,
    agreeing,
    pairs: all,
    low,
    isDecidable: low > 0.5,
    atTarget: new Map(arms.map((arm) => [arm, at(target, arm)])),
    winner: arms.reduce((best, arm) => (at(target, arm).loss < at(target, best).loss ? arm : best)),
    overlapping: pairs.filter(([x, y]) => overlap(at(target, x), at(target, y))),
    disagreements,
  };
}

function overlap(x: Measured, y: Measured): boolean {
  if (x.low === undefined || x.high === undefined || y.low === undefined || y.high === undefined) return false;
  return x.low <= y.high && y.low <= x.high;
}

function wilsonLow(share: number, trials: number): number {
  const z2 = Z * Z;
  const spread = Z * Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials * trials));
  return (share + z2 / (2 * trials) - spread) / (1 + z2 / trials);
}
