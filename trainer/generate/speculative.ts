/**
 * Speculative decoding (Leviathan et al. 2023, arXiv 2211.17192): a small model drafts a few tokens, and the large one, the
 * target, judges all of them in one run.
 *
 *     text so far  ─ draft ─▶  x1 x2 x3           from its distributions q
 *     target reads    x0 x1 x2 x3                 and says p for the place behind each
 *     accept          x1 x2 ✗                     each with the chance min(1, p / q)
 *     and draw              y                     from what p has more than q, max(0, p - q); from p where all were accepted
 *
 * Every token is distributed as the target has it, whatever the draft says: a draft that guesses badly only costs time.
 */
import { RecipeError } from "../../pipeline/errors.ts";
import type { Floats } from "../ir/op.ts";
import type { CachedModel } from "./cached-model.ts";
import type { Continuation } from "./continuation.ts";
import type { Decoder, Draw } from "./generator.ts";
import { chanceOf, drawFrom, probabilitiesOf } from "./sampling.ts";

/** How well drafting went, over all that a decoder has decoded. */
export interface SpeculationReport {
  /** Tokens that the draft is asked for between two runs of the target. */
  readonly draftTokens: number;
  /** Drafted tokens that were judged, and those that were accepted. */
  readonly judged: number;
  readonly accepted: number;
  /** α: of the judged, the share that was accepted. */
  readonly acceptance: number;
  /** c: what a run of the draft costs, as a share of a run of the target over one token. Measured. */
  readonly costRatio: number;
  /** What a run of the target over all that was drafted costs, in runs over one token. Measured. */
  readonly judgeRatio: number;
  /** How many times as fast as the target alone, in runs of the models: see `speedUpOf`. Drawing is not counted. */
  readonly speedUp: number;
  /** What that means. */
  readonly verdict: string;
}

/** Writes on with two models: the distribution is the target's. */
export class SpeculativeDecoder implements Decoder {
  readonly #target: CachedModel;
  readonly #draft: CachedModel;
  readonly #draftTokens: number;
  #judged = 0;
  #accepted = 0;
  /** How large batches and long texts are: what costs are measured on. */
  #sequences = 1;
  #length = 1;

  /** Raises RecipeError where the two models do not have the same tokens, or no room for those of a draft. */
  constructor(target: CachedModel, draft: CachedModel, { draftTokens = 4 }: { readonly draftTokens?: number } = {}) {
    const [vocabSize, ofDraft] = [target.model.config.vocabSize, draft.model.config.vocabSize];
    if (ofDraft !== vocabSize) {
      throw new RecipeError(`draft: a vocabulary of ${ofDraft} tokens, the target has ${vocabSize}`);
    }
    this.#target = target;
    this.#draft = draft;
    this.#draftTokens = draftTokens;
    const most = this.contextLength - 2;
    if (!Number.isInteger(draftTokens) || draftTokens < 1 || draftTokens > most) {
      throw new RecipeError(`draftTokens: expected a whole number from 1 to ${most}, found ${draftTokens}`);
    }
  }

