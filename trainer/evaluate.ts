import type { Backend, Executable } from "./backends/backend.ts";
import { fillBatch } from "./fill-batch.ts";
import type { Loader } from "./loader.ts";
import type { ParameterValues } from "./model/parameters.ts";
import type { Transformer } from "./model/transformer.ts";
import { nextTokenProgram } from "./objectives/next-token.ts";

/** What was measured on held-out rows. Special tokens count only where bytes are not known. */
export interface Evaluation {
  /** Mean cross-entropy, nats a token. */
  readonly loss: number;
  /** Of the text that the tokens spell; undefined where their bytes are not known. */
  readonly bitsPerByte?: number;
  readonly tokens: number;
  readonly bytes: number;
}

/** Measures a model in training on held-out rows, always the same ones. */
export class Evaluator {
  readonly #executable: Executable;
  readonly #loader: Loader;
  readonly #rows: number;
  readonly #sequences: number;
  readonly #bytesOfId: ArrayLike<number> | undefined;

  /** `values` are the parameters in training: the evaluator reads them where they lie. */
  static async begin(
    model: Transformer,
    values: ParameterValues,
    backend: Backend,
    loader: Loader,
    options: {
      /** How many, from the beginning of the loader's order; fewer where it has no more. */
      readonly rows: number;
      /** Rows that are computed at once. */
      readonly sequences: number;
      /** Bytes that each id spells, 0 for special tokens: they are no text, and are not predicted. */
      readonly bytesOfId?: ArrayLike<number>;
    },
  ): Promise<Evaluator> {
    const { sequences } = options;
    const { contextLength: positions, documentMasks } = loader;
    const program = nextTokenProgram(model, { sequences, positions }, { training: false, documentMasks });
    const rows = Math.min(options.rows, loader.rowsPerEpoch);
    return new Evaluator(await backend.compile(program, values), loader, rows, sequences, options.bytesOfId);
  }

  private constructor(
    executable: Executable,
    loader: Loader,
    rows: number,
    sequences: number,
    bytesOfId: ArrayLike<number> | undefined,
  ) {
    this.#executable = executable;
    this.#loader = loader;
    this.#rows = rows;
    this.#sequences = sequences;
    this.#bytesOfId = bytesOfId;
  }

  /** Mean loss over the rows, with the parameters as they are now. */
  async evaluate(): Promise<Evaluation> {
    let nats = 0;
    let tokens = 0;
    let bytes = 0;
    for (let row = 0; row < this.#rows; row += this.#sequences) {
      const batch = await this.#loader.batch(row, this.#sequences);
      fillBatch(this.#executable.inputs, batch, 1);
      await this.#executable.run();
      const losses = this.#executable.outputs.losses!;
      // The last batch may reach beyond what was asked for.
      const end = Math.min(this.#sequences, this.#rows - row) * batch.positions;
      for (let i = 0; i < end; i++) {
        const targetBytes = this.#bytesOfId?.[batch.targets[i]!];
        if (batch.weights[i] === 0 || targetBytes === 0) continue;
        nats += losses[i]!;
        tokens++;
        bytes += targetBytes ?? 0;
      }
    }
    const loss = nats / Math.max(tokens, 1);
    return bytes === 0 ? { loss, tokens, bytes } : { loss, bitsPerByte: nats / Math.LN2 / bytes, tokens, bytes };
  }

  async close(): Promise<void> {
    await this.#executable.close();
  }
}
