import { Command, InvalidArgumentError } from "commander";
import { type SelfWins, selfWins } from "../../../eval/guards/self-wins.ts";
import { sourceWords } from "../../../eval/guards/source-names.ts";
import {
  type Cell,
  type RankRun,
  type RankTransfer,
  rankTransfer,
  type SetTransfer,
} from "../../../eval/scaling/rank-transfer.ts";
import { columnsOf, lossSets, missing, runOf } from "../../../eval/scaling/runs.ts";
import { positiveIn, type Row, readTable } from "../../../eval/scaling/table.ts";
import { RecipeError } from "../../errors.ts";
import { count, table } from "../show.ts";
import { aboveZero, describeColumns, pairOf, short, withColumns } from "./input.ts";

type Owned = ReadonlyMap<string, readonly string[]>;

interface Flags {
  column?: ReadonlyMap<string, string>;
  own?: Owned;
  target?: Cell;
  pairs?: boolean;
  json?: boolean;
}

export function rankTransferCommand(): Command {
  return withColumns(
    new Command("rank-transfer")
      .description("Whether small scales rank arms as the largest does, by held-out set; which wins are an arm's own.")
      .argument("<file>", "a table of runs, CSV or JSON"),
  )
    .option(
      "--own <arm=sets>",
      "held-out sets of an arm's own source, comma-separated; may be repeated (default: by names)",
      addOwn,
    )
    .option("--target <params,amount>", "the cell to be predicted (default: the costliest with all arms)", cellOf)
    .option("--pairs", "list every pair whose order differs from that in the target")
    .option("--json", "as JSON, with those pairs")
    .exitOverride()
    .addHelpText(
      "after",
      `
Columns (CSV with a heading, or a JSON list of objects): arm, params, tokens, and for every held-out set X its loss loss_X,
if known with 95 % bounds lo_X and hi_X. A cell is a model size and an amount of data: multiplier, or else tokens.

Examples:
  sluice scale rank-transfer losses.csv --pairs
  sluice scale rank-transfer losses.csv --own c4_original=c4_val,paloma_c4_en --target 1.44e9,1 --json
`,
    )
    .action((path: string, flags: Flags) => {
      const tableOfRuns = readTable(path);
      const columns = columnsOf(tableOfRuns, flags.column);
      if (!columns.has("arm")) throw new RecipeError(missing(tableOfRuns, "arm"));
      const sets = lossSets(tableOfRuns);
      if (sets.length === 0) throw new RecipeError(`${path}: found no column loss_X, expected one a held-out set`);
      const runs = tableOfRuns.rows.map((row): RankRun => {
        const { params, tokens, flops, place, arm } = runOf(row, tableOfRuns, columns);
        const multiplier = columns.get("multiplier");
        // As a number: files write the same amount as "4" and as "4.0".
        const amount = multiplier === undefined ? tokens : positiveIn(row, multiplier);
        return { place, arm: arm!, params, amount, flops, losses: lossesOf(row, sets) };
      });
      const transfer = rankTransfer(runs, path, flags.target);
      const owned = ownedSets(transfer.arms, sets, flags.own ?? new Map(), path);
      const guard = guardOf(transfer, owned);
      if (flags.json === true)
        console.log(JSON.stringify({ type: "rank-transfer", file: path, ...plain(transfer, owned, guard) }));
      else
        console.log(
          [describeColumns(path, columns), ...describe(transfer, owned, guard, flags.pairs === true)].join("\n"),
        );
    });
}

function addOwn(text: string, owned: Owned = new Map()): Owned {
  const [arm, sets] = pairOf(text);
  return new Map([...owned, [arm, sets.split(",").map((set) => set.trim())]]);
}

function cellOf(text: string): Cell {
  const [params, amount, ...more] = text.split(",");
  if (amount === undefined || more.length > 0) {
    throw new InvalidArgumentError(`expected parameters and amount such as 1.44e9,1, found ${JSON.stringify(text)}`);
  }
  return { params: aboveZero(params!), amount: aboveZero(amount) };
}

function lossesOf(row: Row, sets: readonly string[]): RankRun["losses"] {
  const bound = (column: string) => (row.cells.has(column) ? positiveIn(row, column) : undefined);
  return new Map(
    sets.map((set) => {
      const loss = positiveIn(row, `loss_${set}`);
      return [set, { loss, low: bound(`lo_${set}`), high: bound(`hi_${set}`) }];
    }),
  );
}

