/**
 * A report's data as an experiment would make it: five arms, eight domains, three seeds; pairs that are better, worse and
 * not resolved. Figures are invented, in the proportions that small models have: nothing here was measured.
 */
import type {
  AlignmentPoint,
  ArmReport,
  DomainReport,
  ReportData,
  TaskReport,
} from "../../../eval/report/report-data.ts";
import type { PairComparison, Verdict } from "../../../eval/statistics/comparison.ts";
import { seededRandom } from "../../../pipeline/random.ts";

export const ARMS = ["language only", "gopher", "gopher + dedup", "fineweb-edu, threshold 3", "words shuffled"];
const LEVELS: readonly number[] = [2.1312, 2.1187, 2.1093, 2.1127, 2.3154];
const DOMAINS = ["fiction", "encyclopedia", "news", "forum", "law", "manuals", "speech", "science"];
const TASKS: readonly (readonly [
  name: string,
  metrics: readonly string[],
  chance: number | undefined,
  items: number,
])[] = [
  ["arc_easy", ["acc", "acc_norm", "bits_per_byte"], 0.25, 570],
  ["hellaswag", ["acc", "acc_norm", "bits_per_byte"], 0.25, 1000],
  ["piqa", ["acc", "acc_norm", "bits_per_byte"], 0.5, 1838],
  ["lambada", ["acc", "bits_per_byte"], 0, 1000],
  ["gsm8k", ["bits_per_byte"], undefined, 500],
];
const STEPS = [
  "read",
  "extract-html",
  "language",
  "gopher-quality",
  "gopher-repetition",
  "edu-score",
  "near-duplicates",
];
const HOSTS = ["en.wikipedia.org", "www.gutenberg.org", "forums.example.com", "blog.example.net", "news.example.org"];

/** The whole; `change` replaces parts of it. */
export function reportData(change: Partial<ReportData> = {}): ReportData {
  const random = seededRandom(4);
  const seeds = [1, 2, 3];
  return {
    format: 1,
    id: "9f31c0a7d2e84b65",
    sluice: "0.1.0",
    command: "sluice compare experiment.yaml --out results",
    experiment: {
      name: "Does Gopher’s filter make better text than language alone?",
      hypothesis:
        "Gopher’s quality rules remove boilerplate that teaches a small model nothing: at equal tokens, a model trained on what they keep predicts held-out text better.",
      metric: "bits-per-byte",
      expect: { arm: "gopher", against: "language only", sign: "better", by: 0.01 },
      factor: ["stages"],
      seeds,
      budget: { by: "tokens", amount: 1_048_576 },
      model: {
        parameters: 1_345_024,
        embeddingParameters: 524_288,
        contextLength: 256,
        config: { preset: "depth-4", vocabSize: 4096, contextLength: 256, heads: 4 },
      },
      tokenizer: { name: "bpe-4096", vocabSize: 4096, digest: digest(7) },
      dataShare: 0.8,
      contextPolicy:
        "each document apart, after the end-of-text token; windows of 256 tokens, every token predicted once, with at least one before it; special tokens excluded",
    },
    arms: ARMS.map((name, arm) => armReport(name, arm, seeds, random)),
    pairs: pairs(seeds, random),
    conclusion: {
      pair: 0,
      sentence:
        "gopher is better than language only by 0.0125 bits per byte (95 % interval 0.0055 to 0.0195; p = 0.004 after Holm’s adjustment), as expected.",
      asExpected: true,
    },
    control: undefined,
    noiseFloor: { sd: 0.0041, df: 9, source: "10 A/A pairs of this recipe, noise/depth-4.json" },
    domains: [
      ...DOMAINS.map((name, i) => domain(name, "held-out", i, random)),
      domain("raw crawl", "shift", 8, random),
      domain("arc_easy", "task", 9, random),
      domain("hellaswag", "task", 10, random),
    ],
    tasks: TASKS.map((task) => taskReport(task, random)),
    warnings: [
      {
        kind: "resemblance",
        message:
          "“fineweb-edu, threshold 3” wins in encyclopedia alone, the domain that 11.2 % of its n-grams are shared with: it is better only on its own source.",
      },
      { kind: "contamination", message: "gopher: 2 of 118 documents of law stand in its training text (13-grams)." },
      {
        kind: "contamination",
        message: "language only: 3 of 118 documents of law stand in its training text (13-grams).",
      },
      {
        kind: "epochs",
        message:
          "“fineweb-edu, threshold 3” was trained for 6.1 epochs of its data; over 4, repetition is a difference of its own.",
      },
    ],
    overlaps: ARMS.flatMap((arm, a) =>
      DOMAINS.map((domain, d) => ({
        arm,
        domain,
        share: a === 3 && d === 1 ? 0.112 : 0.002 + 0.01 * random(),
        resemblance: a === 3 && d === 1 ? 0.31 : 0.02 + 0.01 * random(),
        contaminatedItems: d === 4 && a < 2 ? 3 - a : 0,
        items: 118,
      })),
    ),
    limits: [
      "Models of 1.3 M parameters and 1 M tokens: what is better here need not be better at a billion. In published data small scales decide about 80 % of pairs as large ones do.",
      "English text only; the held-out domains are eight, and say nothing of code or mathematics.",
      "Differences smaller than those under “Detectable” were not looked for with enough seeds.",
    ],
    attribution: ["gopher-quality", "gopher-repetition", "near-duplicates"].map((stage, i) => ({
      stage,
      tokensRemoved: [1_812_004, 402_118, 911_530][i]!,
      effect: pair(
        "full recipe",
        `without ${stage}`,
        [-0.0098, 0.0021, -0.0061][i]!,
        [0.0024, 0.0027, 0.0029][i]!,
        seeds,
        random,
      ),
      orderMatters: i === 2,
    })),
    samples: Array.from({ length: 8 }, (_, i) => ({
      keptBy: ARMS[i % 2]!,
      droppedBy: ARMS[(i % 2) + 1]!,
      url: `https://${HOSTS[i % HOSTS.length]}/articles/2019/${i}/the-title-of-a-page-that-is-rather-long?ref=front&page=${i}`,
      sha256: digest(100 + i),
      stage: i % 2 === 0 ? "gopher-quality" : "near-duplicates",
      reason: i % 2 === 0 ? "too-few-stop-words" : "near-duplicate",
      value: i % 2 === 0 ? 1 : 0.8125 + i / 100,
      text:
        i < 5
          ? `Opening hours\nMonday to Friday nine to five. ${"Call us today for a quote. ".repeat(20 * (i + 1))}`
          : undefined,
    })),
    provenance: ARMS.flatMap((arm, a) =>
      seeds.map((seed) => ({
        arm,
        seed,
        run: digest(200 + a),
        rows: digest(300 + 10 * a + seed),
        checkpoint: digest(400 + 10 * a + seed),
        command: `sluice train results/arms/${a}/seed-${seed}.yaml`,
      })),
    ),
    measured: {
      machine: "2 × Intel Xeon at 2.6 GHz, 24 GB, Linux, node 24.21.0",
      seconds: 1284,
      units: ARMS.flatMap((arm) => [
        { unit: `curate ${arm}`, reused: arm === "gopher", seconds: arm === "gopher" ? 0 : 41.3 },
        ...seeds.map((seed) => ({ unit: `train ${arm}, seed ${seed}`, reused: false, seconds: 70 + 4 * random() })),
      ]),
    },
    ...change,
  };
}

