import { RecipeError } from "../../pipeline/errors.ts";
import { type Shape, sameShape, showShape } from "../ir/tensor.ts";
import { type FloatTensors, loadParameters } from "./checkpoint.ts";

/** The mean of the parameters of several checkpoints of one run, summed in double precision. */
export async function averageCheckpoints(folders: readonly string[]): Promise<FloatTensors> {
  const [first, ...others] = folders;
  if (first === undefined) throw new RecipeError("average: found no checkpoints, expected at least one");
  const { configHash, parameters: ofFirst } = await loadParameters(first);
  const sums = new Map(
    [...ofFirst].map(([name, { shape, values }]) => [name, { shape, sum: Float64Array.from(values) }]),
  );
  for (const folder of others) {
    const { configHash: found, parameters } = await loadParameters(folder);
    if (found !== configHash) {
      throw new RecipeError(
        `average: ${folder} has the config ${found.slice(0, 12)}…, ${first} has ${configHash.slice(0, 12)}…; expected checkpoints of one run`,
      );
    }
    for (const name of new Set([...sums.keys(), ...parameters.keys()])) {
      const into = sums.get(name);
      const from = parameters.get(name);
      if (into === undefined || from === undefined || !sameShape(into.shape, from.shape)) {
        const shown = (tensor?: { shape: Shape }): string => (tensor === undefined ? "none" : showShape(tensor.shape));
        throw new RecipeError(
          `average: parameter ${name}: ${folder} has ${shown(from)}, ${first} has ${shown(into)}; expected checkpoints of one model`,
        );
      }
      for (const [i, value] of from.values.entries()) into.sum[i]! += value;
    }
  }
  return new Map(
    [...sums].map(([name, { shape, sum }]) => [
      name,
      { shape, values: Float32Array.from(sum, (total) => total / folders.length) },
    ]),
  );
}
