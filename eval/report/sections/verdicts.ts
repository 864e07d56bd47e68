import type { PairComparison } from "../../statistics/comparison.ts";
import { type Block, number, paragraph, type Section, type Table, text } from "../blocks.ts";
import { forest } from "../charts/forest.ts";
import { shorten } from "../charts/labels.ts";
import { count, decimalsFor, fixed, interval, pValue, signed, threeDigits } from "../numbers.ts";
import type { ReportData } from "../report-data.ts";
import { metricUnit, pairName, signOf, verdictWords } from "./words.ts";

/** Every pair of arms: difference, interval, decision. */
export function verdicts(data: ReportData): Section {
  const unit = metricUnit(data.experiment.metric);
  const decimals = pairDecimals(data);
  return {
    id: "verdicts",
    title: "Verdicts",
    blocks: [
      {
        kind: "figure",
        figure: {
          id: "pairs",
          title: `Differences in ${unit} between all pairs of arms`,
          caption:
            "Below zero, the first arm of a pair is better. Bars are 95 % intervals of the pair alone; the verdict is decided after Holm’s adjustment for all pairs. Grey bands hold what would be found with less than 80 % power: “not resolved” says that this experiment cannot tell, not that the arms are equal. Arrows point at differences beyond the scale.",
          panels: [
            {
              title: `Differences in ${unit}, by pair`,
              chart: forest(
                data.pairs.map((pair) => ({
                  label: `${shorten(pair.arm, 20)} vs ${shorten(pair.against, 20)}`,
                  note: forestNote(pair, decimals),
                  estimate: pair.estimate,
                  low: pair.low,
                  high: pair.high,
                  detectable: isSpreadKnown(pair) ? pair.detectable : undefined,
                  sign: signOf(pair),
                })),
                unit,
              ),
            },
          ],
          table: verdictTable(data, decimals),
          isTableShown: true,
        },
      },
      noiseParagraph(data),
      ...controlParagraph(data),
    ],
  };
}

/** "−0.0125 better" */
export function forestNote(pair: PairComparison, decimals: number): string {
  return `${signed(pair.estimate, decimals)} ${verdictWords(pair).replace(" at this scale", "")}`;
}

/** Decimals of all differences between arms. */
export function pairDecimals({ pairs }: ReportData): number {
  return decimalsFor(pairs.map(({ se }) => se));
}

export function verdictTable(data: ReportData, decimals: number): Table {
  return {
    caption: `Verdicts. Differences in ${metricUnit(data.experiment.metric)}, first arm minus second; the pair of the hypothesis is marked.`,
    columns: [
      text("Pair"),
      text("Verdict"),
      number("Difference"),
      number("95 % interval"),
      number("p (Holm)"),
      number("Detectable"),
      number("Seeds needed"),
    ],
    marked: new Set([data.conclusion.pair]),
    rows: data.pairs.map((pair) => [
      pairName(pair),
      verdictWords(pair),
      signed(pair.estimate, decimals),
      interval(pair, decimals),
      pair.pHolm === undefined ? "–" : pValue(pair.pHolm),
      isSpreadKnown(pair) ? `±${fixed(pair.detectable, decimals)}` : "–",
      pair.verdict === "better" || pair.verdict === "worse" || pair.seedsNeeded === undefined
        ? "–"
        : count(pair.seedsNeeded),
    ]),
  };
}

/** What could be found hangs on how seeds differ. */
function isSpreadKnown({ seedNoise }: PairComparison): boolean {
  return seedNoise !== "none";
}

function noiseParagraph({ noiseFloor, pairs }: ReportData) {
  const sources = new Set(pairs.map(({ seedNoise }) => seedNoise));
  if (noiseFloor !== undefined && sources.has("noise floor"))
    return paragraph(
      `The spread of seeds is a noise floor measured beforehand: standard deviation ${threeDigits(noiseFloor.sd)} of a difference, ${count(noiseFloor.df)} degrees of freedom (${noiseFloor.source}).`,
    );
  if (sources.has("own seeds"))
    return paragraph(
      "The spread of seeds is that of this experiment’s own seeds; seeds and documents are two sources of noise that add (Behrens–Fisher). Few seeds make wide intervals; a noise floor of A/A runs would narrow them.",
    );
  return paragraph(
    "From one seed the spread of seeds is not known: the intervals hold the spread of documents alone, they are too narrow, and nothing is decided.",
  );
}

/** Whether the experiment keeps quiet where there is nothing. */
function controlParagraph({ control }: ReportData): Block[] {
  if (control === undefined) return [];
  const decimals = decimalsFor([control.se]);
  const found = `${signed(control.estimate, decimals)}, ${interval(control, decimals)}: ${verdictWords(control)}`;
  const how = `${count(2 * control.seeds)} runs of ${control.against} in two halves`;
  return [
    paragraph(
      control.verdict === "not resolved at this scale"
        ? `A/A control, ${how}: ${found}, as it should be.`
        : `A/A control, ${how}: ${found}. The two are one recipe: this happens to one experiment in twenty, and says that its verdicts need a second look.`,
    ),
  ];
}
