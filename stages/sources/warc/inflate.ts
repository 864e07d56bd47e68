/**
 * Raw deflate data of which all is at hand, in one call. There are two ways, with the same answers:
 *
 *     public   `inflateRawSync`: every text has memory of its own
 *     reused   one zlib handle and one output buffer for all: a text is *lent*, the next call overwrites it
 *
 * The handle is private to Node, which has no public call that writes into a given buffer; so it is used only by versions on
 * which this was tried, and where it answers a test rightly (`isRight`). The other way is always there.
 */
import { constants, createInflateRaw, deflateRawSync, type InflateRaw, inflateRawSync } from "node:zlib";
import { HELD_PLAIN_BYTES } from "./container.ts";
import { endLoan } from "./loans.ts";

/** "more": the data go on behind `stored`; "large": more than `HELD_PLAIN_BYTES` come out. */
export type Inflated = { readonly text: Buffer; readonly usedBytes: number } | "more" | "large" | "damaged";

export interface Inflater {
  /** Texts are valid until the next `inflate` or `end`. */
  readonly isLent: boolean;
  /** `chunkBytes` is the size of the output buffer, where each text has its own. */
  inflate(stored: Buffer, chunkBytes: number): Inflated;
  /** No text is looked at any more. */
  end(): void;
}

export type InflateWay = "public" | "reused";

/** The way that is named, here or in the environment by SLUICE_INFLATE; else the fastest that works here. */
export function inflaterBy(way = process.env.SLUICE_INFLATE): Inflater {
  if (way === "public" || !isReusedRight()) return publicInflater;
  const taken = spare ?? new ReusedInflater(OUTPUT_BYTES);
  spare = undefined;
  return taken;
}

export const publicInflater: Inflater = {
  isLent: false,
  inflate(stored, chunkSize) {
    try {
      const options = { info: true, chunkSize, maxOutputLength: HELD_PLAIN_BYTES };
      // With `info` zlib returns the engine beside the text, which its type does not say.
      const result = inflateRawSync(stored, options) as unknown as { buffer: Buffer; engine: InflateRaw };
      return { text: result.buffer, usedBytes: result.engine.bytesWritten };
    } catch (error) {
      return reasonOf((error as NodeJS.ErrnoException).code);
    }
  },
  end() {},
};

function reasonOf(code: string | undefined): "more" | "large" | "damaged" {
  return code === "Z_BUF_ERROR" ? "more" : code === "ERR_BUFFER_TOO_LARGE" ? "large" : "damaged";
}

/** What is used of node:zlib's private parts. */
interface Handle {
  reset(): void;
  writeSync(
    flush: number,
    input: Buffer,
    inputStart: number,
    inputBytes: number,
    output: Buffer,
    outputStart: number,
    outputBytes: number,
  ): void;
  onerror(message: string, errno: number, code: string): void;
}
interface PrivateInflateRaw {
  readonly _handle: Handle;
  /** After each write: bytes left of the output, and of the input. */
  readonly _writeState: Uint32Array;
}

/** A call that Node's C++ side does not expect ends the process instead of throwing: no other versions are asked. */
const TRIED_MAJORS = [22, 24];
/** Most members fit; the buffer of a reader that met a larger one stays large. */
const OUTPUT_BYTES = 1 << 20;

/** One is kept between readings: a thread mostly reads one file after the other. */
let spare: ReusedInflater | undefined;

class ReusedInflater implements Inflater {
  readonly isLent = true;
  readonly #handle: Handle;
  readonly #state: Uint32Array;
  #output: Buffer;
  #lent: Buffer = Buffer.alloc(0);
  #failure: string | undefined;

  constructor(outputBytes: number) {
    const { _handle, _writeState } = createInflateRaw() as unknown as PrivateInflateRaw;
    _handle.onerror = (_message, _errno, code) => {
      this.#failure = code;
    };
    this.#handle = _handle;
    this.#state = _writeState;
    this.#output = Buffer.allocUnsafeSlow(outputBytes);
  }

  inflate(stored: Buffer): Inflated {
    endLoan(this.#lent);
    this.#failure = undefined;
    this.#handle.reset();
    for (let usedBytes = 0, plainBytes = 0; ; ) {
      const output = this.#output;
      // To its end, which spares zlib the copy of its window that a call to come would need.
      this.#handle.writeSync(
        constants.Z_FINISH,
        stored,
        usedBytes,
        stored.length - usedBytes,
        output,
        plainBytes,
        output.length - plainBytes,
      );
      if (this.#failure !== undefined) return reasonOf(this.#failure);
      const [roomBytes, leftBytes] = [this.#state[0]!, this.#state[1]!];
      usedBytes = stored.length - leftBytes;
      plainBytes = output.length - roomBytes;
      if (roomBytes > 0) {
        this.#lent = output.subarray(0, plainBytes);
        return { text: this.#lent, usedBytes };
      }
      if (plainBytes > HELD_PLAIN_BYTES) return "large";
      this.#output = Buffer.allocUnsafeSlow(Math.min(2 * output.length, HELD_PLAIN_BYTES + 1));
      output.copy(this.#output);
    }
  }

  end(): void {
    endLoan(this.#lent);
    spare = this;
  }
}

let isReused: boolean | undefined;

function isReusedRight(): boolean {
  isReused ??= TRIED_MAJORS.includes(Number.parseInt(process.versions.node, 10)) && isRight(reusedForTest);
  return isReused;
}

function reusedForTest(): Inflater {
  return new ReusedInflater(1 << 10); // it has to grow
}

/** Whether an inflater tells whole data from damaged and cut ones, in any order, and how much of them it used. */
export function isRight(make: () => Inflater): boolean {
  const text = Buffer.from(Array.from({ length: 500 }, (_, i) => `${i * i} is the square of ${i}.`).join("\n"));
  const stored = deflateRawSync(text);
  const isWhole = (inflater: Inflater): boolean => {
    const inflated = inflater.inflate(Buffer.concat([stored, Buffer.from("trailer")]), 1 << 10);
    return typeof inflated === "object" && inflated.usedBytes === stored.length && inflated.text.equals(text);
  };
  try {
    const inflater = make();
    const damaged = Buffer.from(stored);
    damaged[0]! |= 0b110; // the first block is of the type that does not exist
    return (
      isWhole(inflater) &&
      inflater.inflate(damaged, 1 << 10) === "damaged" &&
      isWhole(inflater) &&
      inflater.inflate(stored.subarray(0, -2), 1 << 10) === "more" &&
      isWhole(inflater)
    );
  } catch {
    return false;
  }
}
