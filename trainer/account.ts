/** What a model costs, told before anything runs: parameters, floating-point operations, memory, time. */
// B = sequences, T = positions, D = width, W = width of a head, F = hidden width, V = vocabulary
import { availableParallelism } from "node:os";
import { RecipeError } from "../pipeline/errors.ts";
import { sizeOf } from "./ir/tensor.ts";
import { MOST, type ModelConfig, sizesOf } from "./model/config.ts";
import { parametersOf } from "./model/parameters.ts";
import { Transformer } from "./model/transformer.ts";
import { nextTokenProgram } from "./objectives/next-token.ts";
import { peakMemory } from "./peak-memory.ts";

/** Backward, every product of the forward pass is followed by two of its size: towards each of its factors. */
const TRAINING_FORWARDS = 3;

/**
 * What a process holds that trains with the onnx backend. Base: Node, the loaded package, a session. Parameters: their
 * values, gradients and moments are four sets of numbers; what is beyond was found by measuring, not derived. Arena: ONNX
 * Runtime allocates tensors piece by piece, in another order than ours, and pieces do not fit seamlessly.
 *
 * Fitted to peaks of resident memory, told and measured in MB (Node 24, onnxruntime-node 1.30, x86-64, two threads), of
 * processes that strip types anew, as in a clone's first start; a later start takes some 25 MB less. reference, batch 4: 227 and
 * 228, batch 16: 388 and 383, batch 64: 1,032 and 995; cs336-tinystories, batch 4: 1,008 and 1,031, batch 8: 1,398 and 1,412,
 * with 2 layers: 736 and 804; GPT-2's shape with 6 layers of 384: 2,110 and 2,018; depth-4 with 256 tokens: 1,004 and 1,019;
 * cs336-a4, batch 1, 256 tokens: 3,920 and 3,701.
 */
const RUNTIME = { baseBytes: 145e6, parameterSets: 5.2, arenaFactor: 1.19 } as const;

/**
 * A step's FLOPs over what large products alone reach in its time; the rest is passes over memory. Steps of reference (batch
 * 16) and cs336-tinystories (batch 4) come to 129 and 157 GFLOP/s before the optimizer, where `measurePeak` finds 180.
 */
const SHARE_OF_PEAK = 0.7;

/** Where nothing is measured: what a server's core with AVX-512 reaches, in single precision. */
const ASSUMED_PEAK_PER_CORE = 90e9;

export interface AccountOptions {
  /** To train on, in all. */
  readonly tokens?: number | undefined;
  /** Sequences of a step that are computed at once. */
  readonly batch: number;
  /** Tokens of a sequence. By default as many as the model has positions. */
  readonly contextLength?: number | undefined;
  /** Of every number: parameters, gradients, moments and activations alike. By default 4, single precision. */
  readonly precisionBytes?: number;
  /** Of large products, in FLOP/s, as `measurePeak` finds it. By default a guess from the number of cores. */
  readonly peakFlopsPerSecond?: number | undefined;
}

export interface ParameterCounts {
  /** Of tokens, and of positions where they are learned. */
  readonly embedding: number;
  readonly attention: number;
  readonly feedForward: number;
  readonly norms: number;
  /** 0 where it is the embedding's table. */
  readonly unembedding: number;
  readonly total: number;
}

/** Of one sequence, forward. */
export interface ForwardFlops {
  /** Queries, keys, values, and what leads back. */
  readonly attentionProjections: number;
  /** Every position by every position, hidden ones too, and the mix of values. */
  readonly attentionScores: number;
  readonly feedForward: number;
  readonly unembedding: number;
  readonly total: number;
}

export interface Account {
  readonly model: ModelConfig;
  readonly batch: number;
  readonly contextLength: number;
  readonly precisionBytes: number;
  readonly parameters: ParameterCounts;
  readonly forwardFlops: ForwardFlops;
  /** Of one sequence, one step, and one token. */
  readonly trainingFlops: { readonly sequence: number; readonly step: number; readonly token: number };
  readonly memoryBytes: {
    readonly parameters: number;
    readonly gradients: number;
    /** Two for each parameter: AdamW's. */
    readonly moments: number;
    /** Ids, weights and masks. */
    readonly batch: number;
    /** The most that is held at once between inputs and gradients. */
    readonly activations: number;
    readonly total: number;
    /** Peak resident memory of a process that trains with the onnx backend: in single precision, whatever is asked for. */
    readonly onnxProcess: number;
  };
  readonly time: {
    readonly peakFlopsPerSecond: number;
    readonly isMeasured: boolean;
    readonly shareOfPeak: number;
    readonly secondsPerStep: number;
    readonly tokensPerSecond: number;
  };
  readonly training: { readonly tokens: number; readonly flops: number; readonly seconds: number } | null;
}