/** The same, aligned in two stages: gopher's lead over language alone is gone after the second. */
export function alignedData(): ReportData {
  const data = reportData();
  const random = seededRandom(5);
  const { seeds } = data.experiment;
  const turned = LEVELS.map((level, a) => level + [0.01, 0.03, 0.02, 0.02, -0.02][a]!);
  const point = (levels: readonly number[], scores: readonly number[]): AlignmentPoint => ({
    byArm: ARMS.map((arm, a) => ({
      arm,
      bitsPerByte: { estimate: levels[a]!, low: levels[a]! - 0.03, high: levels[a]! + 0.03 },
      score: { estimate: scores[a]!, low: scores[a]! - 0.05, high: scores[a]! + 0.05 },
    })),
    pairs: pairs(seeds, random, levels),
    scorePairs: pairs(
      seeds,
      random,
      scores.map((score) => -score / 20),
    ),
  });
  const before = { ...point(LEVELS, [0.01, 0.02, 0.01, 0.02, 0.01]), pairs: data.pairs };
  const stage = (name: string, method: string, at: AlignmentPoint) => ({
    ...{ name, method, ...at },
    tax: ARMS.map((arm) => ({ arm, estimate: 0.0213, low: 0.0102, high: 0.0324 })),
    gain: ARMS.map((arm) => ({ arm, estimate: 0.41, low: 0.36, high: 0.46 })),
    changes: at.pairs,
    scoreChanges: at.scorePairs,
    ranks: { bitsPerByte: 0.8, score: undefined, carried: 0.4 },
    spent: method === "sft" ? { "spent/labelTokens": 33_658 } : { "spent/rolloutTokens": 24_117.5 },
  });
  const first = point(LEVELS, [0.4, 0.41, 0.42, 0.44, 0.21]);
  const last = point(turned, [0.6, 0.61, 0.62, 0.64, 0.31]);
  const path = (n: number, list: (one: AlignmentPoint) => readonly PairComparison[]) => ({
    before: list(before)[n]!.verdict,
    after: [list(first)[n]!.verdict, list(last)[n]!.verdict],
    fate: "no longer resolved" as const,
  });
  return {
    ...data,
    alignment: {
      prompts: 222,
      verifiers: ["constraints"],
      before,
      stages: [stage("taught", "sft", first), stage("grpo", "grpo", last)],
      persistence: data.pairs.map(({ arm, against }, n) => ({
        arm,
        against,
        bitsPerByte: path(n, (one) => one.pairs),
        score: path(n, (one) => one.scorePairs!),
        carried: path(n, (one) => one.pairs),
        sentence: `${arm} against ${against}: no longer resolved`,
      })),
      rankLimits: "Rankings of 5 arms that have nothing to do with each other are the same in 0.83 % of cases.",
      conclusion: {
        sentence: "The verdict is no longer resolved after taught and grpo: gopher was better, and neither is now.",
        survives: undefined,
      },
    },
  };
}

