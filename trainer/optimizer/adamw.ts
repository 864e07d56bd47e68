import { z } from "zod";
import type { Parameter, ParameterValues } from "../model/parameters.ts";

export const AdamWOptions = z.strictObject({
  beta1: z.number().min(0).lt(1).default(0.9),
  beta2: z.number().min(0).lt(1).default(0.95),
  epsilon: z.number().positive().default(1e-8),
  /** Each step a parameter that decays loses this share of itself, times the learning rate. */
  weightDecay: z.number().min(0).default(0.1),
});
export type AdamWOptions = z.output<typeof AdamWOptions>;

/**
 * AdamW (Loshchilov and Hutter 2019): moving means of gradients and of their squares, corrected for beginning at zero;
 * weight decay apart from them, and only where it belongs. Parameters change in place.
 */
export class AdamW {
  readonly options: AdamWOptions;
  readonly #parameters: readonly Parameter[];
  /** Moving means of the gradients, and of their squares, by parameter. */
  readonly first: ParameterValues;
  readonly second: ParameterValues;

  constructor(parameters: readonly Parameter[], values: ParameterValues, options: AdamWOptions) {
    this.options = options;
    this.#parameters = parameters;
    const zeros = () =>
      Object.fromEntries(parameters.map(({ name }) => [name, new Float32Array(values[name]!.length)]));
    this.first = zeros();
    this.second = zeros();
  }

  /** Step `step` (from 1 on). `scale` multiplies the gradients: what clipping leaves of them. */
  step(
    values: ParameterValues,
    gradients: ParameterValues,
    { step, rate, scale }: { step: number; rate: number; scale: number },
  ): void {
    const { beta1, beta2, epsilon, weightDecay } = this.options;
    const correct1 = rate / (1 - beta1 ** step);
    const correct2 = 1 / (1 - beta2 ** step);
    for (const { name, decays } of this.#parameters) {
      const kept = decays ? 1 - rate * weightDecay : 1;
      const [x, d, m, v] = [values[name]!, gradients[name]!, this.first[name]!, this.second[name]!];
      for (let i = 0; i < x.length; i++) {
        const g = d[i]! * scale;
        const first = beta1 * m[i]! + (1 - beta1) * g;
        const second = beta2 * v[i]! + (1 - beta2) * g * g;
        m[i] = first;
        v[i] = second;
        x[i] = x[i]! * kept - (correct1 * first) / (Math.sqrt(second * correct2) + epsilon);
      }
    }
  }
}

/** The length of all gradients together, as one vector. Summed in double precision, in the order given. */
export function globalNorm(gradients: readonly Float32Array[]): number {
  let squares = 0;
  for (const gradient of gradients) for (let i = 0; i < gradient.length; i++) squares += gradient[i]! * gradient[i]!;
  return Math.sqrt(squares);
}
