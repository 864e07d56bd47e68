/** Verifiers that nothing is learned from, asked about the same answers as those that reward. */
import type { ParameterValues } from "../../model/parameters.ts";
import type { VerifierUse } from "../config.ts";
import type { Bench, Metrics } from "../method.ts";
import { placeIn } from "../read-data.ts";
import { JudgedSampler } from "./judged-sampler.ts";
import type { Rollout } from "./rollouts.ts";

export class ProbeJudge {
  readonly #judge: JudgedSampler | undefined;

  static async open(bench: Bench, values: ParameterValues, uses: readonly VerifierUse[]): Promise<ProbeJudge> {
    const judge =
      uses.length === 0 ? undefined : await JudgedSampler.open(bench, values, uses, placeIn(bench, ["probe"]));
    return new ProbeJudge(judge);
  }

  private constructor(judge: JudgedSampler | undefined) {
    this.#judge = judge;
  }

  /** What of the verifiers decides scores, under the name that a run's inputs have for it. Nothing where there are none. */
  get inputs(): Readonly<Record<string, string>> {
    return this.#judge === undefined ? {} : { probe: JSON.stringify(this.#judge.identity) };
  }

  async measure(rollouts: readonly Rollout[]): Promise<Metrics> {
    if (this.#judge === undefined) return {};
    const judged = await this.#judge.judge(rollouts);
    return { "probe/mean": judged.reduce((sum, { reward }) => sum + reward, 0) / judged.length };
  }

  async close(): Promise<void> {
    await this.#judge?.close();
  }
}
