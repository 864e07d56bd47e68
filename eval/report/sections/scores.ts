import { number, type Section, text } from "../blocks.ts";
import { type Histogram, histogram } from "../charts/histogram.ts";
import { count, threeDigits } from "../numbers.ts";
import type { ReportData } from "../report-data.ts";

interface Shown extends Histogram {
  readonly title: string;
  readonly arms: string[];
}

/** What filters measured, of pages that were kept and dropped. */
export function scores(data: ReportData): Section | undefined {
  const shown = distinct(data);
  if (shown.length === 0) return undefined;
  // Panels of one score are told apart by their arms.
  const nameOf = (one: Shown) =>
    shown.filter(({ title }) => title === one.title).length > 1 ? `${one.title} (${note(one)})` : one.title;
  const note = ({ arms }: Shown) => (arms.length === data.arms.length ? "all arms" : arms.join(", "));
  return {
    id: "scores",
    title: "What filters measured",
    blocks: [
      {
        kind: "figure",
        figure: {
          id: "histograms",
          title: "Pages by score, kept above and dropped below the line",
          caption:
            "Look where the two meet: a threshold in the middle of a hill decides about many pages that are much alike, one in a valley about few. Arms with the same counts share a panel. Bins are drawn equally wide, and named by their lower edge; scales differ from panel to panel.",
          panels: shown.map((one) => ({ title: one.title, note: note(one), chart: histogram(one) })),
          table: {
            caption: "Pages by score",
            columns: [text("Score"), number("From"), number("To"), number("Kept"), number("Dropped")],
            rows: shown.flatMap((one) =>
              one.kept.map((pages, i) => [
                nameOf(one),
                threeDigits(one.edges[i]!),
                threeDigits(one.edges[i + 1]!),
                count(pages),
                count(one.dropped[i] ?? 0),
              ]),
            ),
          },
        },
      },
    ],
  };
}

/** A filter that saw the same pages in several arms is shown once. */
function distinct({ arms }: ReportData): Shown[] {
  const shown = new Map<string, Shown>();
  for (const arm of arms) {
    for (const { stage, name, edges, kept, dropped } of arm.scores) {
      const key = JSON.stringify([stage, name, edges, kept, dropped]);
      const known = shown.get(key);
      if (known !== undefined) known.arms.push(arm.name);
      else shown.set(key, { title: `${stage}: ${name}`, arms: [arm.name], edges, kept, dropped });
    }
  }
  return [...shown.values()];
}
