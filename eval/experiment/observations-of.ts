/** What was measured, in the form that statistics take; items that some arm was trained on are left out for all. */
import type { ArmObservations, Domain, Observations } from "../statistics/observations.ts";
import type { Measured } from "./measure-models.ts";
import type { Outcome } from "./run-experiment.ts";

/** By domain, ids of items. */
export type Contaminated = ReadonlyMap<string, ReadonlySet<string>>;

/** The items that any arm's training text holds a run of. */
export function contaminatedItems({ arms }: Pick<Outcome, "arms">): Contaminated {
  const found = new Map<string, Set<string>>();
  for (const { overlaps } of arms) {
    for (const { domain, contaminatedIds } of overlaps) {
      const ids = found.get(domain) ?? new Set();
      for (const id of contaminatedIds) ids.add(id);
      found.set(domain, ids);
    }
  }
  return found;
}

/** One column of measurements: items, and what each model came to on them. */
export interface Column {
  readonly domain: Domain;
  readonly natsOf: (model: Measured) => ArrayLike<number>;
}

export function heldOutColumns({ text }: Outcome): Column[] {
  return text.heldOut.map(({ name, documents }, n) => ({
    domain: { name, items: documents },
    natsOf: (model) => model.heldOut[n]!,
  }));
}

export function shiftColumns({ text: { shift } }: Outcome): Column[] {
  if (shift === undefined) return [];
  return [{ domain: { name: shift.name, items: shift.documents }, natsOf: (model) => model.shift! }];
}

/** Gold answers. */
export function taskColumns({ text, models }: Outcome): Column[] {
  return text.tasks.map(({ name }, n) => ({
    domain: { name, items: models[0]!.tasks[n]!.items },
    natsOf: (model) => model.tasks[n]!.items.map(({ nats }) => nats),
  }));
}

/** Columns as observations of the models, without `except`; a domain that has no item left is left out. */
export function observe(
  columns: readonly Column[],
  models: readonly Measured[],
  except: Contaminated = new Map(),
): Observations {
  const chosen = columns
    .map((column) => {
      const { name, items } = column.domain;
      const out = except.get(name);
      const numbers = [...items.keys()].filter((n) => items[n]!.bytes > 0 && !out?.has(items[n]!.id));
      return { ...column, numbers };
    })
    .filter(({ numbers }) => numbers.length > 0);
  const arms = Map.groupBy(models, ({ arm }) => arm);
  return {
    domains: chosen.map(({ domain, numbers }) => ({ name: domain.name, items: numbers.map((n) => domain.items[n]!) })),
    arms: [...arms].map(
      ([arm, runs]): ArmObservations => ({
        arm,
        seeds: runs.map((model) => ({
          seed: model.seed,
          nats: chosen.map(({ natsOf, numbers }) => {
            const nats = natsOf(model);
            return Float64Array.from(numbers, (n) => nats[n]!);
          }),
        })),
      }),
    ),
  };
}
