import { type Block, number, paragraph, type Section, text } from "../blocks.ts";
import { forest } from "../charts/forest.ts";
import { count, decimalsFor, fixed, interval, pValue, signed, standardErrorOf, threeDigits } from "../numbers.ts";
import type { ReportData } from "../report-data.ts";
import { metricUnit, pairName } from "./words.ts";

/** Where the difference of the hypothesis comes from: domains and seeds; then the same of all pairs. */
export function differences(data: ReportData): Section | undefined {
  const main = data.pairs[data.conclusion.pair];
  if (main === undefined) return undefined;
  const unit = metricUnit(data.experiment.metric);
  const decimals = decimalsFor(data.pairs.flatMap(({ byDomain }) => byDomain.map(standardErrorOf)));
  const seeds = data.experiment.seeds;
  const seedOf = (pair: ReportData["pairs"][number], seed: number) => {
    const found = pair.bySeed.find((one) => one.seed === seed);
    return found === undefined ? "–" : signed(found.difference, decimals);
  };
  const domainTable: Block[] = main.byDomain.length === 0 ? [] : [domainFigure(main, decimals, unit)];
  return {
    id: "differences",
    title: "Where the differences come from",
    blocks: [
      paragraph(
        "An arm that wins only on the domain that resembles its own data has not won: look whether the sign is the same in all domains and for all seeds. Single domains and seeds are not decided upon.",
      ),
      ...domainTable,
      {
        kind: "table",
        table: {
          caption: `Differences in ${unit} by seed, first arm minus second`,
          columns: [text("Pair"), ...seeds.map((seed) => number(`Seed ${seed}`))],
          rows: data.pairs.map((pair) => [pairName(pair), ...seeds.map((seed) => seedOf(pair, seed))]),
          marked: new Set([data.conclusion.pair]),
        },
      },
      {
        kind: "table",
        isFolded: true,
        table: {
          caption: `Differences in ${unit} by domain, all pairs`,
          columns: [text("Pair"), text("Domain"), number("Difference"), number("95 % interval")],
          rows: data.pairs.flatMap((pair) =>
            pair.byDomain.map((one) => [
              pairName(pair),
              one.domain,
              signed(one.estimate, decimals),
              interval(one, decimals),
            ]),
          ),
        },
      },
      {
        kind: "table",
        isFolded: true,
        table: {
          caption: "Standard errors: SE² = seeds² + documents²",
          columns: [
            text("Pair"),
            number("Seeds"),
            number("SE"),
            number("of seeds"),
            number("of documents"),
            number("Degrees of freedom"),
            text("Seeds’ spread from"),
            number("p, unadjusted"),
          ],
          rows: data.pairs.map((pair) => [
            pairName(pair),
            count(pair.seeds),
            threeDigits(pair.se),
            threeDigits(pair.seSeed),
            threeDigits(pair.seDocument),
            pair.df < 1000 ? fixed(pair.df, 1) : "> 1000",
            pair.seedNoise,
            pair.p === undefined ? "–" : pValue(pair.p),
          ]),
        },
      },
    ],
  };
}

function domainFigure(pair: ReportData["pairs"][number], decimals: number, unit: string): Block {
  return {
    kind: "figure",
    figure: {
      id: "pair-domains",
      title: `The pair of the hypothesis by domain: ${pairName(pair)}`,
      caption: "Bars are 95 % intervals of each domain alone, not adjusted for their number.",
      panels: [
        {
          title: `${pairName(pair)}, difference in ${unit} by domain`,
          chart: forest(
            pair.byDomain.map((one) => ({
              label: one.domain,
              note: signed(one.estimate, decimals),
              estimate: one.estimate,
              low: one.low,
              high: one.high,
              detectable: undefined,
              sign: "open",
            })),
            unit,
          ),
        },
      ],
      table: {
        caption: `${pairName(pair)}: differences in ${unit} by domain`,
        columns: [text("Domain"), number("Difference"), number("95 % interval")],
        rows: pair.byDomain.map((one) => [one.domain, signed(one.estimate, decimals), interval(one, decimals)]),
      },
    },
  };
}
