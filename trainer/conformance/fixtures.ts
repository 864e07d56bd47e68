/**
 * Finds the arrays of conformance cases. `cases.json` lists the cases, each with patterns of paths (`*`, `{a,b}`) in the
 * folder `npy` beside it; a folder stands for the arrays in it.
 */
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { FormatError, oneLine, RecipeError } from "../../pipeline/errors.ts";
import { type NpyArray, readNpy } from "./npy.ts";

const Fixture = z.strictObject({
  test: z.string(),
  inputs: z.array(z.string()),
  expected: z.string(),
  atol: z.number().min(0).optional(),
  rtol: z.number().min(0).optional(),
  note: z.string().optional(),
});
export type Fixture = z.output<typeof Fixture>;

export function readFixtures(path: string): Fixture[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new RecipeError(`${path}: cannot be read (${oneLine(error)}); expected a cases.json`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new FormatError(`${path}: ${oneLine(error)}`);
  }
  const read = z.array(Fixture).safeParse(json);
  if (read.success) return read.data;
  const { path: place, message } = read.error.issues[0]!;
  throw new FormatError(`${path}: ${place.join(".")}: ${message}`);
}

/** Arrays that patterns of a `cases.json` stand for, by name. */
export function arraysOf(casesPath: string, patterns: readonly string[]): Map<string, NpyArray> {
  const root = join(dirname(casesPath), "npy");
  const arrays = new Map<string, NpyArray>();
  for (const pattern of patterns) {
    const paths = globSync([`${pattern}.npy`, `${pattern}/*.npy`], { cwd: root });
    if (paths.length === 0) throw new FormatError(`${casesPath}: no array ${pattern}.npy in ${root}`);
    for (const path of paths.sort()) arrays.set(nameOf(path), readNpy(join(root, path)));
  }
  return arrays;
}

/** The last folder and the file; the folder alone where the file is called after nothing: in_features/tensor.npy. */
function nameOf(path: string): string {
  const [folder, file] = path
    .replace(/\.npy$/, "")
    .split(/[\\/]/)
    .slice(-2);
  return file === "tensor" || file === "array" || file === undefined ? folder! : `${folder}/${file}`;
}
