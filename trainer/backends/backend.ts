import type { Values } from "../ir/op.ts";
import type { Program } from "../ir/tensor.ts";

/** Computes programs. */
export interface Backend {
  readonly name: string;
  /**
   * Makes a program ready to run. `storage` may bring arrays of its own for inputs, by name: programs that are to share
   * parameters are given the same ones. Raises RecipeError where the program asks for what the backend lacks.
   */
  compile(program: Program, storage?: Readonly<Record<string, Values>>): Promise<Executable>;
}

export interface Executable {
  /** Write here before a run: floats as the backend computes them, ids as Int32Array. */
  readonly inputs: Readonly<Record<string, Values>>;
  /** Read here after a run; the next one overwrites it. */
  readonly outputs: Readonly<Record<string, Values>>;
  run(): Promise<void>;
  /** Gives memory back. The arrays stay readable. */
  close(): Promise<void>;
}
