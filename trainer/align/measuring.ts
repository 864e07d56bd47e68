/** What a model is measured by before, during and after: verifiers on prompts of their own, and bits per byte of held-out text. */
import { RecipeError } from "../../pipeline/errors.ts";
import type { Tokenizer } from "../../pipeline/tokenizer.ts";
import { Evaluator } from "../evaluate.ts";
import { openLoader } from "../loader.ts";
import type { Bench, Metrics, StepOutcome } from "./method.ts";
import { placeIn } from "./read-data.ts";
import { samplesOf } from "./sampling/judged-sampler.ts";
import { openQuestions } from "./sampling/open-questions.ts";
import { verifierMeans } from "./sampling/rollout-metrics.ts";

/** Held-out rows are the same for every run. */
const HELD_OUT = { seed: 0, rows: 256 } as const;
/** Of an evaluation, kept to be read. */
const SAMPLES = 8;

export interface Measuring {
  /** The model as it is now, which has taken `step` steps. No metrics where a config asks for none. */
  measure(step: number): Promise<StepOutcome>;
  close(): Promise<void>;
}

export async function openMeasuring(
  bench: Bench,
  bytesOfId: (tokenizer: Tokenizer) => ArrayLike<number>,
): Promise<Measuring> {
  const asked = await openAnswers(bench);
  const heldOut = await openHeldOut(bench, bytesOfId).catch(async (error: unknown) => {
    await asked?.close();
    throw error;
  });
  return {
    async measure(step) {
      const answers = await asked?.measure(step);
      return {
        metrics: { ...answers?.metrics, ...(await heldOut?.measure()) },
        samples: answers?.samples ?? [],
      };
    },
    async close() {
      await asked?.close();
      await heldOut?.close();
    },
  };
}

async function openAnswers(bench: Bench): Promise<Measuring | undefined> {
  const { evaluate } = bench.plan;
  if (evaluate === undefined) return undefined;
  const { sampler, questions } = await openQuestions(bench, bench.values, evaluate, { under: ["evaluate"] });
  return {
    async measure(step) {
      const drawing = { ...evaluate, seed: bench.plan.seed, purpose: "evaluate" };
      // A step is whole with its evaluation: only what comes before the first is ended in between.
      const hooks = { ...bench.working("evaluating"), ...(step > 0 && { signal: undefined }) };
      const rollouts = await sampler.draw(questions, drawing, hooks);
      const means = Object.entries(verifierMeans(rollouts)).map(([name, value]) => [`evaluate/${name}`, value]);
      const cut = rollouts.filter(({ isCut }) => isCut).length / Math.max(1, rollouts.length);
      return {
        metrics: { ...(Object.fromEntries(means) as Metrics), "evaluate/truncated": cut },
        samples: samplesOf(step, rollouts, SAMPLES),
      };
    },
    close: () => sampler.close(),
  };
}

async function openHeldOut(
  { plan, model, values, backend, tokenizer }: Bench,
  bytesOfId: (tokenizer: Tokenizer) => ArrayLike<number>,
): Promise<{ measure(): Promise<Metrics>; close(): Promise<void> } | undefined> {
  if (plan.heldOut === undefined) return undefined;
  const loader = await openLoader({
    sources: [{ folder: plan.heldOut }],
    contextLength: model.config.contextLength,
    seed: HELD_OUT.seed,
    documentMasks: true,
  });
  if (loader.tokenizer.digest !== tokenizer.digest) {
    await loader.close();
    throw new RecipeError(
      `${placeIn({ plan }, ["heldOut"])}: ${plan.heldOut} was encoded with ${loader.tokenizer.name}, the model reads ${tokenizer.name}; encode it anew`,
    );
  }
  const evaluator = await Evaluator.begin(model, values, backend, loader, {
    rows: HELD_OUT.rows,
    sequences: plan.sequences,
    bytesOfId: bytesOfId(tokenizer),
  });
  return {
    async measure() {
      const { loss, bitsPerByte } = await evaluator.evaluate();
      return { "heldOut/loss": loss, ...(bitsPerByte !== undefined && { "heldOut/bitsPerByte": bitsPerByte }) };
    },
    async close() {
      await evaluator.close();
      await loader.close();
    },
  };
}
