import { RecipeError } from "../../../pipeline/errors.ts";
import { KillableThread, type Outcome } from "../../../pipeline/killable-thread.ts";
import { engineModule } from "../../../pipeline/modules.ts";
import type { Prompt } from "../examples/example.ts";
import type { Asked, FailureReason, Verified } from "../verifiers/verifier.ts";
import type { BoundVerifier } from "./resolve.ts";
import { combine } from "./rewards.ts";
import type { VerifyRequest } from "./verifier-thread.ts";
import { failed, verifyOne } from "./verify-one.ts";

export interface Answered {
  readonly response: string;
  readonly asked: Asked;
}

/** What verifiers say of a response, each under its label, and what that is worth. */
export interface Judged {
  readonly reward: number;
  readonly verified: Readonly<Record<string, Verified>>;
}

export interface PoolLimits {
  /** For one response, by one verifier. */
  readonly deadlineMs: number;
  readonly maxMemoryMb: number;
}

const LIMITS: PoolLimits = { deadlineMs: 2000, maxMemoryMb: 512 };

/** A verifier that leaks gets a new thread before that tells. */
const MAX_REQUESTS = 20_000;

const MOST_LATE_ROWS = 3;

/**
 * Judges responses, in their order. No verifier ends a run: one that throws, gives no number from 0 to 1, loops for ever or
 * takes all memory has failed on that response, which scores 0 there. Those that may hang run in a thread of their own.
 *
 * A clock has a say in what is too late: whoever needs the same scores again keeps the ones given. A response is
 * asked about twice before that, each time with the whole deadline, so that a machine that was busy for a moment, or
 * memory that responses before had leaked, decides nothing.
 */
export class VerifierPool {
  private readonly verifiers: readonly BoundVerifier[];
  private readonly apart: readonly BoundVerifier[];
  private readonly limits: PoolLimits;
  private readonly thread: KillableThread<VerifyRequest, Verified>;

  constructor(verifiers: readonly BoundVerifier[], limits: Partial<PoolLimits> = {}) {
    this.verifiers = verifiers;
    this.apart = verifiers.filter(({ apart }) => apart);
    this.limits = { ...LIMITS, ...limits };
    this.thread = new KillableThread(
      engineModule("trainer/align/judging/verifier-thread"),
      { ...this.limits, maxRequests: MAX_REQUESTS },
      this.apart.map(({ spec }) => spec),
    );
  }

  async judge(answered: readonly Answered[]): Promise<Judged[]> {
    const judged: Judged[] = [];
    for (const one of answered) {
      const verified: Record<string, Verified> = {};
      for (const verifier of this.verifiers) verified[verifier.label] = await this.verify(verifier, one);
      judged.push({ reward: combine(this.verifiers, verified), verified });
    }
    return judged;
  }

  /**
   * Rows that a verifier cannot judge responses to, whatever these are: a field is missing, the answer is no number. It is
   * found by judging an empty response, before a model is asked for any. Raises RecipeError where a verifier does not
   * come to an end even with these: that of thousands of rows would take a day.
   */
  async faultyRows(prompts: readonly Prompt[]): Promise<Failure[]> {
    const faulty: Failure[] = [];
    for (const prompt of prompts) {
      const judged = await this.judge([{ response: "", asked: { ...prompt, isCut: false, tokens: 0 } }]);
      const found = failuresOf([prompt], judged);
      faulty.push(...found);
      if (!found.some(({ reason }) => reason === "timeout")) continue;
      const late = countFailures(faulty).find(({ reason, count }) => reason === "timeout" && count >= MOST_LATE_ROWS);
      if (late === undefined) continue;
      throw new RecipeError(
        `verifier "${late.verifier}": ${late.message}, on empty responses to ${late.count} rows (the first is ${late.place}); expected it to come to an end`,
      );
    }
    return faulty;
  }

  async close(): Promise<void> {
    await this.thread.stop();
  }

  private async verify(verifier: BoundVerifier, { response, asked }: Answered): Promise<Verified> {
    if (!verifier.apart) return verifyOne(verifier.definition, verifier.spec.params, response, asked);
    const request = { verifier: this.apart.indexOf(verifier), response, asked };
    let outcome = await this.thread.ask(request);
    if (outcome.kind === "timeout" || outcome.kind === "out-of-memory") outcome = await this.thread.ask(request);
    return outcome.kind === "reply" ? outcome.reply : failed(outcome.kind, this.describe(outcome));
  }

  private describe(outcome: Exclude<Outcome<Verified>, { kind: "reply" }>): string {
    if (outcome.kind === "timeout") return `no answer after ${this.limits.deadlineMs / 1000} s, twice`;
    if (outcome.kind === "out-of-memory") return `needed more than ${this.limits.maxMemoryMb} MB`;
    return outcome.error.message;
  }
}

/** A response, or a row, that a verifier failed on. */
export interface Failure {
  readonly place: string;
  readonly verifier: string;
  readonly reason: FailureReason;
  readonly message: string;
}

export function failuresOf(asked: readonly { readonly place: string }[], judged: readonly Judged[]): Failure[] {
  return judged.flatMap(({ verified }, i) =>
    Object.entries(verified).flatMap(([verifier, { failure: reason, message = "" }]) =>
      reason === undefined ? [] : [{ place: asked[i]!.place, verifier, reason, message }],
    ),
  );
}

/** Failures of a kind: how many, and the first. */
export interface FailureCount extends Failure {
  readonly count: number;
}

/** Counts failures by verifier and reason, in the order in which they first came. */
export function countFailures(failures: readonly Failure[]): FailureCount[] {
  const counts = new Map<string, FailureCount>();
  for (const failure of failures) {
    const key = `${failure.verifier} ${failure.reason}`;
    const known = counts.get(key) ?? { ...failure, count: 0 };
    counts.set(key, { ...known, count: known.count + 1 });
  }
  return [...counts.values()];
}