/** Arm → sets of its own source: as given, and for other arms those whose names share a word that not all arms have. */
function ownedSets(arms: readonly string[], sets: readonly string[], given: Owned, path: string): Owned {
  for (const [arm, own] of given) {
    const unknown = own.find((set) => !sets.includes(set));
    if (!arms.includes(arm))
      throw new RecipeError(`--own ${arm}: ${path} has no such arm (there are ${arms.join(", ")})`);
    if (unknown !== undefined) {
      throw new RecipeError(`--own ${arm}=${unknown}: ${path} has no such set (there are ${sets.join(", ")})`);
    }
  }
  const words = arms.map((arm) => sourceWords(arm));
  const telling = (word: string) => !words.every((ofArm) => ofArm.includes(word));
  return new Map(
    arms.map((arm, i) => {
      const mine = words[i]!.filter(telling);
      return [arm, given.get(arm) ?? sets.filter((set) => sourceWords(set).some((word) => mine.includes(word)))];
    }),
  );
}

/** In the target, where each arm is a source of its own. */
function guardOf({ arms, sets }: RankTransfer, owned: Owned): SelfWins {
  return selfWins(
    arms.map((arm) => ({ arm, sources: [arm] })),
    sets.map(({ set, atTarget }) => ({
      set,
      sources: arms.filter((arm) => owned.get(arm)!.includes(set)),
      losses: new Map([...atTarget].map(([arm, { loss }]) => [arm, loss])),
    })),
  );
}

function plain(transfer: RankTransfer, owned: Owned, guard: SelfWins) {
  const sets = transfer.sets.map((set) => ({ ...set, atTarget: Object.fromEntries(set.atTarget) }));
  return { ...transfer, sets, own: Object.fromEntries(owned), guard };
}

function describe(transfer: RankTransfer, owned: Owned, guard: SelfWins, withPairs: boolean): string[] {
  const { target, arms, cells, incompleteCells, sets } = transfer;
  const isOwn = (set: string, arm: string) => owned.get(arm)!.includes(set);
  const left = incompleteCells === 0 ? "" : `, ${count(incompleteCells)} without all arms left out`;
  const undecidable = sets.filter(({ isDecidable }) => !isDecidable);
  return [
    `target: ${short(target.params)} parameters, amount ${target.amount}; ${count(cells)} smaller cells with all of ${count(arms.length)} arms${left}`,
    `own sets: ${arms.map((arm) => `${arm}: ${owned.get(arm)!.join(", ") || "none"}`).join("; ")}`,
    table([
      ["", "pairs that agree", "at least", ...arms, "winner in the target", ""],
      ...sets.map((one) => [
        one.set,
        `${one.agreeing} of ${one.pairs}`,
        one.low.toFixed(2),
        ...arms.map((arm) => one.atTarget.get(arm)!.loss.toFixed(4)),
        one.winner + (isOwn(one.set, one.winner) ? " (its own)" : ""),
        one.isDecidable ? "" : "not decidable",
      ]),
    ]),
    "  at least: the lower 95 % bound of the share that agrees, with cells as trials; where it is not above 0.50, small scales do no better than guessing",
    ...undecidable.map((one) => `${one.set}: not decidable: ${whyNot(one)}`),
    ...(withPairs ? sets.flatMap((one) => one.disagreements.map((pair) => describePair(one.set, pair))) : []),
    ...guard.warnings.map(({ kind, message }) => `warning (${kind}): ${message}`),
  ];
}

function whyNot({ agreeing, pairs, low, overlapping }: SetTransfer): string {
  const certain = overlapping.map(([x, y]) => `${x} and ${y}`).join(", ");
  return `${agreeing} of ${pairs} pairs agree, at least ${low.toFixed(2)} of them at 95 %, and guessing gives 0.50${
    certain === "" ? "" : `; in the target itself the bounds of ${certain} overlap`
  }`;
}

function describePair(
  set: string,
  { params, amount, arms: [x, y], difference, differenceAtTarget }: SetTransfer["disagreements"][number],
) {
  const signed = (n: number) => (n > 0 ? "+" : "") + n.toFixed(4);
  return `  ${set}, ${short(params)} parameters, amount ${amount}: ${x} − ${y} is ${signed(difference)}, in the target ${signed(differenceAtTarget)}`;
}
