import { z } from "zod";

/** How the learning rate goes over a run: up during warm-up, then as `use` says. Steps count from 1. */
export const Schedule = z.strictObject({
  use: z.enum(["cosine", "linear", "wsd", "constant"]).default("cosine"),
  /** The highest rate. */
  peak: z.number().positive().default(1e-3),
  /** Where it ends, as a share of the peak. Constant stays at the peak. */
  floor: z.number().min(0).max(1).default(0.1),
  /** Steps from zero to the peak; below 1, a share of all steps. */
  warmup: z.number().min(0).default(0.02),
  /** wsd (warm-up, stable, decay; Hu et al. 2024): the share of steps at the end in which the rate falls. */
  decay: z.number().min(0).max(1).default(0.2),
});
export type Schedule = z.output<typeof Schedule>;

/** Learning rate of step `step` of `steps`. */
export function rateAt(step: number, steps: number, { use, peak, floor, warmup, decay }: Schedule): number {
  const rising = warmup < 1 ? Math.round(warmup * steps) : warmup;
  if (step < rising) return (peak * step) / rising;
  switch (use) {
    case "constant":
      return peak;
    case "cosine":
      return cosineRate(step, { peak, least: floor * peak, warmup: rising, end: steps });
    case "linear":
      return peak * (1 - (1 - floor) * share(step, rising, steps));
    case "wsd":
      return peak * (1 - (1 - floor) * share(step, Math.max(rising, Math.round((1 - decay) * steps)), steps));
  }
}

/** How far a step is from one to another: 0 to 1. */
function share(step: number, from: number, to: number): number {
  return to <= from ? 1 : Math.min(1, Math.max(0, (step - from) / (to - from)));
}

/** Half a cosine from the peak to the least rate, which holds behind the end; as the CS336 hand-out counts steps. */
export function cosineRate(
  step: number,
  { peak, least, warmup, end }: { peak: number; least: number; warmup: number; end: number },
): number {
  if (step < warmup) return (peak * step) / warmup;
  return least + 0.5 * (1 + Math.cos(Math.PI * share(step, warmup, end))) * (peak - least);
}
