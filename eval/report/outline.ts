import type { Lead, Outline } from "./blocks.ts";
import { count } from "./numbers.ts";
import type { ReportData } from "./report-data.ts";
import { SECTIONS } from "./sections/index.ts";
import { measured } from "./sections/measured.ts";
import { metricUnit, plural } from "./sections/words.ts";

/** What a report says, in order. */
export function outlineOf(data: ReportData): Outline {
  return {
    title: data.experiment.name,
    lead: leadOf(data),
    sections: SECTIONS.flatMap((section) => section(data) ?? []),
    measured: measured(data),
  };
}

export function leadOf(data: ReportData): Lead {
  const { hypothesis, metric, expect, seeds, model, budget } = data.experiment;
  const { asExpected, sentence } = data.conclusion;
  const size = expect.by > 0 ? ` by ${expect.by} ${metricUnit(metric)}` : ` in ${metricUnit(metric)}`;
  const unit = { tokens: "tokens", bytes: "bytes of text", flops: "FLOPs" }[budget.by];
  return {
    hypothesis,
    expectation:
      expect.sign === "equal"
        ? `${expect.arm} within ${expect.by} ${metricUnit(metric)} of ${expect.against}`
        : `${expect.arm} ${expect.sign} than ${expect.against}${size}`,
    conclusion: data.alignment === undefined ? sentence : `${sentence} ${data.alignment.conclusion.sentence}`,
    outcome: asExpected === undefined ? "not decided" : asExpected ? "as expected" : "not as expected",
    setting: `${plural(data.arms.length, "arm")}, ${plural(seeds.length, "seed")}, models of ${count(model.parameters)} parameters, ${count(budget.amount)} ${unit} each`,
    warning: warningLine(data),
  };
}

/** "resemblance, contamination (2)" */
function warningLine({ warnings }: ReportData): string | undefined {
  if (warnings.length === 0) return undefined;
  const kinds = new Map<string, number>();
  for (const { kind } of warnings) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const listed = [...kinds].map(([kind, times]) => (times === 1 ? kind : `${kind} (${times})`)).join(", ");
  return `${plural(warnings.length, "warning")}: ${listed}`;
}
