/**
 * Answers as files, where what is learned from them is decided later: generate ─▶ PREFIXgenerations.jsonl ─ annotate ─▶
 * PREFIXjudgements.jsonl. A run that was ended goes on behind the last file that is whole.
 */
import { digestOf } from "../../../pipeline/canonical.ts";
import { type ArtifactRows, artifactRows } from "../artifact.ts";
import { digestOfQuestions } from "../digests.ts";
import type { TokenizedPrompt } from "../examples/tokenize.ts";
import type { Judged } from "../judging/verifier-pool.ts";
import type { Artifact, Bench } from "../method.ts";
import type { JudgedRollout, JudgedSampler } from "./judged-sampler.ts";
import type { DrawOptions, Rollout } from "./rollouts.ts";

/** A line of generations. */
interface Generation {
  readonly place: string;
  /** Which of the answers to the question, from 1. */
  readonly sample: number;
  readonly response: string;
  readonly isCut: boolean;
  readonly ids: readonly number[];
}

/** A line of judgements. */
interface JudgementLine extends Judged {
  readonly place: string;
  readonly sample: number;
}

export interface JudgedAnswers {
  /** Answers to one question one after the other. */
  readonly rollouts: readonly JudgedRollout[];
  /** Of generations and judgements: part of the key of what is made from them. */
  readonly digest: string;
}

export interface AskOptions {
  readonly sampler: JudgedSampler;
  readonly questions: readonly TokenizedPrompt[];
  readonly drawing: DrawOptions;
  /** Digest of the model's parameters. */
  readonly policy: string;
  /** What the files' names begin with. */
  readonly prefix: string;
}

export async function judgedAnswers(
  bench: Bench,
  { sampler, questions, drawing, policy, prefix }: AskOptions,
): Promise<JudgedAnswers> {
  const { out, tokenizer, template, plan, signal } = bench;
  const [generationFile, judgementFile] = answerFiles(prefix);
  const { samples } = drawing;
  const at = (n: number) => ({ place: questions[Math.floor(n / samples)]!.prompt.place, sample: (n % samples) + 1 });
  const generationKey = digestOf({
    ...{ policy, drawing, template },
    questions: digestOfQuestions(questions),
    tokenizer: tokenizer.digest,
    backend: plan.backend,
  });
  signal?.throwIfAborted();
  const generations: ArtifactRows<Generation> = await artifactRows(out, generationFile, generationKey, async () => {
    const drawn = await sampler.roll(questions, drawing, bench.working("drawing answers"));
    return drawn.map(({ text, isCut, ids }, n) => ({ ...at(n), response: text, isCut, ids }));
  });
  const rollouts = generations.rows.map(
    ({ response, isCut, ids }, n): Rollout => ({
      question: questions[Math.floor(n / samples)]!,
      ids,
      text: response,
      isCut,
    }),
  );
  signal?.throwIfAborted();
  // Kept, whatever they hang on: a verifier that was too late once may not be another time.
  const judgementKey = digestOf({ generationKey, generations: generations.sha256, verifiers: sampler.identity });
  const judgements: ArtifactRows<JudgementLine> = await artifactRows(out, judgementFile, judgementKey, async () => {
    const judged = await sampler.judge(rollouts);
    return judged.map(({ reward, verified }, n) => ({ ...at(n), reward, verified }));
  });
  signal?.throwIfAborted();
  return {
    rollouts: rollouts.map((rollout, n) => ({ ...rollout, ...judgedIn(judgements.rows[n]!) })),
    digest: digestOf({ judgementKey, judgements: judgements.sha256 }),
  };
}

function judgedIn({ reward, verified }: JudgementLine): Judged {
  return { reward, verified };
}

function answerFiles(prefix: string): [string, string] {
  return [`${prefix}generations.jsonl`, `${prefix}judgements.jsonl`];
}

/** The files that `judgedAnswers` leaves, for a run's manifest. */
export function answerArtifacts(prefix: string): Artifact[] {
  const [generations, judgements] = answerFiles(prefix);
  return [
    { path: generations, kind: "generations" },
    { path: judgements, kind: "judgements" },
  ];
}
