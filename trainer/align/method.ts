/**
 * A method of alignment: options of its own, and steps that each make a model a little better at something. One file each
 * in `methods/`, a line in its index; what all have in common (the model, checkpoints, the log, evaluation) is `run.ts`.
 */
import type { z } from "zod";
import type { Tokenizer } from "../../pipeline/tokenizer.ts";
import type { WorkHooks } from "../../pipeline/work-hooks.ts";
import type { Backend } from "../backends/backend.ts";
import type { ParameterValues } from "../model/parameters.ts";
import type { Transformer } from "../model/transformer.ts";
import type { AlignPlan } from "./config.ts";
import type { Learner } from "./learning/learner.ts";
import type { Template } from "./templates/template.ts";

/** Numbers of a step by name, as the log and the report have them: `loss`, `reward/mean`, `kl` … */
export type Metrics = Readonly<Record<string, number>>;

/** What a method works with. */
export interface Bench {
  readonly plan: AlignPlan;
  readonly model: Transformer;
  /** Of the model to begin from, by name; a method changes them in place. */
  readonly values: ParameterValues;
  /** A digest of it. */
  readonly beginning: string;
  readonly tokenizer: Tokenizer;
  readonly template: Template;
  readonly backend: Backend;
  /** The run's folder: what a method leaves there is written by `artifactRows`, and told by `artifacts`. */
  readonly out: string;
  /** Makes a path of the config absolute. */
  readonly resolvePath: (path: string) => string;
  /** Tells people something that no number says: rows that were skipped, and why. */
  readonly note: (message: string) => void;
  /** Ends the run: long work between steps looks at it. */
  readonly signal?: AbortSignal | undefined;
  /** For long work between steps: people are told of it by this name. */
  readonly working: (what: string) => WorkHooks;
}

/** Text of a model to be read by people: `samples.jsonl`. */
export interface Sample {
  readonly step: number;
  readonly place: string;
  readonly prompt: string;
  readonly response: string;
  readonly scores: Metrics;
}

export interface StepOutcome {
  readonly metrics: Metrics;
  readonly samples?: readonly Sample[];
}

/** A file that later stages read, and a run's manifest tells of. */
export interface Artifact {
  /** Relative to the run's folder. */
  readonly path: string;
  readonly kind: string;
}

/** A method at work. All that a step does follows from the config, its number, and files that were written before it. */
export interface Method {
  readonly learner: Learner;
  /** Known once the method is prepared. */
  readonly steps: number;
  /** Of what the steps follow from, by name: part of the run's identity. */
  readonly inputs: Readonly<Record<string, string>>;
  /**
   * Makes what the steps learn from, where that is files of the run's folder; asked once it is certain that the folder is
   * this run's, and while the model is the one to begin from. What it spent and found is logged as step 0.
   */
  prepare?(): Promise<Metrics>;
  /** Step `n`, from 1. */
  step(n: number): Promise<StepOutcome>;
  /** Measures of its own, beside those that every method has: asked before, after, and with `evaluate.every`. */
  measure?(): Promise<Metrics>;
  /** Whether it is measured behind step `n`, whatever the config says. */
  isMeasuredAt?(n: number): boolean;
  /** What was written by now. */
  artifacts?(): readonly Artifact[];
  close(): Promise<void>;
}

/** A field of the config, and what was found and expected there. */
export interface Complaint {
  readonly field: string;
  readonly message: string;
}

// A list of methods does not know each one's options.
// biome-ignore lint/suspicious/noExplicitAny: `unknown` would refuse every concrete method
export interface MethodDefinition<O extends z.ZodObject = any> {
  readonly name: string;
  /** In half a line, for help. */
  readonly summary: string;
  /** A config, for help. */
  readonly example: string;
  /** Fields of a config that it has beyond those of all methods. */
  readonly options: O;
  /** Steps between checkpoints, where the config does not say: 50, or fewer where steps are long. */
  readonly checkpointEvery?: number;
  /** What is wrong with options that are each right. */
  complaint?(options: z.output<O>): Complaint | undefined;
  begin(bench: Bench, options: z.output<O>): Promise<Method>;
}

export function defineMethod<O extends z.ZodObject>(definition: MethodDefinition<O>): MethodDefinition<O> {
  return definition;
}
