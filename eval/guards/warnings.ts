/** What to know before a comparison is believed. Each rule looks at what was measured and tells what it found, the limit, and what to do. */
import type { Warning } from "../report/report-data.ts";
import type { PairComparison } from "../statistics/comparison.ts";
import { CONTAMINATION_WORDS, type Overlap } from "./overlap.ts";
import { selfWins } from "./self-wins.ts";

/** Up to here repeated text is worth nearly as much as new text (Muennighoff et al. 2023, arXiv 2305.16264). */
export const MOST_EPOCHS = 4;
/** One arm may go through its data so much more often than another, where that one repeats at all. */
const EPOCHS_FACTOR = 1.5;
/** What the budget is stated in is equal up to whole steps; the other two follow from the text. */
const BUDGET_TOLERANCE = 0.01;
const OTHER_TOLERANCE = 0.05;
const FEWEST_DOMAINS = 3;
/** Of a normal law, one run in 10⁹ lies beyond so many median absolute deviations; of fewer runs a median says little. */
const OUTLIER_DEVIATIONS = 9;
const FEWEST_FOR_OUTLIERS = 5;
/** Of a domain's runs of 13 words, what an arm may have seen if the domain is to be foreign to it. */
const FOREIGN_SHARE = 0.01;
/** A domain leans to an arm where that one resembles it so much more, against the other arm and the median domain. */
const LEAN = 1.1;
/** Of runs of 5 words, what any two texts of a language have in common: smaller shares say nothing. */
const CHANCE_RESEMBLANCE = 0.001;

const UNITS = { tokens: "tokens", bytes: "bytes of text", flops: "FLOPs" } as const;

export interface ArmEvidence {
  readonly name: string;
  readonly seeds: number;
  readonly tokenizerDigest: string;
  /** What a model of the arm was trained for. */
  readonly tokens: number;
  readonly bytes: number;
  readonly flops: number;
  /** The largest over seeds. */
  readonly epochs: number;
}

export interface Evidence {
  readonly budget: keyof typeof UNITS;
  readonly arms: readonly ArmEvidence[];
  /** Those that count in the metric. */
  readonly domains: readonly string[];
  /** Of every arm with every domain, and with tasks. */
  readonly overlaps: readonly Overlap[];
  readonly pairs: readonly PairComparison[];
  /** Scores of runs of one recipe that differ in the seed alone. */
  readonly noise: readonly { readonly seed: number; readonly score: number }[];
}

/** All rules, in a fixed order. */
export function guardWarnings({ budget, arms, domains, overlaps, pairs, noise }: Evidence): Warning[] {
  return [
    ...seedWarnings(arms),
    ...stabilityWarnings(noise),
    ...tokenizerWarnings(arms),
    ...budgetWarnings(arms, budget),
    ...epochWarnings(arms),
    ...suiteWarnings(domains, overlaps),
    ...contaminationWarnings(overlaps),
    ...resemblanceWarnings(pairs, overlaps),
  ];
}

function seedWarnings(arms: readonly ArmEvidence[]): Warning[] {
  const single = arms.filter(({ seeds }) => seeds < 2).map(({ name }) => name);
  if (single.length === 0) return [];
  const message = `${listed(single)}: a single seed, from 2 there is a verdict: name more seeds`;
  return [{ kind: "single-seed", message }];
}

/**
 * A training that went wrong: a spike of the loss from which it did not recover, say. One such run makes a noise floor so high
 * that nothing is found; it is told, and not left out, since arms may have such seeds, too.
 */
