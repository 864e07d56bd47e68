import { seededRandom } from "../../pipeline/random.ts";
import { type Shape, sizeOf } from "../ir/tensor.ts";
import { type ModelConfig, sizesOf } from "./config.ts";

/** A tensor that training changes. Linear maps are [out, in], as in PyTorch's files. */
export interface Parameter {
  readonly name: string;
  readonly shape: Shape;
  /** What it begins as: ones, zeros, or normal numbers with this standard deviation. */
  readonly begin: "ones" | "zeros" | { readonly std: number };
  /** Whether weight decay pulls at it: at matrices, not at gains. */
  readonly decays: boolean;
}

/** Every parameter of a model, in a fixed order. */
export function parametersOf(config: ModelConfig): Parameter[] {
  const { vocabSize, contextLength, layers, width, heads, norm, normPlacement, positions, tied, qkNorm } = config;
  const { headWidth, kvHeads, hiddenWidth } = sizesOf(config);
  const parameters: Parameter[] = [];
  const matrix = (name: string, rows: number, columns: number, std = 0.02): void => {
    parameters.push({ name, shape: [rows, columns], begin: { std }, decays: true });
  };
  const gain = (name: string, size = width): void => {
    parameters.push({ name: `${name}.gain`, shape: [size], begin: "ones", decays: false });
    if (norm === "layer") parameters.push({ name: `${name}.shift`, shape: [size], begin: "zeros", decays: false });
  };
  // What leads back into the stream begins smaller, the more of it is added up (GPT-2, Radford et al. 2019).
  const intoStream = 0.02 / Math.sqrt(2 * layers);

  matrix("embedding", vocabSize, width);
  if (positions === "learned") matrix("positions", contextLength, width);
  for (let layer = 0; layer < layers; layer++) {
    const block = `blocks.${layer}`;
    if (normPlacement !== "none") gain(`${block}.attention.norm`);
    matrix(`${block}.attention.query`, heads * headWidth, width);
    matrix(`${block}.attention.key`, kvHeads * headWidth, width);
    matrix(`${block}.attention.value`, kvHeads * headWidth, width);
    if (qkNorm) for (const part of ["query", "key"]) gain(`${block}.attention.${part}.norm`, headWidth);
    matrix(`${block}.attention.output`, width, heads * headWidth, intoStream);
    if (normPlacement !== "none") gain(`${block}.feedforward.norm`);
    matrix(`${block}.feedforward.in`, hiddenWidth, width);
    if (config.activation === "swiglu") matrix(`${block}.feedforward.gate`, hiddenWidth, width);
    matrix(`${block}.feedforward.out`, width, hiddenWidth, intoStream);
  }
  if (normPlacement === "pre") gain("norm");
  if (!tied) matrix("unembedding", vocabSize, width);
  return parameters;
}

/** Numbers by parameter: values, gradients or moments, row-major. */
export type ParameterValues = Readonly<Record<string, Float32Array>>;

/** Values to begin with. Each parameter's hang on the seed and its name alone. */
export function beginningOf(parameters: readonly Parameter[], seed: number): Record<string, Float32Array> {
  return Object.fromEntries(
    parameters.map(({ name, shape, begin }) => {
      const values = new Float32Array(sizeOf(shape));
      if (begin === "ones") values.fill(1);
      else if (begin !== "zeros") fillNormal(values, begin.std, seededRandom(seedOf(seed, name)));
      return [name, values];
    }),
  );
}

/** By Box and Muller, in pairs. */
function fillNormal(values: Float32Array, std: number, random: () => number): void {
  for (let i = 0; i < values.length; i += 2) {
    const radius = std * Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    values[i] = radius * Math.cos(angle);
    if (i + 1 < values.length) values[i + 1] = radius * Math.sin(angle);
  }
}

/** A seed of 32 bits from a seed and a name (FNV-1a). */
export function seedOf(seed: number, name: string): number {
  let hash = 0x811c_9dc5;
  for (const byte of Buffer.from(`${seed}\0${name}`)) hash = Math.imul(hash ^ byte, 0x0100_0193);
  return hash >>> 0;
}
