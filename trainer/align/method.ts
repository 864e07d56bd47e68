/**
 * A method of alignment: options of its own, and steps that each make a model a little better at something. One file each
 * in `methods/`, a line in its index; what all have in common (the model, checkpoints, the log, evaluation) is `run.ts`.
 */
import type { z } from "zod";
import type { Tokenizer } from "../../pipeline/tokenizer.ts";
import type { Backend } from "../backends/backend.ts";
import type { ParameterValues } from "../model/parameters.ts";
import type { Transformer } from "../model/transformer.ts";
import type { AlignPlan } from "./config.ts";
import type { Learner } from "./learner.ts";
import type { Template } from "./templates/template.ts";

/** Numbers of a step by name, as the log and the report have them: `loss`, `reward/mean`, `kl` … */
export type Metrics = Readonly<Record<string, number>>;

/** What a method works with. */
export interface Bench {
  readonly plan: AlignPlan;
  readonly model: Transformer;
  /** Of the model to begin from, by name; a method changes them in place. */
  readonly values: ParameterValues;
  readonly tokenizer: Tokenizer;
  readonly template: Template;
  readonly backend: Backend;
  /** The run's folder: what a method leaves there is written durably, and told by `artifact`. */
  readonly out: string;
  /** Makes a path of the config absolute. */
  readonly resolvePath: (path: string) => string;
  /** Tells people something that no number says: rows that were skipped, and why. */
  readonly note: (message: string) => void;
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
  readonly steps: number;
  /** Of what the steps learn from, by name: part of the run's identity. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Step `n`, from 1. */
  step(n: number): Promise<StepOutcome>;
  /** What was written by now. */
  artifacts?(): readonly Artifact[];
  close(): Promise<void>;
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
  begin(bench: Bench, options: z.output<O>): Promise<Method>;
}

export function defineMethod<O extends z.ZodObject>(definition: MethodDefinition<O>): MethodDefinition<O> {
  return definition;
}