/** A single seed decides nothing. */
export function singleSeedData(): ReportData {
  const data = reportData();
  return {
    ...data,
    experiment: { ...data.experiment, seeds: [1] },
    control: undefined,
    noiseFloor: undefined,
    pairs: data.pairs.map((pair) => ({
      ...pair,
      seeds: 1,
      seedNoise: "none",
      p: undefined,
      pHolm: undefined,
      verdict: undefined,
      seedsNeeded: undefined,
      bySeed: pair.bySeed.slice(0, 1),
    })),
    arms: data.arms.map((arm) => ({ ...arm, bySeed: arm.bySeed.slice(0, 1), curves: arm.curves.slice(0, 1) })),
    conclusion: { pair: 0, sentence: "Nothing is decided from a single seed.", asExpected: undefined },
    provenance: data.provenance.filter(({ seed }) => seed === 1),
    warnings: [{ kind: "single-seed", message: "One seed an arm: its spread is not known, and no verdict is given." }],
    attribution: [],
  };
}

/** What every page of a crawl, and every name in a file, may try. */
export const HOSTILE = `</script></title></style><script>alert(1)</script><img src=http://evil.example/x onerror=alert(1)>"'\`| ![x](javascript:alert(1)) \u001b[31m\u0000\ud800`;

/** Every string that somebody else can choose is hostile. */
export function hostileData(base: ReportData = reportData()): ReportData {
  const hostile = (value: unknown, key = ""): unknown => {
    if (typeof value === "string") return KEPT_KEYS.has(key) ? value : `${value} ${HOSTILE}`;
    if (Array.isArray(value)) return value.map((one) => hostile(one, key));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, hostile(one, name)]));
  };
  const data = hostile(base) as ReportData;
  return { ...data, samples: data.samples.map((sample) => ({ ...sample, url: `javascript:alert(1)//${HOSTILE}` })) };
}

/** Words that the program chooses. */
const KEPT_KEYS = new Set(["metric", "sign", "by", "verdict", "seedNoise", "role", "fate", "before", "after"]);

function armReport(name: string, arm: number, seeds: readonly number[], random: () => number): ArmReport {
  const level = LEVELS[arm]!;
  const steps = STEPS.filter((step) => arm > 0 || !/gopher|near/.test(step))
    .filter((step) => step !== "edu-score" || arm === 3)
    .filter((step) => step !== "near-duplicates" || arm === 2);
  const shares = { read: 1, "extract-html": 0.93, language: 0.31, "gopher-quality": 0.17, "gopher-repetition": 0.15 };
  const last = { "edu-score": 0.031, "near-duplicates": 0.11 };
  const kept = Math.round(61_421 * ({ ...shares, ...last } as Record<string, number>)[steps.at(-1)!]!);
  return {
    name,
    changes: arm === 0 ? [] : [`+ stages[2]: gopher-quality`, `+ stages[3]: gopher-repetition`],
    stages: steps.slice(1).map((step) => `${step} {}`),
    funnel: steps.map((step) => ({
      step,
      pages: Math.round(61_421 * ({ ...shares, ...last } as Record<string, number>)[step]!),
    })),
    score: { estimate: level, low: level - 0.031, high: level + 0.031 },
    bySeed: seeds.map((seed) => ({
      seed,
      score: level + 0.003 * (seed - 2),
      trainingLoss: 4.1 + 0.1 * random(),
      model: digest(400 + 10 * arm + seed),
    })),
    curves: seeds.map((seed) => ({
      seed,
      points: Array.from({ length: 256 }, (_, step) => ({
        tokens: 4096 * (step + 1),
        loss: 4.1 + 0.12 * arm + 4.3 * Math.exp(-step / 30) + 0.12 * (random() - 0.5) + 0.02 * seed,
      })),
    })),
    costs: {
      bySource: [0, 1].map((half) => ({
        source: `crawl/CC-MAIN-2024-10-0000${half}.warc.gz`,
        pagesIn: 30_710 + half,
        pagesKept: Math.round(kept / 2),
        bytesIn: 1_204_511_000 + 7 * half,
        textBytes: kept * 2950,
        tokens: kept * 810,
        money: 0.0121 + half / 1000,
      })),
      tokensTrained: 3 * 1_048_576,
      textBytesTrained: 3 * 3_801_112,
      trainingFlops: 3 * 8.462e12,
      curationCpuSeconds: 41.3 + arm,
      trainingSeconds: 214.5 + arm,
      money: 0.0331,
      currency: "EUR",
    },
    epochs: arm === 3 ? 6.1 : 0.21 + 0.1 * arm,
    languages: [
      { name: "en", share: 0.962 + 0.005 * arm },
      { name: "de", share: 0.012 - 0.002 * arm },
      { name: "fr", share: 0.009 - 0.001 * arm },
    ],
    hosts: HOSTS.map((host, i) => ({ name: host, share: (0.061 + 0.012 * arm) / (i + 1) })),
    scores: steps.includes("gopher-quality")
      ? ["words", "mean-word-length", "stop-words", "symbol-ratio"].map((score, s) =>
          histogramOf("gopher-quality", score, s),
        )
      : [histogramOf("language", "score", 5)],
  };
}

