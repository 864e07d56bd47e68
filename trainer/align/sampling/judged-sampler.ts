/** A model asked and judged: prompts ─ draw ─▶ rollouts ─ verify ─▶ rewards. */
import { failpoint } from "../../../pipeline/failpoints.ts";
import type { WorkHooks } from "../../../pipeline/work-hooks.ts";
import { CachedModel } from "../../generate/cached-model.ts";
import { PlainDecoder } from "../../generate/generator.ts";
import type { ParameterValues } from "../../model/parameters.ts";
import type { AlignPlan, VerifierUse } from "../config.ts";
import type { TokenizedPrompt } from "../examples/tokenize.ts";
import { type BoundVerifier, resolveVerifiers } from "../judging/resolve.ts";
import { countFailures, failuresOf, type Judged, VerifierPool } from "../judging/verifier-pool.ts";
import type { Bench, Sample } from "../method.ts";
import { type DrawOptions, type Rollout, rollOut } from "./rollouts.ts";

export interface JudgedRollout extends Rollout, Judged {}

/** What of a bench asking takes: paths of verifiers are relative to the plan's folder. */
export interface Asking extends Pick<Bench, "model" | "tokenizer" | "template" | "backend" | "note"> {
  readonly plan: Pick<AlignPlan, "folder">;
}

export class JudgedSampler {
  /** What of the verifiers decides scores. */
  readonly identity: readonly unknown[];
  readonly #bench: Asking;
  readonly #model: CachedModel;
  readonly #pool: VerifierPool;
  /** Failures that people know of, by verifier and reason. */
  readonly #told = new Set<string>();

  /** `values` are read as they are by the time of each draw. `place` is where the config has the verifiers. */
  static async open(
    bench: Asking,
    values: ParameterValues,
    uses: readonly VerifierUse[],
    place: string,
  ): Promise<JudgedSampler> {
    const verifiers = await resolveVerifiers(uses, { baseDir: bench.plan.folder, place });
    return new JudgedSampler(bench, values, verifiers);
  }

  private constructor(bench: Asking, values: ParameterValues, verifiers: readonly BoundVerifier[]) {
    this.#bench = bench;
    this.#model = new CachedModel(bench.model, values, bench.backend);
    this.#pool = new VerifierPool(verifiers);
    this.identity = verifiers.map(({ identity }) => identity);
  }

  /** Questions that the verifiers can judge answers to; people are told of the others. */
  async usable(questions: readonly TokenizedPrompt[]): Promise<TokenizedPrompt[]> {
    const faulty = await this.#pool.faultyRows(questions.map(({ prompt }) => prompt));
    for (const { count, place, verifier, message } of countFailures(faulty)) {
      this.#bench.note(`${count} of ${questions.length} rows cannot be verified: ${place}: ${verifier}: ${message}`);
    }
    const places = new Set(faulty.map(({ place }) => place));
    return questions.filter(({ prompt }) => !places.has(prompt.place));
  }

  async draw(questions: readonly TokenizedPrompt[], options: DrawOptions, hooks?: WorkHooks): Promise<JudgedRollout[]> {
    return await this.judge(await this.roll(questions, options, hooks));
  }

  /** Responses that nobody has judged yet. */
  async roll(questions: readonly TokenizedPrompt[], options: DrawOptions, hooks?: WorkHooks): Promise<Rollout[]> {
    return await rollOut(new PlainDecoder(this.#model), this.#bench, questions, options, hooks);
  }

  /** What the verifiers say of responses that were drawn elsewhere. */
  async judge(rollouts: readonly Rollout[]): Promise<JudgedRollout[]> {
    const judged = await this.#pool.judge(
      rollouts.map(({ text, question: { prompt }, isCut, ids }) => ({
        response: text,
        asked: { ...prompt, isCut, tokens: ids.length },
      })),
    );
    const failures = failuresOf(
      rollouts.map(({ question }) => question.prompt),
      judged,
    );
    for (const { place, verifier, reason, message } of countFailures(failures)) {
      const kind = `${verifier} ${reason}`;
      if (this.#told.has(kind)) continue;
      this.#told.add(kind);
      this.#bench.note(
        `verifier ${verifier} failed (${reason}), at ${place}: ${message}; how often, the log's "failed" tells`,
      );
    }
    failpoint("judge");
    return rollouts.map((rollout, n) => ({ ...rollout, ...judged[n]! }));
  }

  async close(): Promise<void> {
    await this.#pool.close();
    await this.#model.close();
  }
}

/** The first rollouts, to be read. */
export function samplesOf(step: number, rollouts: readonly JudgedRollout[], count: number): Sample[] {
  return rollouts.slice(0, count).map(({ question: { prompt }, text, reward, verified }) => ({
    step,
    place: prompt.place,
    prompt: prompt.messages.at(-1)?.content ?? "",
    response: text,
    scores: { reward, ...Object.fromEntries(Object.entries(verified).map(([label, { score }]) => [label, score])) },
  }));
}
