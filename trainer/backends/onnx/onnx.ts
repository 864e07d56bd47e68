/**
 * Programs as ONNX graphs, run by ONNX Runtime (npm onnxruntime-node), which multiplies matrices and walks through memory
 * with all that the processor has.
 */
import { availableParallelism } from "node:os";
import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { oneLine, RecipeError } from "../../../pipeline/errors.ts";
import type { Floats, Values } from "../../ir/op.ts";
import { inOrderOfUse, inputsOf, type Program, sizeOf, type Tensor } from "../../ir/tensor.ts";
import type { Backend, Executable } from "../backend.ts";
import { elementOf, Lowering } from "./lower.ts";

/**
 * What computes: the processor, a graphics card by WebGPU (which the package carries), or one by CUDA (whose libraries are
 * to be installed beside it). Tensors go to the card and come back at every run.
 */
export type Provider = "cpu" | "webgpu" | "cuda";

export interface OnnxOptions {
  readonly provider?: Provider;
  /** By default one a core. Results do not depend on it. */
  readonly threads?: number;
  /** Whether a thread that waits for another keeps its core busy: faster on a machine that has nothing else to do. */
  readonly spinning?: boolean;
}

const MAX_THREADS = 1024;

const NEEDS = {
  webgpu: "no graphics card is to be reached by Vulkan, Metal or Direct3D",
  cuda: "no CUDA device is to be reached, or ONNX Runtime's libraries for CUDA are not installed",
} as const;

/** ONNX Runtime, by default on the processor. Raises RecipeError where the package or what it needs is missing. */
export async function onnxBackend(options: OnnxOptions = {}): Promise<Backend> {
  const ort = await loadRuntime();
  const { provider = "cpu", threads = availableParallelism(), spinning = true } = options;
  // ONNX Runtime would start them all, and the machine with it would stand still.
  if (threads > MAX_THREADS) throw new RecipeError(`threads: expected at most ${MAX_THREADS}, found ${threads}`);
  const backendName = provider === "cpu" ? "onnx" : `onnx-${provider}`;
  return {
    name: backendName,
    async compile(program, storage = {}) {
      const model = modelOf(program);
      const creating = ort.InferenceSession.create(model.bytes, {
        executionProviders: [provider],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        graphOptimizationLevel: "all",
        enableMemPattern: false, // With a pattern it holds the largest block twice; without, a step takes as long.
        logSeverityLevel: 3,
        extra: { session: { intra_op: { allow_spinning: spinning ? "1" : "0" } } },
      });
      const session = await creating.catch((error: Error) => {
        if (provider === "cpu") throw error;
        throw new RecipeError(
          `backend "${backendName}": ${NEEDS[provider]} (${oneLine(error.message)}); "onnx" does without`,
        );
      });
      return new OnnxExecutable(program, session, model, storage, ort.Tensor);
    },
  };
}

/**
 * From 1.30 on, ONNX Runtime's library for Linux keeps an id of the machine in the user's cache, logs in the folder of temporary
 * files, and reports its sessions to Microsoft. It does none of it where this variable is set as it is loaded.
 */
async function loadRuntime(): Promise<typeof import("onnxruntime-node")> {
  process.env.ORT_DISABLE_TELEMETRY ??= "1";
  try {
    return await import("onnxruntime-node");
  } catch (error) {
    throw new RecipeError(
      `backend "onnx": the package onnxruntime-node cannot be loaded (${(error as Error).message.split("\n")[0]}); "npm install onnxruntime-node" brings it, and "reference" does without`,
    );
  }
}

/** Rows that are added to an output once the graph has run. */
interface RowSums {
  readonly rows: string;
  readonly ids: string;
  readonly width: number;
}

interface Model {
  readonly bytes: Uint8Array;
  /** What inputs and outputs are called in the graph. */
  readonly inputNames: ReadonlyMap<string, string>;
  readonly outputNames: ReadonlyMap<string, string>;
  readonly sums: ReadonlyMap<string, RowSums>;
}

/**
 * `sumRows`, the gradient of an embedding, is left out of the graph and added to the output it leads to: in ONNX Runtime
 * threads would add rows in whatever order they come (onnxruntime#18048), and a run would not repeat itself to the bit.
 */
