/**
 * All that a report shows, and `comparison.json` holds. Everything but `measured` follows from the experiment and its inputs:
 * a run that was interrupted ends with the same.
 */
import type { Estimate, NoiseFloor, PairComparison, Verdict } from "../statistics/comparison.ts";

export interface ReportData {
  readonly format: 1;
  /** Digest of what decides the results. */
  readonly id: string;
  readonly sluice: string;
  /** The command that made this. */
  readonly command: string;
  readonly experiment: {
    readonly name: string;
    readonly hypothesis: string;
    readonly metric: Metric;
    readonly expect: {
      readonly arm: string;
      readonly against: string;
      readonly sign: "better" | "worse" | "equal";
      readonly by: number;
    };
    /** What arms may differ in, as declared. */
    readonly factor: readonly string[];
    readonly seeds: readonly number[];
    readonly budget: { readonly by: "tokens" | "bytes" | "flops"; readonly amount: number };
    readonly model: {
      readonly parameters: number;
      readonly embeddingParameters: number;
      readonly contextLength: number;
      readonly config: Readonly<Record<string, unknown>>;
    };
    readonly tokenizer: { readonly name: string; readonly vocabSize: number; readonly digest: string };
    /** Of the pages of an arm, the share that each seed draws. */
    readonly dataShare: number;
    /** How held-out documents were read: context, special tokens. In words. */
    readonly contextPolicy: string;
  };
  readonly arms: readonly ArmReport[];
  /** Every pair, decided together (Holm). */
  readonly pairs: readonly PairComparison[];
  /** The pair that the hypothesis is about, and whether it came out as expected: a sentence. */
  readonly conclusion: { readonly pair: number; readonly sentence: string; readonly asExpected: boolean | undefined };
  readonly noiseFloor: NoiseFloor | undefined;
  /** The base against itself: two halves of the runs that the noise floor was measured on. It should not be resolved. */
  readonly control: PairComparison | undefined;
  readonly domains: readonly DomainReport[];
  readonly tasks: readonly TaskReport[];
  readonly warnings: readonly Warning[];
  /** What stood in an arm's training text of what it was measured on: shares of runs of 13 words, and of 5. */
  readonly overlaps: readonly {
    readonly arm: string;
    readonly domain: string;
    readonly share: number;
    readonly resemblance: number;
    readonly contaminatedItems: number;
    readonly items: number;
  }[];
  /** What this scale cannot tell: sentences. */
  readonly limits: readonly string[];
  /** Leave-one-stage-out, where it was asked for. */
  readonly attribution: readonly StageEffect[];
  /** Pages that one arm kept and the other dropped. `text` is how the page begins; absent where page text is kept out of reports. */
  readonly samples: readonly PageSample[];
  /** What is left of the verdicts after alignment, where the experiment aligns its models. */
  readonly alignment?: AlignmentReport;
  /** For every model, what made it. */
  readonly provenance: readonly Provenance[];
  /** Of this machine: part of no id. */
  readonly measured: {
    readonly machine: string;
    readonly seconds: number;
    readonly units: readonly { readonly unit: string; readonly reused: boolean; readonly seconds: number }[];
  };
}

export type Metric = "bits-per-byte" | "answer-bits-per-byte";

export interface ArmReport {
  readonly name: string;
  /** How it differs from the base, a line a change; none for the base. */
  readonly changes: readonly string[];
  /** The recipe's stages, a line each. */
  readonly stages: readonly string[];
  /** Pages that passed each step, in order; all that entered first. */
  readonly funnel: readonly { readonly step: string; readonly pages: number }[];
  /** Mean over seeds of the metric, with an interval over seeds and documents. */
  readonly score: Estimate;
  readonly bySeed: readonly {
    readonly seed: number;
    readonly score: number;
    readonly trainingLoss: number;
    readonly model: string;
  }[];
  /** Training loss at steps, by seed. */
  readonly curves: readonly {
    readonly seed: number;
    readonly points: readonly { readonly tokens: number; readonly loss: number }[];
  }[];
  readonly costs: CostReport;
  /** Epochs that training took through the arm's data, the largest over seeds. */
  readonly epochs: number;
  /** Shares of kept text bytes by language and by the largest hosts ("coverage"). */
  readonly languages: readonly { readonly name: string; readonly share: number }[];
  readonly hosts: readonly { readonly name: string; readonly share: number }[];
  /** What stages measured, as histograms of pages: `edges` has one more entry than `kept` and `dropped`. */
  readonly scores: readonly {
    readonly stage: string;
    readonly name: string;
    readonly edges: readonly number[];
    readonly kept: readonly number[];
    readonly dropped: readonly number[];
  }[];
}

