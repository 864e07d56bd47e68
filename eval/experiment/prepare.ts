/** An experiment with nothing left open: recipes bound, inputs found, trainings decided; no page is read yet. */
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { digestOf } from "../../pipeline/canonical.ts";
import { RecipeError } from "../../pipeline/errors.ts";
import { makePlan, type Plan } from "../../pipeline/plan.ts";
import { type CheckedRecipe, checkRecipe, type Registry } from "../../pipeline/recipe.ts";
import type { ShardTokenizer } from "../../pipeline/shard.ts";
import type { ByteLevelTokenizer } from "../../tokenizer/byte-level.ts";
import { shardTokenizer } from "../../tokenizer/shards.ts";
import { type Account, accountOf } from "../../trainer/account.ts";
import { planOf, type TrainPlan } from "../../trainer/config.ts";
import { type PreparedAlignment, pathOrName, prepareAlignment } from "./align/prepare-alignment.ts";
import { type Arm, armsOf } from "./arms.ts";
import type { Experiment } from "./experiment.ts";
import { expectSound, lintData, lintExperiment } from "./lint.ts";
import { Store } from "./store.ts";

export interface PreparedArm {
  readonly arm: Arm;
  readonly recipe: CheckedRecipe;
  readonly plan: Plan;
  /** Numbers of stages, at the beginning, that it has in common with another arm: they run once. */
  readonly sharedAfter: readonly number[];
  /** What decides the curation. Arms of equal recipes have equal keys, and share the work. */
  readonly key: string;
}

export interface Prepared {
  readonly experiment: Experiment;
  /** The base first. */
  readonly arms: readonly PreparedArm[];
  readonly tokenizer: ByteLevelTokenizer & ShardTokenizer;
  /** What the training of every arm has in common; data, seed and out are open. */
  readonly training: TrainPlan;
  /** Of the model, for a batch of the training. */
  readonly account: Account;
  /** What every model is put through, where the experiment says so. */
  readonly alignment: PreparedAlignment | undefined;
  readonly store: Store;
}

/** Raises RecipeError for what is no experiment, listing all that is wrong, and for recipes that cannot run. */
export async function prepare(
  experiment: Experiment,
  { registry, cache }: { readonly registry: Registry; readonly cache: string },
): Promise<Prepared> {
  expectSound(lintExperiment(experiment));
  const tokenizerPath = pathOrName(experiment.tokenizer, experiment.folder);
  const tokenizer = await shardTokenizer(tokenizerPath);
  const store = new Store(resolve(cache));
  const bound: Omit<PreparedArm, "sharedAfter">[] = [];
  for (const [n, arm] of armsOf(experiment).entries()) {
    const keys = n === 0 ? ["base"] : ["variants", n - 1];
    bound.push(await prepareArm(arm, { registry, store, tokenizerPath, where: experiment.locate(keys) }));
  }
  const arms = bound.map((arm) => ({ ...arm, sharedAfter: sharedWith(arm, bound) }));
  expectSound(
    await lintData(
      experiment,
      arms.map(({ plan }) => plan),
    ),
  );
  const training = trainingOf(experiment, tokenizer.vocabSize);
  const account = accountOf(training.model, { batch: training.sequences, contextLength: training.contextLength });
  const alignment = await prepareAlignment(experiment, { tokenizer, tokenizerPath, training });
  const prepared = { experiment, arms, tokenizer, training, account, alignment, store };
  if (experiment.budget.bytes === undefined) tokensOf(prepared, Number.NaN); // Raises early.
  return prepared;
}

async function prepareArm(
  arm: Arm,
  options: {
    readonly registry: Registry;
    readonly store: Store;
    readonly tokenizerPath: string;
    readonly where: string;
  },
): Promise<Omit<PreparedArm, "sharedAfter">> {
  const { registry, store, tokenizerPath, where } = options;
  const { name, source, stages, rest, folder } = arm;
  const sink = { use: "shards", with: { dir: join(store.root, "curated"), tokenizer: tokenizerPath } };
  const draft = await checkRecipe(
    { ...rest, name, source, stages, sink },
    { registry, baseDir: folder, locate: () => `${where}: arm "${name}"` },
  );
  const plan = await makePlan(draft);
  const key = digestOf({ reads: plan.spans.map(({ readKey }) => readKey) });
  const dir = store.place("curated", key);
  const spec = { ...draft.sink.spec, params: { ...(draft.sink.spec.params as object), dir } };
  const recipe = { ...draft, sink: { ...draft.sink, spec } };
  return { arm, recipe, plan: { ...plan, recipe }, key };
}

/** How many stages an arm has in common with each of the others, from the source on. */
function sharedWith({ recipe }: Pick<PreparedArm, "recipe">, arms: readonly Pick<PreparedArm, "recipe">[]): number[] {
  const same = (a: unknown, b: unknown): boolean => digestOf(a) === digestOf(b);
  const { source, stages, seed, limits } = recipe;
  const counts = arms
    .map((arm) => arm.recipe)
    .filter(
      (other) =>
        other !== recipe && same([source.identity, seed, limits], [other.source.identity, other.seed, other.limits]),
    )
    .map((other) => {
      const first = stages.findIndex((stage, n) => !same(stage.identity, other.stages[n]?.identity ?? null));
      return first < 0 ? stages.length : first;
    });
  return [...new Set(counts)].sort((a, b) => a - b);
}

/** A config for any of the experiment's trainings: what is open is filled in later. */
function trainingOf(experiment: Experiment, vocabSize: number): TrainPlan {
  const { model, train, name, folder, locate } = experiment;
  const fields = typeof model === "string" ? { preset: model } : model;
  if (fields.vocabSize !== undefined && Number(fields.vocabSize) < vocabSize) {
    throw new RecipeError(
      `${locate(["model", "vocabSize"])}: found ${String(fields.vocabSize)}, but the tokenizer has ${vocabSize} ids: leave it out`,
    );
  }
  // A model is measured with the context that it was trained with.
  const context = train.contextLength === undefined ? {} : { contextLength: train.contextLength };
  // Several trainings of one thread each are faster than one of several.
  const config = {
    threads: 1,
    ...train,
    name,
    model: { vocabSize, ...fields, ...context },
    data: ".",
    out: ".",
    steps: 1,
  };
  return planOf(config, (path) => locate(["train", ...path]), folder);
}

/** Models that are trained at once, unless it is said: as many as the cores have threads for. A GPU has one. */
export function jobsAtOnce({ training: { backend, threads } }: Prepared): number {
  if (isOnGpu(backend)) return 1;
  return Math.max(1, Math.floor(availableParallelism() / (threads ?? 1)));
}

export function isOnGpu(backend: TrainPlan["backend"]): boolean {
  return backend === "onnx-cuda" || backend === "onnx-webgpu";
}

/** Tokens that an arm is trained on, of `bytesPerToken`. Raises RecipeError for more than can be counted. */
export function tokensOf({ experiment: { budget, locate }, account }: Prepared, bytesPerToken: number): number {
  const tokens =
    budget.tokens ??
    Math.ceil(budget.bytes === undefined ? budget.flops! / account.trainingFlops.token : budget.bytes / bytesPerToken);
  if (Number.isSafeInteger(tokens)) return tokens;
  throw new RecipeError(`${locate(["budget"])}: comes to ${tokens} tokens an arm, expected fewer than 2^53: give less`);
}