function stabilityWarnings(runs: Evidence["noise"]): Warning[] {
  if (runs.length < FEWEST_FOR_OUTLIERS) return [];
  const middle = median(runs.map(({ score }) => score));
  const spread = median(runs.map(({ score }) => Math.abs(score - middle)));
  return runs
    .filter(({ score }) => Math.abs(score - middle) > OUTLIER_DEVIATIONS * spread)
    .map(({ seed, score }) => ({
      kind: "instability",
      message: `A/A seed ${seed} came to ${score.toFixed(3)}, half of the runs to within ${spread.toFixed(3)} of ${middle.toFixed(3)} (limit ${OUTLIER_DEVIATIONS} times that): its training went wrong, and the noise floor holds it; look at its loss, and lower schedule.peak or lengthen schedule.warmup`,
    }));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

function tokenizerWarnings(arms: readonly ArmEvidence[]): Warning[] {
  const [first, ...others] = arms;
  const different = others.filter(({ tokenizerDigest }) => tokenizerDigest !== first?.tokenizerDigest);
  if (first === undefined || different.length === 0) return [];
  const names = listed(different.map(({ name }) => name));
  const message = `${names}: another tokenizer than ${first.name}'s: part of the difference is the tokenizer's; curate all arms with one`;
  return [{ kind: "tokenizer", message }];
}

function budgetWarnings(arms: readonly ArmEvidence[], budget: keyof typeof UNITS): Warning[] {
  return (["tokens", "bytes", "flops"] as const).flatMap((unit) => {
    const [least, most] = extremes(arms, (arm) => arm[unit]);
    const tolerance = unit === budget ? BUDGET_TOLERANCE : OTHER_TOLERANCE;
    if (least === undefined || most === undefined || most[unit] <= least[unit] * (1 + tolerance)) return [];
    const more = least[unit] === 0 ? "" : `${percent(most[unit] / least[unit] - 1)} more `;
    const advice =
      unit === budget ? "train them for the same" : `see whether the verdict holds at equal ${UNITS[unit]}`;
    const message = `${most.name} was trained on ${more}${UNITS[unit]} than ${least.name} (limit ${percent(tolerance)}): ${advice}`;
    return [{ kind: "budget", message }];
  });
}

function epochWarnings(arms: readonly ArmEvidence[]): Warning[] {
  const warnings = arms
    .filter(({ epochs }) => epochs > MOST_EPOCHS)
    .map(({ name, epochs }) => ({
      kind: "epochs",
      message: `${name} went ${times(epochs)} through its data (limit ${MOST_EPOCHS}): repeated text teaches less; give it more pages, or all arms a smaller budget`,
    }));
  const [least, most] = extremes(arms, ({ epochs }) => epochs);
  if (least !== undefined && most !== undefined && most.epochs > EPOCHS_FACTOR * Math.max(1, least.epochs)) {
    warnings.push({
      kind: "epochs",
      message: `${most.name} went ${times(most.epochs)} through its data, ${least.name} ${times(least.epochs)} (limit ${EPOCHS_FACTOR} times as often): the difference may be one of repetition; give ${most.name} more pages, or all arms a smaller budget`,
    });
  }
  return warnings;
}

function suiteWarnings(domains: readonly string[], overlaps: readonly Overlap[]): Warning[] {
  const warnings: Warning[] = [];
  if (domains.length < FEWEST_DOMAINS) {
    const found = `${domains.length} held-out ${domains.length === 1 ? "domain" : "domains"}`;
    const message = `${found} (at least ${FEWEST_DOMAINS}): a better corpus and a more similar one cannot be told apart; add domains`;
    warnings.push({ kind: "suite", message });
  }
  const isForeign = (domain: string): boolean =>
    overlaps.filter((one) => one.domain === domain).every(({ share }) => share < FOREIGN_SHARE);
  if (!domains.some(isForeign)) {
    const message = `no held-out domain is foreign to all arms (less than ${percent(FOREIGN_SHARE)} of its runs of ${CONTAMINATION_WORDS} words in training): add text of another origin`;
    warnings.push({ kind: "suite", message });
  }
  return warnings;
}

/** One for each domain or task, of all arms together. */
function contaminationWarnings(overlaps: readonly Overlap[]): Warning[] {
  return [...new Set(overlaps.map(({ domain }) => domain))].flatMap((domain) => {
    const found = overlaps.filter((one) => one.domain === domain && one.contaminatedItems > 0);
    if (found.length === 0) return [];
    const byArm = found.map(({ arm, contaminatedItems }) => `${arm} ${contaminatedItems}`).join(", ");
    const items = new Set(found.flatMap(({ contaminatedIds }) => contaminatedIds)).size;
    const message = `${items} of ${found[0]!.items} items of ${domain} have a run of ${CONTAMINATION_WORDS} words that an arm was trained on (${byArm}; limit 0): scores leave them out for all arms; take their pages out of training to have them back`;
    return [{ kind: "contamination", message }];
  });
}

/** A winner that wins on nothing but what it resembles. */
export interface ConfinedWin {
  readonly arm: string;
  readonly against: string;
  /** Where it wins, beyond the interval of the domain. */
  readonly domains: readonly string[];
}

/**
 * Verdicts that are to be read as "better only on its own source": every domain on which the winner is better for certain
 * leans to it. A domain leans to an arm where the arm's resemblance to it, over the other arm's, is beyond that of the
 * median domain: to have more text raises it for all domains alike.
 */
export function confinedWins(pairs: readonly PairComparison[], overlaps: readonly Overlap[]): ConfinedWin[] {
  return pairs.flatMap((pair) => {
    const { arm, against, verdict, byDomain } = pair;
    if (verdict !== "better" && verdict !== "worse") return [];
    const [winner, loser] = verdict === "better" ? [arm, against] : [against, arm];
    const leaning = leaningDomains(
      byDomain.map(({ domain }) => domain),
      { winner, loser },
      overlaps,
    );
    const sets = byDomain.map(({ domain, estimate, low, high }) => {
      // What is within its interval is nobody's win.
      const difference = low > 0 || high < 0 ? estimate : 0;
      const losses = new Map([
        [arm, difference],
        [against, 0],
      ]);
      return { set: domain, sources: leaning.has(domain) ? [winner] : [], losses };
    });
    const { arms } = selfWins(
      [winner, loser].map((name) => ({ arm: name, sources: [name] })),
      sets,
    );
    const [{ isConfined, own }] = arms as [(typeof arms)[number]];
    return isConfined ? [{ arm: winner, against: loser, domains: own }] : [];
  });
}

function resemblanceWarnings(pairs: readonly PairComparison[], overlaps: readonly Overlap[]): Warning[] {
  return confinedWins(pairs, overlaps).map(({ arm, against, domains }) => ({
    kind: "resemblance",
    message: `${arm} against ${against}: better only on its own source: it wins on ${listed(domains)}, whose text it resembles more than ${against} does (limit ${LEAN} times the median domain), and nowhere else; add domains that resemble neither`,
  }));
}

function leaningDomains(
  domains: readonly string[],
  { winner, loser }: { readonly winner: string; readonly loser: string },
  overlaps: readonly Overlap[],
): Set<string> {
  const resemblance = (arm: string, domain: string): number =>
    CHANCE_RESEMBLANCE + (overlaps.find((one) => one.arm === arm && one.domain === domain)?.resemblance ?? 0);
  const ratios = domains.map((domain) => ({
    domain,
    ratio: resemblance(winner, domain) / resemblance(loser, domain),
  }));
  const sorted = ratios.map(({ ratio }) => ratio).sort((a, b) => a - b);
  const median = sorted[(sorted.length - 1) >> 1] ?? 0;
  return new Set(ratios.filter(({ ratio }) => ratio > LEAN * median).map(({ domain }) => domain));
}

function extremes(
  arms: readonly ArmEvidence[],
  value: (arm: ArmEvidence) => number,
): [least: ArmEvidence | undefined, most: ArmEvidence | undefined] {
  const sorted = [...arms].sort((a, b) => value(a) - value(b));
  return [sorted[0], sorted.at(-1)];
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}

function times(count: number): string {
  return `${count.toFixed(1)} times`;
}