/** What an arm costs. Seconds and money are those of the machine that computed it: like `measured`, part of no id. */
export interface CostReport {
  readonly bySource: readonly {
    readonly source: string;
    readonly pagesIn: number;
    readonly pagesKept: number;
    readonly bytesIn: number;
    readonly textBytes: number;
    readonly tokens: number;
    readonly money: number | undefined;
  }[];
  readonly tokensTrained: number;
  readonly textBytesTrained: number;
  readonly trainingFlops: number;
  readonly curationCpuSeconds: number;
  readonly trainingSeconds: number;
  /** In the currency of the rates that the experiment states. */
  readonly money: number | undefined;
  readonly currency: string | undefined;
}

/** Bits per byte of one domain. */
export interface DomainReport {
  readonly name: string;
  /** "held-out" counts in the metric; "shift" is the crawl's own loss, which ranks nothing; "task" is a task's gold answers. */
  readonly role: "held-out" | "shift" | "task";
  readonly items: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly byArm: readonly (Estimate & { readonly arm: string })[];
}

export interface TaskReport {
  readonly name: string;
  readonly items: number;
  /** What guessing reaches. */
  readonly chance: number | undefined;
  readonly byArm: readonly {
    readonly arm: string;
    /** Metric → mean over seeds, with its standard error over items. */
    readonly metrics: readonly { readonly name: string; readonly value: number; readonly stderr: number }[];
  }[];
}

/** Every model went through the same stages; measured before the first and after each. */
export interface AlignmentReport {
  /** What answers were drawn to; undefined where only bits per byte were measured. */
  readonly prompts: number | undefined;
  readonly verifiers: readonly string[];
  readonly before: AlignmentPoint;
  readonly stages: readonly AlignmentStage[];
  /** A row for every pair of arms. */
  readonly persistence: readonly Persistence[];
  /** What rankings of so few arms can say, in a sentence. */
  readonly rankLimits: string;
  /** Of the pair that the hypothesis is about. */
  readonly conclusion: { readonly sentence: string; readonly survives: boolean | undefined };
}

/**
 * The models at one time. Scores are means over seeds, prompts and answers, from 0 to 1 where one verifier scores, and more
 * is better. Pairs of scores are of their negatives, so that below zero the first arm is better, as everywhere.
 */
export interface AlignmentPoint {
  readonly byArm: readonly { readonly arm: string; readonly bitsPerByte: Estimate; readonly score?: Estimate }[];
  /** By the seeds at hand, before as after: what a noise floor resolves beyond that could not be looked for again. */
  readonly pairs: readonly PairComparison[];
  readonly scorePairs: readonly PairComparison[] | undefined;
}

export interface AlignmentStage extends AlignmentPoint {
  readonly name: string;
  readonly method: string;
  /** Bits per byte now minus before the first stage, paired by seed and document: above zero, alignment cost something. */
  readonly tax: readonly ArmChange[];
  /** Score now minus before. */
  readonly gain: readonly ArmChange[] | undefined;
  /** By how much differences between arms are other than before: this, not a verdict that came or went, tells of a change. */
  readonly changes: readonly PairComparison[];
  readonly scoreChanges: readonly PairComparison[] | undefined;
  /** Kendall's τ of the arms' order before and now; `carried` is of bits per byte before and scores now. */
  readonly ranks: {
    readonly bitsPerByte: number | undefined;
    readonly score: number | undefined;
    readonly carried: number | undefined;
  };
  /** A model, on the average: tokens, labels, judgements. */
  readonly spent: Readonly<Record<string, number>>;
}

export interface ArmChange extends Estimate {
  readonly arm: string;
}

export type Fate = "persists" | "reversed" | "no longer resolved" | "not resolved before" | "not decided";

/** A verdict before, what it was after each stage, and what became of it in the end. */
export interface VerdictPath {
  readonly before: Verdict | undefined;
  readonly after: readonly (Verdict | undefined)[];
  readonly fate: Fate;
}

export interface Persistence {
  readonly arm: string;
  readonly against: string;
  readonly bitsPerByte: VerdictPath;
  readonly score: VerdictPath | undefined;
  /** From the verdict on bits per byte before to that on scores after. */
  readonly carried: VerdictPath | undefined;
  readonly sentence: string;
}

export interface Warning {
  /** A stable kebab-case word: resemblance, contamination, epochs, budget, tokenizer, single-seed, … */
  readonly kind: string;
  readonly message: string;
}

export interface StageEffect {
  readonly stage: string;
  /** Tokens that come back where the stage is left out. */
  readonly tokensRemoved: number;
  /** Full recipe minus the recipe without the stage: below zero the stage helps. */
  readonly effect: PairComparison;
  readonly orderMatters: boolean;
}

export interface PageSample {
  readonly keptBy: string;
  readonly droppedBy: string;
  readonly url: string;
  readonly sha256: string;
  readonly stage: string;
  readonly reason: string;
  readonly value: number | undefined;
  readonly text: string | undefined;
}

export interface Provenance {
  readonly arm: string;
  readonly seed: number;
  /** Id of the curation run's manifest, and of the packed rows'; digest of the model's checkpoint. */
  readonly run: string;
  readonly rows: string;
  readonly checkpoint: string;
  readonly command: string;
}

/** The file of a report that holds its data. */
export const COMPARISON_JSON = "comparison.json";
