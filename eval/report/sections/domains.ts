import { type Block, type Column, number, paragraph, type Section, text } from "../blocks.ts";
import { dots } from "../charts/dots.ts";
import { bytes, count, decimalsFor, fixed, range, shortDigest, standardErrorOf } from "../numbers.ts";
import type { DomainReport, Metric, ReportData } from "../report-data.ts";
import { armNames, metricUnit, modelAnchor } from "./words.ts";

const SHARED_SPREAD =
  "Intervals hold the spread of documents, which all arms share: overlapping intervals here do not mean that a difference is unresolved. Differences are judged pair by pair, above.";

interface Role {
  readonly role: DomainReport["role"];
  readonly metric?: Metric;
  readonly id: string;
  readonly title: string;
  readonly caption: string;
}

const ROLES: readonly Role[] = [
  {
    role: "held-out",
    metric: "bits-per-byte",
    id: "held-out",
    title: "Bits per byte of held-out text, by domain and arm",
    caption: SHARED_SPREAD,
  },
  {
    role: "task",
    metric: "answer-bits-per-byte",
    id: "answers",
    title: "Bits per byte of tasks’ gold answers, by arm",
    caption: `Smoother than accuracy at this scale, since every item counts by degree. ${SHARED_SPREAD}`,
  },
  {
    role: "shift",
    id: "shift",
    title: "Shift: loss on the raw crawl, by arm",
    caption:
      "This ranks nothing. It tells how far an arm’s training text is from the crawl as it was; good curation often moves away from it.",
  },
];

/** Bits per byte of each arm, of the whole and by domain. */
export function domains(data: ReportData): Section {
  const figures = ROLES.flatMap(({ role, metric, id, title, caption }): Block[] => {
    const found = data.domains.filter((domain) => domain.role === role);
    const counts =
      metric === undefined
        ? ""
        : metric === data.experiment.metric
          ? "Lower is better; the metric is the mean over these. "
          : "Lower is better; these do not count in the metric. ";
    return found.length === 0 ? [] : [domainFigure(data, found, { id, title, caption: counts + caption })];
  });
  return { id: "domains", title: "Bits per byte", blocks: [scoreTable(data), ...figures, domainTable(data)] };
}

function scoreTable(data: ReportData): Block {
  const decimals = decimalsFor(data.pairs.map(({ se }) => se));
  const { seeds, metric } = data.experiment;
  return {
    kind: "table",
    table: {
      caption: `${capital(metricUnit(metric))} of each arm: mean over seeds, 95 % interval over seeds and documents, and each model`,
      columns: [
        text("Arm"),
        number("Mean"),
        number("95 % interval"),
        ...seeds.map((seed): Column => number(`Seed ${seed}`)),
      ],
      rows: data.arms.map((arm) => [
        arm.name,
        fixed(arm.score.estimate, decimals),
        range(arm.score, decimals),
        ...seeds.map((seed) => {
          const found = arm.bySeed.find((one) => one.seed === seed);
          return found === undefined
            ? "–"
            : [{ link: fixed(found.score, decimals), to: modelAnchor(data, arm.name, seed) }];
        }),
      ]),
    },
  };
}

function domainFigure(
  data: ReportData,
  found: readonly DomainReport[],
  texts: { readonly id: string; readonly title: string; readonly caption: string },
): Block {
  const arms = armNames(data);
  const decimals = Math.min(4, decimalsFor(found.flatMap(({ byArm }) => byArm.map(standardErrorOf))));
  return {
    kind: "figure",
    figure: {
      ...texts,
      arms,
      panels: [
        {
          title: texts.title,
          chart: dots(
            found.map(({ name, byArm }) => ({
              label: name,
              dots: byArm.map((one) => ({
                arm: arms.indexOf(one.arm),
                value: one.estimate,
                low: one.low,
                high: one.high,
              })),
            })),
            arms.length,
            { unit: "bits per byte" },
          ),
        },
      ],
      table: {
        caption: texts.title,
        columns: [text("Domain"), ...arms.map(number)],
        rows: found.map(({ name, byArm }) => [
          name,
          ...arms.map((arm) => {
            const one = byArm.find((of) => of.arm === arm);
            return one === undefined ? "–" : `${fixed(one.estimate, decimals)} ${range(one, decimals)}`;
          }),
        ]),
      },
    },
  };
}

function domainTable(data: ReportData): Block {
  if (data.domains.length === 0) return paragraph("No held-out text was measured.");
  return {
    kind: "table",
    isFolded: true,
    table: {
      caption: "What was measured on",
      columns: [text("Domain"), text("Role"), number("Items"), number("Text"), text("SHA-256")],
      rows: data.domains.map((domain) => [
        domain.name,
        domain.role,
        count(domain.items),
        bytes(domain.bytes),
        { code: shortDigest(domain.sha256) },
      ]),
    },
  };
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
