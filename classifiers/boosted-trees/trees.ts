/**
 * A sum of decision trees: what `train.ts` learns, how it is stored, and how it is asked. In each tree a row walks from
 * the root to a leaf; the leaves' values and the bias add up to the log-odds that the row's label is 1.
 *
 *     split  column  threshold  left  right     a value of at most the threshold goes left; a missing one (NaN) right
 *     0      17      0.25       1     ~1        the root. ~n is leaf n
 *     1      3       −1.5       ~0    ~2        a child's number is above its parent's: every walk ends
 */
import { FormatError } from "../../pipeline/errors.ts";

const FORMAT = "boosted-trees";
const VERSION = 1;

/** Split by split, and leaf by leaf. A tree of one leaf has no splits. */
export interface Tree {
  readonly columns: readonly number[];
  readonly thresholds: readonly number[];
  readonly left: readonly number[];
  readonly right: readonly number[];
  readonly values: readonly number[];
}

/** A model as JSON. The threshold ∞, which all but missing values are below, is `null` there. */
export interface StoredTrees {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  readonly columnNames: readonly string[];
  readonly bias: number;
  readonly trees: readonly (Omit<Tree, "thresholds"> & { readonly thresholds: readonly (number | null)[] })[];
}

export class BoostedTrees {
  /** Names of a row's columns, in their order. */
  readonly columnNames: readonly string[];
  /** The log-odds before any tree is asked. */
  readonly bias: number;
  readonly trees: readonly Tree[];

  // All trees' splits and leaves, one tree after the other, for `predict`.
  readonly #roots: Int32Array;
  readonly #columns: Int32Array;
  readonly #thresholds: Float32Array;
  /** Two of each split: left, right. */
  readonly #children: Int32Array;
  readonly #values: Float32Array;

  // For one call of `predict`: whether a column is the same in all rows, where a walk that comes to a split goes on to
  // without asking such columns, and children by that.
  readonly #isConstant: Uint8Array;
  readonly #targets: Int32Array;
  readonly #shortcuts: Int32Array;

  /** Of trees that are whole, as the trainer's are; those of a file come by `fromJSON`. */
  constructor(columnNames: readonly string[], bias: number, trees: readonly Tree[]) {
    this.columnNames = columnNames;
    this.bias = bias;
    this.trees = trees;
    this.#columns = Int32Array.from(trees.flatMap(({ columns }) => columns));
    this.#thresholds = Float32Array.from(trees.flatMap(({ thresholds }) => thresholds));
    this.#values = Float32Array.from(trees.flatMap(({ values }) => values));
    this.#roots = new Int32Array(trees.length);
    this.#children = new Int32Array(2 * this.#columns.length);
    this.#isConstant = new Uint8Array(columnNames.length);
    this.#targets = new Int32Array(this.#columns.length);
    this.#shortcuts = new Int32Array(2 * this.#columns.length);
    let splits = 0;
    let leaves = 0;
    for (const [i, tree] of trees.entries()) {
      const place = (child: number): number => (child >= 0 ? splits + child : child - leaves);
      this.#roots[i] = place(tree.columns.length > 0 ? 0 : ~0);
      for (let split = 0; split < tree.columns.length; split++) {
        this.#children[2 * (splits + split)] = place(tree.left[split]!);
        this.#children[2 * (splits + split) + 1] = place(tree.right[split]!);
      }
      splits += tree.columns.length;
      leaves += tree.values.length;
    }
  }

  /**
   * Writes the log-odds of the first `count` rows, which lie one after the other in `rows`, into `logits`. A chance is
   * 1 / (1 + e^−logit): a logit above 0 is more than a half.
   */
  predict(rows: Float32Array, count: number, logits: Float64Array): void {
    if (count === 0) return;
    this.#takeShortcuts(rows, count);
    const roots = this.#roots;
    const columns = this.#columns;
    const thresholds = this.#thresholds;
    const targets = this.#targets;
    const children = this.#shortcuts;
    const values = this.#values;
    const rowLength = this.columnNames.length;
    logits.fill(this.bias, 0, count);
    // Tree by tree: a tree stays in the processor's nearest cache while all rows walk it.
    for (let tree = 0; tree < roots.length; tree++) {
      const first = roots[tree]!;
      const root = first >= 0 ? targets[first]! : first;
      for (let row = 0, from = 0; row < count; row++, from += rowLength) {
        let at = root;
        while (at >= 0) at = children[2 * at + (rows[from + columns[at]!]! <= thresholds[at]! ? 0 : 1)]!;
        logits[row]! += values[~at]!;
      }
    }
  }

