/** What the columns of a table of runs mean: told by their names, or by the user. */
import { FormatError, RecipeError } from "../../pipeline/errors.ts";
import { FLOPS_PER_PARAMETER_AND_TOKEN } from "./law.ts";
import { positiveIn, type Row, type Table } from "./table.ts";

/** Role → names by which it is known, capitals and punctuation aside. Those after the first three are of public files. */
export const ROLES = {
  params: ["params", "n", "parameters", "modelsize"],
  params_no_embed: ["paramsnoembed", "nonembeddingparams"],
  tokens: ["tokens", "d", "trainingtokens"],
  flops: ["flops", "c", "compute", "computebudget", "trainingflop", "trainingflops", "trainflops"],
  loss: ["loss", "l", "valloss", "finalloss"],
  arm: ["arm", "variant", "corpus", "traindata"],
  epochs: ["epochs"],
  unique_tokens: ["uniquetokens", "u"],
  multiplier: ["multiplier", "chinchillamultiplier"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Role = keyof typeof ROLES;

/** Role → the column that has it. */
export type Columns = ReadonlyMap<Role, string>;

export interface Run {
  readonly place: string;
  readonly arm: string | undefined;
  readonly params: number;
  readonly paramsNoEmbed: number | undefined;
  readonly tokens: number;
  /** Tokens without repetition, where the table tells. */
  readonly uniqueTokens: number | undefined;
  readonly flops: number;
}

/** Roles that the user gave come first; each must name a column that is there. */
export function columnsOf(table: Table, given: ReadonlyMap<string, string> = new Map()): Columns {
  for (const [role, column] of given) {
    if (!Object.hasOwn(ROLES, role)) {
      throw new RecipeError(`--column ${role}=${column}: unknown role (there are ${Object.keys(ROLES).join(", ")})`);
    }
    if (!table.columns.includes(column)) throw new RecipeError(missing(table, `--column ${role}=${column}`));
  }
  const found = new Map<Role, string>();
  for (const role of Object.keys(ROLES) as Role[]) {
    const column = given.get(role) ?? columnNamed(table, ROLES[role]);
    if (column !== undefined) found.set(role, column);
  }
  return found;
}

/** All of a run but what was measured. Tokens are those of the table, or what its FLOPs buy: D = C / 6N. */
export function runOf(row: Row, table: Table, columns: Columns): Run {
  const at = (role: Role) => (columns.has(role) ? positiveIn(row, columns.get(role)!) : undefined);
  const params = at("params");
  if (params === undefined) throw new RecipeError(missing(table, "params"));
  const flops = at("flops");
  const tokens = at("tokens") ?? (flops === undefined ? undefined : flops / (FLOPS_PER_PARAMETER_AND_TOKEN * params));
  if (tokens === undefined) throw new RecipeError(missing(table, "tokens or flops"));
  const epochs = at("epochs");
  const spent = flops ?? FLOPS_PER_PARAMETER_AND_TOKEN * params * tokens;
  if (!Number.isFinite(spent) || tokens === 0) {
    throw new FormatError(
      `${row.place}: ${params} parameters and ${tokens} tokens are beyond what can be computed with`,
    );
  }
  return {
    place: row.place,
    arm: columns.has("arm") ? row.cells.get(columns.get("arm")!) : undefined,
    params,
    paramsNoEmbed: at("params_no_embed"),
    tokens,
    uniqueTokens: at("unique_tokens") ?? (epochs === undefined ? undefined : tokens / Math.max(1, epochs)),
    flops: spent,
  };
}

/** Columns of the loss on one held-out set each: "loss_c4" → "c4". */
export function lossSets(table: Table): string[] {
  return table.columns.filter((name) => name.startsWith("loss_")).map((name) => name.slice("loss_".length));
}

export function missing({ path, columns }: Table, what: string): string {
  const role = what.split(" ")[0];
  return `${path}: found no column for ${what} (there are ${columns.join(", ")}); name it: --column ${role}="…"`;
}

function columnNamed({ columns }: Table, names: readonly string[]): string | undefined {
  const plain = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, "");
  for (const name of names) {
    const column = columns.find((one) => plain(one) === name);
    if (column !== undefined) return column;
  }
  return undefined;
}
