/**
 * What statistics work on: every arm of an experiment, trained with the same seeds, was measured on the same items.
 *
 *     domain ─▶ items (a held-out document, or a task's question), each with its bytes
 *     arm ─▶ seed ─▶ domain ─▶ nats of each item
 *
 * An item's bits per byte is nats / (ln 2 · bytes); a domain's is that of its sums; the metric is the mean over domains.
 */
export interface Item {
  /** Unlike any other in its domain. */
  readonly id: string;
  /** UTF-8 bytes of the text that was predicted. */
  readonly bytes: number;
  /** Items of one cluster are not independent: documents of one book, pages of one site. */
  readonly cluster: string;
}

export interface Domain {
  readonly name: string;
  readonly items: readonly Item[];
}

/** One model: an arm that was trained with one seed. */
export interface SeedObservation {
  readonly seed: number;
  /** By domain, the nats of each of its items, in the order of `Domain.items`. */
  readonly nats: readonly Float64Array[];
}

export interface ArmObservations {
  readonly arm: string;
  readonly seeds: readonly SeedObservation[];
}

export interface Observations {
  readonly domains: readonly Domain[];
  readonly arms: readonly ArmObservations[];
}