  /** What both models can look at. */
  get contextLength(): number {
    return Math.min(this.#target.model.config.contextLength, this.#draft.model.config.contextLength);
  }

  get vocabSize(): number {
    return this.#target.model.config.vocabSize;
  }

  async decode(batch: readonly Continuation[], draw: Draw): Promise<void> {
    const models = [this.#target, this.#draft];
    for (const model of models) model.begin(batch.length);
    try {
      // All but the last token of the prompts: what is read from here on is what a round is about.
      for (const model of models) await model.read(batch.map(({ ids }) => ids.slice(0, -1)));
      while (batch.some(({ room }) => room > 0)) await this.#round(batch, draw);
    } finally {
      for (const model of models) model.end();
    }
    this.#sequences = batch.length;
    this.#length = Math.round(batch.reduce((sum, { ids }) => sum + ids.length, 0) / batch.length);
  }

  /** As Leviathan et al. have it (algorithm 1), for several texts at once, of which each accepts as many as it does. */
  async #round(batch: readonly Continuation[], draw: Draw): Promise<void> {
    const distributionOf = (logits: Floats): Float64Array =>
      probabilitiesOf(logits.subarray(0, draw.vocabSize), draw.sampling);
    const drafts = await this.#drafts(batch, draw, distributionOf);
    const target = this.#target;
    const logits = await target.read(
      batch.map(({ ids, room }, b) =>
        room > 0 ? [...ids.slice(target.lengths[b]), ...drafts[b]!.map(({ id }) => id)] : [],
      ),
      "all",
    );
    for (const [b, one] of batch.entries()) {
      if (one.room === 0) continue;
      const chance = (purpose: string): number => chanceOf(draw.seed, purpose, one.number, one.step);
      let next: Float64Array | undefined;
      for (const [n, { id, probabilities }] of drafts[b]!.entries()) {
        const wanted = distributionOf(logits[b]![n]!);
        this.#judged++;
        if (!isAccepted(id, wanted, probabilities, chance("accept"))) {
          next = leftOver(wanted, probabilities);
          break;
        }
        this.#accepted++;
        one.add(id);
        if (one.reason !== undefined) break;
      }
      if (one.reason === undefined) {
        next ??= distributionOf(logits[b]!.at(-1)!);
        // What both have read beyond this is no part of the text.
        for (const model of [target, this.#draft]) model.rewind(b, one.ids.length);
        one.add(drawFrom(next, chance("token")));
      }
    }
  }

  /** Tokens that the draft proposes for each text, with what it drew them from. */
  async #drafts(batch: readonly Continuation[], draw: Draw, distributionOf: (logits: Floats) => Float64Array) {
    const draft = this.#draft;
    // The target adds a token of its own to what is accepted.
    const counts = batch.map(({ room }) => Math.min(this.#draftTokens, room - 1));
    const drafts = batch.map((): { id: number; probabilities: Float64Array }[] => []);
    for (let n = 0; n < Math.max(...counts); n++) {
      const toRead = batch.map(({ ids }, b) => {
        const text = n < counts[b]! ? [...ids, ...drafts[b]!.map(({ id }) => id)] : [];
        return text.slice(draft.lengths[b]);
      });
      const logits = await draft.read(toRead);
      for (const [b, one] of batch.entries()) {
        const last = logits[b]!.at(-1);
        if (last === undefined) continue;
        const probabilities = distributionOf(last);
        const id = drawFrom(probabilities, chanceOf(draw.seed, "draft", one.number, one.step + n));
        drafts[b]!.push({ id, probabilities });
      }
    }
    return drafts;
  }

  /** Measures what runs cost on texts like the last ones, once these are decoded. */
  async report(): Promise<SpeculationReport> {
    const { plain, draft, judge } = await this.#costs();
    const [costRatio, judgeRatio] = [draft / plain, judge / plain];
    const acceptance = this.#judged === 0 ? 0 : this.#accepted / this.#judged;
    const estimate = { acceptance, costRatio, judgeRatio, draftTokens: this.#draftTokens };
    return {
      ...estimate,
      judged: this.#judged,
      accepted: this.#accepted,
      speedUp: speedUpOf(estimate),
      verdict: this.#judged === 0 ? "Nothing was drafted: the texts are too short." : verdictOf(estimate),
    };
  }

  /**
   * Times of the target's run over one token, a run of the draft, and the run that judges. The last two in turns, as they
   * come: threads of a backend that wait for the next run of the one model may slow the other.
   */
  async #costs(): Promise<{ plain: number; draft: number; judge: number }> {
    const drafted = this.#draftTokens;
    const length = Math.max(1, Math.min(this.#length, this.contextLength - drafted - 1));
    const texts = (count: number) => new Array<number[]>(this.#sequences).fill(new Array<number>(count).fill(0));
    const timed = async (model: CachedModel, tokens: number): Promise<number> => {
      const before = model.runMs;
      await model.read(texts(tokens), "all");
      return model.runMs - before;
    };
    const rewind = (model: CachedModel): void => {
      for (let b = 0; b < this.#sequences; b++) model.rewind(b, length);
    };
    const [plain, draft, judge]: [number[], number[], number[]] = [[], [], []];
    const models = [this.#target, this.#draft];
    for (const model of models) model.begin(this.#sequences);
    try {
      for (const model of models) await model.read(texts(length));
      for (let run = 0; run < 7; run++) {
        plain.push(await timed(this.#target, 1));
        rewind(this.#target);
      }
      for (let run = 0; run < 7; run++) {
        for (let n = 0; n < drafted; n++) draft.push(await timed(this.#draft, 1));
        judge.push(await timed(this.#target, drafted + 1));
        models.forEach(rewind);
      }
    } finally {
      for (const model of models) model.end();
    }
    return { plain: median(plain), draft: median(draft), judge: median(judge) };
  }
}

/** Whether a drafted token stands, given a number in [0, 1). */
function isAccepted(id: number, wanted: Float64Array, drafted: Float64Array, uniform: number): boolean {
  return uniform * drafted[id]! < wanted[id]!;
}

/** What a refused token is replaced from: where the target has more than the draft. */
function leftOver(wanted: Float64Array, drafted: Float64Array): Float64Array {
  const more = wanted.map((probability, id) => Math.max(0, probability - drafted[id]!));
  const sum = more.reduce((all, probability) => all + probability, 0);
  // A refusal says that the two differ; where rounding hides that, the target itself is as near.
  return sum > 0 ? more.map((probability) => probability / sum) : wanted;
}

/** What the gain follows from: fields as in `SpeculationReport`. */
export interface SpeculationEstimate {
  readonly acceptance: number;
  readonly costRatio: number;
  readonly draftTokens: number;
  /** By default 1: the target judges all at once for the price of one, as where memory is what limits it. */
  readonly judgeRatio?: number;
}

/**
 * (1 - α^(γ + 1)) / ((1 - α)(γc + 1)), with α the acceptance, γ the tokens drafted and c the cost ratio (theorem 3.8); with the
 * judge ratio in place of the last 1, for processors on which it is more.
 */
export function speedUpOf({ acceptance, costRatio, draftTokens, judgeRatio = 1 }: SpeculationEstimate): number {
  // The sum 1 + α + … + α^γ, which holds for α = 1 too.
  let tokensOfRun = 0;
  for (let n = 0; n <= draftTokens; n++) tokensOfRun += acceptance ** n;
  return tokensOfRun / (draftTokens * costRatio + judgeRatio);
}

/** Whether it pays, in a sentence, and where it does not, what would. */
export function verdictOf(estimate: SpeculationEstimate): string {
  const { acceptance, costRatio, draftTokens, judgeRatio = 1 } = estimate;
  const speedUp = speedUpOf(estimate);
  const found =
    `${percent(acceptance)} of drafted tokens were accepted; one costs ${percent(costRatio)} of a token of the target, ` +
    `to judge ${draftTokens} costs ${percent(judgeRatio)}: about ${speedUp.toFixed(2)} times as fast as the target alone`;
  if (speedUp > 1) return `Speculation pays. ${found}.`;
  // What judging costs grows by the token.
  const fewer = { ...estimate, draftTokens: 1, judgeRatio: 1 + (judgeRatio - 1) / draftTokens };
  if (speedUpOf(fewer) > 1)
    return `Speculation does not pay with ${draftTokens} tokens a draft. ${found}; draft fewer.`;
  return `Speculation does not pay. ${found}; use it alone, or a smaller or better draft.`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)}%`;
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1]!;
}