/** Raises RecipeError where the context is longer than the positions that a model learns, or than any. */
export function accountOf(model: ModelConfig, options: AccountOptions): Account {
  const {
    batch,
    precisionBytes = Float32Array.BYTES_PER_ELEMENT,
    tokens,
    contextLength = model.contextLength,
  } = options;
  if (model.positions === "learned" && contextLength > model.contextLength) {
    throw new RecipeError(
      `context of ${contextLength} tokens: the model learns ${model.contextLength} positions and has no others`,
    );
  }
  if (contextLength > MOST.contextLength) {
    throw new RecipeError(`context of ${contextLength} tokens: expected at most ${MOST.contextLength}`);
  }
  const parameters = parameterCounts(model);
  const forward = forwardFlops(model, contextLength);
  const sequence = TRAINING_FORWARDS * forward.total;
  const flops = { sequence, step: batch * sequence, token: sequence / contextLength };
  const peak = options.peakFlopsPerSecond ?? ASSUMED_PEAK_PER_CORE * availableParallelism();
  const flopsPerSecond = peak * SHARE_OF_PEAK;
  return {
    model,
    batch,
    contextLength,
    precisionBytes,
    parameters,
    forwardFlops: forward,
    trainingFlops: flops,
    memoryBytes: memoryOf(model, parameters.total, { batch, contextLength, precisionBytes }),
    time: {
      peakFlopsPerSecond: peak,
      isMeasured: options.peakFlopsPerSecond !== undefined,
      shareOfPeak: SHARE_OF_PEAK,
      secondsPerStep: flops.step / flopsPerSecond,
      tokensPerSecond: flopsPerSecond / flops.token,
    },
    training:
      tokens === undefined
        ? null
        : { tokens, flops: tokens * flops.token, seconds: (tokens * flops.token) / flopsPerSecond },
  };
}

/** Every parameter belongs to one part. */
export function parameterCounts(model: ModelConfig): ParameterCounts {
  const counts = { embedding: 0, attention: 0, feedForward: 0, norms: 0, unembedding: 0, total: 0 };
  for (const { name, shape } of parametersOf(model)) {
    const size = sizeOf(shape);
    counts[partOf(name)] += size;
    counts.total += size;
  }
  return counts;
}

function partOf(name: string): Exclude<keyof ParameterCounts, "total"> {
  if (/\.(gain|shift)$/.test(name)) return "norms";
  if (name === "embedding" || name === "positions") return "embedding";
  if (name === "unembedding") return "unembedding";
  return name.includes(".attention.") ? "attention" : "feedForward";
}

/**
 * Of one sequence of T positions. Products of matrices alone, 2 · m · n · k each: what CS336 counts (assignment 1, resource
 * accounting). A table is looked up for nothing, also where it is the unembedding's.
 */
export function forwardFlops(model: ModelConfig, T: number): ForwardFlops {
  const { width: D, heads, layers, vocabSize: V, activation } = model;
  const { headWidth: W, kvHeads, hiddenWidth: F } = sizesOf(model);
  const attentionProjections = layers * 2 * T * D * W * (2 * heads + 2 * kvHeads);
  const attentionScores = layers * 2 * (2 * T * T * W * heads);
  const feedForward = layers * 2 * T * D * F * (activation === "swiglu" ? 3 : 2);
  const unembedding = 2 * T * D * V;
  const total = attentionProjections + attentionScores + feedForward + unembedding;
  return { attentionProjections, attentionScores, feedForward, unembedding, total };
}

/** By the program that trains, with documents kept apart, as training does unless it is told otherwise. */
function memoryOf(
  model: ModelConfig,
  parameterCount: number,
  { batch, contextLength, precisionBytes }: { batch: number; contextLength: number; precisionBytes: number },
): Account["memoryBytes"] {
  const program = nextTokenProgram(
    new Transformer(model),
    { sequences: batch, positions: contextLength },
    { training: true, documentMasks: true },
  );
  const { inputs, constants, between } = peakMemory(program);
  const ofBatch = inputs - parameterCount + constants;
  const { baseBytes, parameterSets, arenaFactor } = RUNTIME;
  const resident = parameterSets * parameterCount + ofBatch + arenaFactor * between;
  const bytes = {
    parameters: parameterCount * precisionBytes,
    gradients: parameterCount * precisionBytes,
    moments: 2 * parameterCount * precisionBytes,
    batch: ofBatch * precisionBytes,
    activations: between * precisionBytes,
  };
  return {
    ...bytes,
    total: Object.values(bytes).reduce((sum, part) => sum + part, 0),
    onnxProcess: Math.round(baseBytes + resident * Float32Array.BYTES_PER_ELEMENT),
  };
}
