/** Observations as ratios: an item's bits over its bytes. */
import { FormatError } from "../../pipeline/errors.ts";
import type { Numerators } from "./macro-mean.ts";
import type { ArmObservations, Observations } from "./observations.ts";
import { type RatioDomain, ratioDomain } from "./ratio.ts";

/** Throws a FormatError where an observation does not fit its items, or a domain holds no bytes. */
export function byteDomains({ domains, arms }: Observations): RatioDomain[] {
  for (const { arm, seeds } of arms) {
    for (const { seed, nats } of seeds) {
      for (const [d, { name, items }] of domains.entries()) {
        if (nats[d]?.length === items.length) continue;
        throw new FormatError(
          `observations: arm "${arm}", seed ${seed}, domain "${name}": ${nats[d]?.length ?? 0} nats, expected one for each of ${items.length} items`,
        );
      }
    }
  }
  return domains.map(({ name, items }) => {
    const domain = ratioDomain(items.map(({ bytes, cluster }) => ({ denominator: bytes, cluster })));
    if (!(domain.total > 0)) throw new FormatError(`observations: domain "${name}" holds no bytes, expected some text`);
    return domain;
  });
}

export function bitsOf({ seeds }: ArmObservations): Numerators[] {
  return seeds.map(({ nats }) => nats.map((ofItems) => ofItems.map((value) => value / Math.LN2)));
}