function histogramOf(stage: string, name: string, s: number): ArmReport["scores"][number] {
  const bins = 24;
  const hill = (i: number, at: number) => Math.round(4200 * Math.exp(-(((i - at) / 4) ** 2)));
  return {
    stage,
    name,
    edges: Array.from({ length: bins + 1 }, (_, i) => (i * (s + 1)) / 4),
    kept: Array.from({ length: bins }, (_, i) => (i < 6 + s ? 0 : hill(i, 13))),
    dropped: Array.from({ length: bins }, (_, i) => (i < 6 + s ? hill(i, 4) : 0)),
  };
}

function pairs(seeds: readonly number[], random: () => number, levels = LEVELS): PairComparison[] {
  const found: PairComparison[] = [];
  for (let b = 0; b < ARMS.length; b++) {
    for (let a = b + 1; a < ARMS.length; a++) {
      found.push(pair(ARMS[a]!, ARMS[b]!, levels[a]! - levels[b]!, 0.0031 + 0.0004 * random(), seeds, random));
    }
  }
  return found;
}

function pair(
  arm: string,
  against: string,
  estimate: number,
  se: number,
  seeds: readonly number[],
  random: () => number,
): PairComparison {
  const t = Math.abs(estimate) / se;
  const verdict: Verdict = t < 2.9 ? "not resolved at this scale" : estimate < 0 ? "better" : "worse";
  const pHolm = Math.min(1, 2 * Math.exp(-0.717 * t - 0.416 * t * t) * 6);
  return {
    arm,
    against,
    estimate,
    low: estimate - 2.2 * se,
    high: estimate + 2.2 * se,
    seeds: seeds.length,
    se,
    seSeed: se * 0.8,
    seDocument: se * 0.6,
    df: 11.3,
    seedNoise: "noise floor",
    p: pHolm / 6,
    pHolm,
    detectable: 3.3 * se,
    verdict,
    seedsNeeded: verdict === "not resolved at this scale" ? 7 : 3,
    bySeed: seeds.map((seed) => ({ seed, difference: estimate + se * (random() - 0.5) })),
    byDomain: DOMAINS.map((domain) => {
      const at = estimate + 0.012 * (random() - 0.5);
      return { domain, estimate: at, low: at - 0.009, high: at + 0.009 };
    }),
  };
}

function domain(name: string, role: DomainReport["role"], index: number, random: () => number): DomainReport {
  const shift = 0.09 * index - 0.3;
  return {
    name,
    role,
    items: 118 + index,
    bytes: 412_331 + 1000 * index,
    sha256: digest(500 + index),
    byArm: ARMS.map((arm, a) => {
      const estimate = LEVELS[a]! + shift + 0.02 * (random() - 0.5);
      return { arm, estimate, low: estimate - 0.04, high: estimate + 0.04 };
    }),
  };
}

function taskReport([name, metrics, chance, items]: (typeof TASKS)[number], random: () => number): TaskReport {
  return {
    name,
    items,
    chance,
    byArm: ARMS.map((arm) => ({
      arm,
      metrics: metrics.map((metric) =>
        metric === "bits_per_byte"
          ? { name: metric, value: 1.9 + 0.1 * random(), stderr: 0.012 }
          : {
              name: metric,
              value: (chance ?? 0) + 0.05 * random(),
              stderr: Math.sqrt(0.2 / items),
            },
      ),
    })),
  };
}

/** 64 hexadecimal digits that look like a digest. */
function digest(n: number): string {
  const random = seededRandom(n);
  return Array.from({ length: 64 }, () => Math.floor(16 * random()).toString(16)).join("");
}
