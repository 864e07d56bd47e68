/** A conformance case: arrays in, results out, computed by our own ops and layers on a backend. */
import { FormatError } from "../../pipeline/errors.ts";
import type { Backend, Executable } from "../backends/backend.ts";
import { input, type Shape, type Tensor } from "../ir/tensor.ts";
import type { NpyArray } from "./npy.ts";

export interface Result {
  readonly shape: Shape;
  readonly values: ArrayLike<number>;
}

/** By the names of the arrays that they are compared with. */
export type Results = Readonly<Record<string, Result>>;

export type Case = (given: Given, backend: Backend) => Results | Promise<Results>;

/** Arrays that a case is given, by name, and the inputs of a program that they are for. */
export class Given {
  readonly #arrays: ReadonlyMap<string, NpyArray>;
  readonly #tensors = new Map<string, Tensor>();
  /** Inputs → names of arrays. */
  readonly #feeds = new Map<string, string>();

  constructor(arrays: ReadonlyMap<string, NpyArray>) {
    this.#arrays = arrays;
  }

  array(name: string): NpyArray {
    const array = this.#arrays.get(name);
    if (array === undefined) throw new FormatError(`no array ${name} among ${[...this.#arrays.keys()].join(", ")}`);
    return array;
  }

  /** An input that `fill` writes an array to; integers are ids. */
  tensor(name: string): Tensor {
    const { type, shape } = this.array(name);
    const isInt = type === "<i4" || type === "<i8";
    const tensor = this.#tensors.get(name) ?? input(name, shape, isInt ? "int" : "float");
    this.#tensors.set(name, tensor);
    this.feed(name, name);
    return tensor;
  }

  /** Has `fill` write an array to an input that is there already. */
  feed(inputName: string, name: string): void {
    this.#feeds.set(inputName, name);
  }

  fill({ inputs }: Executable): void {
    for (const [inputName, name] of this.#feeds) {
      const { values, shape } = this.array(name);
      const to = inputs[inputName];
      if (to?.length !== values.length) {
        throw new FormatError(`${name}: (${shape.join(", ")}) does not fill ${inputName}, which takes ${to?.length}`);
      }
      to.set(values);
    }
  }
}

/** A case that is one run of one program. */
export function program(build: (given: Given) => Readonly<Record<string, Tensor>>): Case {
  return async (given, backend) => {
    const outputs = build(given);
    const executable = await backend.compile({ outputs });
    try {
      given.fill(executable);
      await executable.run();
    } finally {
      await executable.close();
    }
    const results = Object.entries(outputs).map(([name, { shape }]) => {
      return [name, { shape, values: executable.outputs[name]! }] as const;
    });
    return Object.fromEntries(results);
  };
}
