import { number, type Section, text } from "../blocks.ts";
import { forest } from "../charts/forest.ts";
import { count, decimalsFor, interval, pValue, signed } from "../numbers.ts";
import type { ReportData } from "../report-data.ts";
import { forestNote } from "./verdicts.ts";
import { metricUnit, signOf, verdictWords } from "./words.ts";

/** What each stage of a recipe is good for, by leaving it out. */
export function attribution(data: ReportData): Section | undefined {
  const effects = data.attribution;
  if (effects.length === 0) return undefined;
  const unit = metricUnit(data.experiment.metric);
  const decimals = decimalsFor(effects.map(({ effect }) => effect.se));
  const perToken = (tokens: number, effect: number) => (tokens > 0 ? signed((effect * 1e6) / tokens, decimals) : "–");
  return {
    id: "attribution",
    title: "What each stage does",
    blocks: [
      {
        kind: "figure",
        figure: {
          id: "stages",
          title: "The recipe against itself without one stage",
          caption:
            "Below zero, the stage helps. Effects of stages do not add up to that of the recipe: what one stage drops, another would have dropped too. Where order matters, the effect is that of the stage in its place.",
          panels: [
            {
              title: `Effect of each stage in ${unit}`,
              chart: forest(
                effects.map(({ stage, effect }) => ({
                  label: stage,
                  note: forestNote(effect, decimals),
                  estimate: effect.estimate,
                  low: effect.low,
                  high: effect.high,
                  detectable: effect.detectable,
                  sign: signOf(effect),
                })),
                unit,
                { below: "stage helps", above: "stage hurts" },
              ),
            },
          ],
          isTableShown: true,
          table: {
            caption: `Effect of each stage in ${unit}: full recipe minus the recipe without it`,
            columns: [
              text("Stage"),
              text("Verdict"),
              number("Effect"),
              number("95 % interval"),
              number("p (Holm)"),
              number("Tokens removed"),
              number("Effect per million"),
              text("Order matters"),
            ],
            rows: effects.map(({ stage, tokensRemoved, effect, orderMatters }) => [
              stage,
              verdictWords(effect),
              signed(effect.estimate, decimals),
              interval(effect, decimals),
              effect.pHolm === undefined ? "–" : pValue(effect.pHolm),
              count(tokensRemoved),
              perToken(tokensRemoved, effect.estimate),
              orderMatters ? "yes" : "no",
            ]),
          },
        },
      },
    ],
  };
}