function modelOf({ outputs }: Program): Model {
  const wanted: Record<string, Tensor> = {};
  const sums = new Map<string, RowSums>();
  const rowsOf = new Map<string, Tensor>();
  for (const [name, tensor] of Object.entries(outputs)) {
    const { rest, sum } = parted(tensor);
    if (rest !== undefined) wanted[name] = rest;
    if (sum === undefined) continue;
    const [rows, ids] = sum.inputs as [Tensor, Tensor];
    rowsOf.set(name, rows);
    sums.set(name, { rows: `rows of ${name}`, ids: ids.name!, width: rows.shape[1]! });
  }
  for (const [name, rows] of rowsOf) wanted[sums.get(name)!.rows] = rows;

  const lowering = new Lowering();
  const order = inOrderOfUse(Object.values(wanted));
  for (const tensor of order) lowering.add(tensor);
  const inputNames = new Map<string, string>();
  const outputNames = new Map<string, string>();
  for (const tensor of order) if (tensor.op === "input") inputNames.set(tensor.name!, lowering.nameOf(tensor));
  for (const [n, [name, tensor]] of Object.entries(wanted).entries()) {
    // One tensor may be several outputs, or an input at once.
    lowering.graph.node("Identity", [lowering.nameOf(tensor)], [`out${n}`]);
    lowering.graph.output(`out${n}`, elementOf(tensor), tensor.shape);
    outputNames.set(name, `out${n}`);
  }
  return { bytes: lowering.graph.model(), inputNames, outputNames, sums };
}

/** An output as what the graph computes, and a sum of rows that is added to it. */
function parted(tensor: Tensor): { rest?: Tensor; sum?: Tensor } {
  const isSum = ({ op, inputs: [, ids] }: Tensor): boolean => op === "sumRows" && ids!.op === "input";
  if (isSum(tensor)) return { sum: tensor };
  if (tensor.op !== "add") return { rest: tensor };
  const [a, b] = tensor.inputs as [Tensor, Tensor];
  if (isSum(a)) return { rest: b, sum: a };
  if (isSum(b)) return { rest: a, sum: b };
  return { rest: tensor };
}

class OnnxExecutable implements Executable {
  readonly inputs: Readonly<Record<string, Values>>;
  readonly outputs: Readonly<Record<string, Values>>;
  readonly #session: InferenceSession;
  readonly #feeds: Record<string, OrtTensor> = {};
  readonly #fetches: Record<string, OrtTensor> = {};
  readonly #sums: { to: Floats; rows: Floats; ids: Values; width: number; isAlone: boolean }[] = [];

  constructor(
    program: Program,
    session: InferenceSession,
    { inputNames, outputNames, sums }: Model,
    storage: Readonly<Record<string, Values>>,
    OrtTensorOf: typeof OrtTensor,
  ) {
    this.#session = session;
    const inputs: Record<string, Values> = {};
    for (const [name, tensor] of inputsOf(program)) {
      const values = storage[name] ?? emptyValues(tensor);
      inputs[name] = values;
      const graphName = inputNames.get(name);
      if (graphName !== undefined) this.#feeds[graphName] = tensorOf(OrtTensorOf, tensor, values);
    }
    const outputs: Record<string, Values> = {};
    for (const [name, tensor] of Object.entries(program.outputs)) {
      const values = emptyValues(tensor);
      outputs[name] = values;
      const graphName = outputNames.get(name);
      if (graphName !== undefined) this.#fetches[graphName] = tensorOf(OrtTensorOf, tensor, values);
      const sum = sums.get(name);
      if (sum === undefined) continue;
      const ids = inputs[sum.ids]!;
      const rows = new Float32Array(ids.length * sum.width);
      this.#fetches[outputNames.get(sum.rows)!] = new OrtTensorOf("float32", rows, [ids.length, sum.width]);
      this.#sums.push({ to: values as Floats, rows, ids, width: sum.width, isAlone: graphName === undefined });
    }
    this.inputs = inputs;
    this.outputs = outputs;
  }

  async run(): Promise<void> {
    await this.#session.run(this.#feeds, this.#fetches);
    for (const { to, rows, ids, width, isAlone } of this.#sums) {
      if (isAlone) to.fill(0);
      for (let n = 0; n < ids.length; n++) {
        const at = ids[n]! * width;
        for (let k = 0; k < width; k++) to[at + k]! += rows[n * width + k]!;
      }
    }
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}

function emptyValues({ kind, shape }: Tensor): Values {
  return kind === "int" ? new Int32Array(sizeOf(shape)) : new Float32Array(sizeOf(shape));
}

function tensorOf(OrtTensorOf: typeof OrtTensor, { kind, shape }: Tensor, values: Values): OrtTensor {
  return kind === "int"
    ? new OrtTensorOf("int32", values as Int32Array, shape)
    : new OrtTensorOf("float32", values as Float32Array, shape);
}