  /** Splits that all rows leave on the same side are passed over: rows of one page have many columns in common. */
  #takeShortcuts(rows: Float32Array, count: number): void {
    const rowLength = this.columnNames.length;
    for (let column = 0; column < rowLength; column++) {
      let at = column + rowLength;
      const end = count * rowLength;
      while (at < end && rows[at] === rows[column]) at += rowLength;
      this.#isConstant[column] = at >= end ? 1 : 0;
    }
    const targets = this.#targets;
    // Children come after their parents.
    for (let split = targets.length - 1; split >= 0; split--) {
      const left = this.#children[2 * split]!;
      const right = this.#children[2 * split + 1]!;
      const toLeft = left >= 0 ? targets[left]! : left;
      const toRight = right >= 0 ? targets[right]! : right;
      this.#shortcuts[2 * split] = toLeft;
      this.#shortcuts[2 * split + 1] = toRight;
      const column = this.#columns[split]!;
      if (this.#isConstant[column] === 0) targets[split] = split;
      else targets[split] = rows[column]! <= this.#thresholds[split]! ? toLeft : toRight;
    }
  }

  toJSON(): StoredTrees {
    const trees = this.trees.map(({ columns, thresholds, left, right, values }) => ({
      columns,
      thresholds: thresholds.map((threshold) => (threshold === Number.POSITIVE_INFINITY ? null : shortest(threshold))),
      left,
      right,
      values: values.map(shortest),
    }));
    return { format: FORMAT, version: VERSION, columnNames: this.columnNames, bias: this.bias, trees };
  }

  /** Reads what `toJSON` gave, and refuses what it cannot have given; `where` names it in messages. */
  static fromJSON(stored: unknown, where: string): BoostedTrees {
    const { format, version, columnNames, bias, trees } = (stored ?? {}) as Partial<Record<keyof StoredTrees, unknown>>;
    if (format !== FORMAT) throw new FormatError(`${where}: format ${shown(format)}, expected ${shown(FORMAT)}`);
    if (version !== VERSION) throw new FormatError(`${where}: version ${shown(version)}, this reads ${VERSION}`);
    if (!Array.isArray(columnNames) || !columnNames.every((name) => typeof name === "string")) {
      throw new FormatError(`${where}: columnNames are ${shown(columnNames)}, expected names`);
    }
    if (!Number.isFinite(bias)) throw new FormatError(`${where}: bias ${shown(bias)}, expected a number`);
    if (!Array.isArray(trees)) throw new FormatError(`${where}: trees are ${shown(trees)}, expected a list`);
    return new BoostedTrees(
      columnNames,
      bias as number,
      trees.map((tree, i) => checkedTree(tree, columnNames.length, `${where}: tree ${i}`)),
    );
  }
}

function checkedTree(stored: unknown, columnCount: number, where: string): Tree {
  const numbers = (name: keyof Tree): number[] => {
    const list: unknown = (stored as Partial<Tree> | null)?.[name];
    if (!Array.isArray(list)) throw new FormatError(`${where}: ${name} are ${shown(list)}, expected a list`);
    const result = list.map((item) => (item === null && name === "thresholds" ? Number.POSITIVE_INFINITY : item));
    const odd = result.findIndex((item) => typeof item !== "number" || Number.isNaN(item));
    if (odd >= 0) throw new FormatError(`${where}: ${name}[${odd}] is ${shown(list[odd])}, expected a number`);
    return result as number[];
  };
  const columns = numbers("columns");
  const thresholds = numbers("thresholds");
  const left = numbers("left");
  const right = numbers("right");
  const values = numbers("values");

  const splits = columns.length;
  if (thresholds.length !== splits || left.length !== splits || right.length !== splits) {
    throw new FormatError(`${where}: lists of splits differ in length`);
  }
  if (values.length !== splits + 1) {
    throw new FormatError(`${where}: ${values.length} leaves, expected ${splits + 1} for ${splits} splits`);
  }
  const column = columns.find((one) => !Number.isInteger(one) || one < 0 || one >= columnCount);
  if (column !== undefined) throw new FormatError(`${where}: column ${column}, expected one of ${columnCount}`);

  // Each split but the root, and each leaf, is the child of one split before it.
  const seen = new Set<number>();
  for (let split = 0; split < splits; split++) {
    for (const child of [left[split]!, right[split]!]) {
      const isInside = child >= 0 ? child < splits : ~child < values.length;
      if (!Number.isInteger(child) || !isInside || (child >= 0 && child <= split) || seen.has(child)) {
        throw new FormatError(
          `${where}: split ${split} leads to ${child}, expected a later split or a leaf of its own`,
        );
      }
      seen.add(child);
    }
  }
  return { columns, thresholds, left, right, values };
}

/** The shortest decimal that is the same Float32. */
function shortest(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
