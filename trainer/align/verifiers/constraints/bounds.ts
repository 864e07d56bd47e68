import { z } from "zod";

/** How many there may be of something. IFEval's "less than n" is `atMost: n - 1`. */
export const Bounds = {
  atLeast: z.int().min(0).optional().describe("the fewest that will do"),
  atMost: z.int().min(0).optional().describe("the most that will do"),
};

interface Bounded {
  readonly atLeast?: number | undefined;
  readonly atMost?: number | undefined;
}

export function isWithin(count: number, { atLeast = 0, atMost = Number.POSITIVE_INFINITY }: Bounded): boolean {
  return count >= atLeast && count <= atMost;
}

/** Refuses a schema's value that has neither bound, or bounds that nothing lies between. */
export function needsBound<S extends z.ZodType<Bounded>>(schema: S): S {
  return schema.refine(
    ({ atLeast, atMost }) => (atLeast ?? atMost) !== undefined && isWithin(atLeast ?? 0, { atMost }),
    "atLeast, atMost or both, in order",
  );
}
